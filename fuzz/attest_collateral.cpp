// Collateral of any make: recognised, parsed, used. What it says must not make a quote acceptable, unless it
// is the platform's own.
#include <algorithm>

#include "attest/intel/tcb_info.h"
#include "attest/simulate/simulate.h"
#include "fuzz/input.h"

namespace {

using namespace litebox::attest;

struct World {
    simulate::Simulation made = simulate::simulate(simulate::IntelKnobs::tdx());
    Evidence evidence = recognise_evidence(made.evidence).value();
    Collateral lacking = made.collateral;
    std::string body;
    Policy policy = simulate::any_code_policy();

    World() {
        body = parse_tcb_info(made.collateral.tcb_infos.at(0)).value()->body;
        lacking.tcb_infos.clear();
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const World world;
    Collateral fuzzed;
    if (!fuzzed.add({data, size}, "fuzzed")) return 0;
    PreparedCollateral prepared(fuzzed);
    bool own =
        std::ranges::any_of(prepared.tcb_infos(), [](const auto& info) { return info->body == world.body; });
    Collateral collateral = world.lacking;
    auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    add(collateral.certificates, fuzzed.certificates);
    add(collateral.revocation_lists, fuzzed.revocation_lists);
    add(collateral.tcb_infos, fuzzed.tcb_infos);
    add(collateral.identities, fuzzed.identities);
    VerifyOptions options = world.made.options(world.policy);
    options.collateral = &collateral;
    Verdict verdict = verify(world.evidence, options);
    FUZZ_CHECK(!verdict.accepted() || own);
    return 0;
}
