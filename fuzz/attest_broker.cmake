# Attested TLS and the broker: what a peer, or a client before it is trusted, can send.
if(TARGET attest_broker)
  litebox_fuzzer(attested_certificate LONG SOURCES attest_tls_certificate.cpp LIBRARIES attest_tls OPTIONS -max_len=16384)
  litebox_fuzzer(broker_messages LONG SOURCES attest_broker_messages.cpp LIBRARIES attest_broker OPTIONS -max_len=16384)
endif()
