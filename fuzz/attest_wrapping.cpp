// Evidence in any wrapping: recognised or refused within bounds, then shown. What is recognised is shown as
// JSON that parses.
#include "attest/base/json.h"
#include "attest/report/report.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace litebox::attest;
    Result<Evidence> evidence = recognise_evidence({data, size});
    if (!evidence) {
        FUZZ_CHECK(!evidence.error().message.empty());
        return 0;
    }
    FUZZ_CHECK(evidence->wrappings.size() <= 16);
    FUZZ_CHECK(evidence->certificates.size() <= 64 * 8);
    std::string json = shown_as_json(describe_evidence(*evidence));
    FUZZ_CHECK(json.size() > (1 << 20) || Json::parse(json).ok());
    return 0;
}
