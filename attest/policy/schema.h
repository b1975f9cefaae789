// The keys of a policy file in one table: the parser, the messages about unknown keys and the documentation's
// test use it.
#pragma once

#include "attest/base/toml.h"

#include <span>
#include <string_view>

#include "attest/policy.h"

namespace litebox::attest {

struct PolicyKey {
    std::string_view name;   // within its section: "measurement"
    std::string_view wants;  // "a list of 48-byte hex strings"
    bool (*set)(Policy& policy, const toml::node& value);
};
struct PolicySection {
    std::string_view name;  // "" is the top of the file
    std::span<const PolicyKey> keys;
};
std::span<const PolicySection> policy_sections();

}  // namespace litebox::attest
