// `litebox attest simulate`: the command's implementation; command/attest registers it.
#pragma once

#include <string>
#include <vector>

namespace litebox::attest::simulate {

/// `arguments`: what stands behind "simulate", e.g. {"sgx", "--out", "dir"}. Gives the exit status: 0 done, 2
/// wrong usage, 1 anything else; messages go to standard error.
int run_simulate(const std::vector<std::string>& arguments);
/// The help text of the sub-command.
std::string simulate_usage();

}  // namespace litebox::attest::simulate
