// Policies of any make: a policy or a message with a line, and an explanation of each.
#include "attest/report/report.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace litebox::attest;
    Result<Policy> policy = Policy::parse(as_text({data, size}));
    if (!policy) {
        FUZZ_CHECK(policy.error().message.starts_with("policy, "));
        return 0;
    }
    FUZZ_CHECK(!policy_as_text(*policy).empty());
    (void)policy_warnings(*policy);
    return 0;
}
