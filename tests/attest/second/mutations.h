// Changes to simulated evidence and collateral, each to one field (or one kind of damage), with random
// values.
#pragma once

#include <string>
#include <vector>

#include "attest/simulate/simulate.h"
#include "random.h"

namespace litebox::attest::cases {

template <typename Knobs>
struct Mutation {
    const char* name;
    void (*apply)(Knobs&, Random&);
};

/// Before anything is signed.
const std::vector<Mutation<simulate::IntelKnobs>>& intel_mutations();
const std::vector<Mutation<simulate::AmdKnobs>>& amd_mutations();
/// After: bytes of evidence and collateral, the clock.
const std::vector<Mutation<simulate::Simulation>>& damages();
const std::vector<Mutation<Policy>>& policy_changes();

/// Quotes of a random form; reports of a random product and version.
simulate::IntelKnobs random_intel(Random& random);
simulate::AmdKnobs random_amd(Random& random);

}  // namespace litebox::attest::cases
