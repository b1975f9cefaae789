# Parsers of what a launch is made of: firmware, enclaves, descriptions.
foreach(parser firmware enclave description)
  litebox_fuzzer(attest_${parser} LONG SOURCES attest_${parser}.cpp LIBRARIES attest_measure OPTIONS -max_len=8192)
endforeach()
