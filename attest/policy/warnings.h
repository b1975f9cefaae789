// What is well formed in a policy and probably not meant.
#pragma once

#include <string>
#include <vector>

#include "attest/policy.h"

namespace litebox::attest {

std::vector<std::string> policy_warnings(const Policy& policy);

}  // namespace litebox::attest
