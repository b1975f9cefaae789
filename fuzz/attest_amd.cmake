# SEV-SNP reports, what evidence comes wrapped in, event logs and policies.
litebox_fuzzer(attest_snp LONG SOURCES attest_snp.cpp LIBRARIES attest_simulate attest_verify OPTIONS -max_len=1300)
litebox_fuzzer(attest_wrapping LONG SOURCES attest_wrapping.cpp LIBRARIES attest_simulate attest_verify OPTIONS -max_len=16384)
litebox_fuzzer(attest_event_log LONG SOURCES attest_event_log.cpp LIBRARIES attest_verify OPTIONS -max_len=8192)
litebox_fuzzer(attest_policy LONG SOURCES attest_policy.cpp LIBRARIES attest_verify OPTIONS -max_len=4096)
