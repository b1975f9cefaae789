// measure.toml.
#include "attest/measure/inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace litebox::attest;
    (void)measure::parse_description(as_text({data, size}), "/nonexistent");
    return 0;
}
