// The simulated TEE for the C test, which must not see C++.
#include <cstring>

#include "tests/attest/simulated_tee.h"

namespace {
const litebox::attest::SimulatedTee& tee() {
    static const litebox::attest::SimulatedTee made("tdx");
    return made;
}
}  // namespace

extern "C" {

int fixture_attest(void*, const uint8_t report_data[64], uint8_t* evidence, size_t capacity, size_t* size) {
    litebox::attest::Bytes made = tee().evidence({report_data, 64});
    if (made.size() > capacity) return 0;
    std::memcpy(evidence, made.data(), made.size());
    *size = made.size();
    return 1;
}

const uint8_t* fixture_root(size_t* size) {
    *size = tee().simulation().root.size();
    return tee().simulation().root.data();
}

const uint8_t* fixture_collateral(size_t index, size_t* size) {
    const auto& files = tee().simulation().files;
    if (index >= files.size()) return nullptr;
    *size = files[index].contents.size();
    return files[index].contents.data();
}

const char* fixture_policy(void) {
    static const std::string policy = litebox::attest::SimulatedTee::policy("tdx");
    return policy.c_str();
}

}  // extern "C"
