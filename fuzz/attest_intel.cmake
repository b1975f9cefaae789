# What Intel's evidence is made of. Seeds are the simulator's; run.sh adds the real vectors where they are.
litebox_fuzzer(attest_quote LONG SOURCES attest_quote.cpp LIBRARIES attest_simulate attest_verify OPTIONS -max_len=8192)
litebox_fuzzer(attest_collateral LONG SOURCES attest_collateral.cpp LIBRARIES attest_simulate attest_verify OPTIONS -max_len=16384)
litebox_fuzzer(attest_certificate LONG SOURCES attest_certificate.cpp LIBRARIES attest_verify OPTIONS -max_len=4096)
litebox_fuzzer(attest_revocation_list LONG SOURCES attest_revocation_list.cpp LIBRARIES attest_verify OPTIONS -max_len=4096)
