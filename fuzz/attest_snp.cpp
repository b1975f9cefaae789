// Reports of any make: parsed, judged and shown; never accepted unless the simulated chip signed just these
// bytes.
#include <algorithm>

#include "attest/report/report.h"
#include "attest/simulate/simulate.h"
#include "fuzz/input.h"

namespace {

using namespace litebox::attest;

struct World {
    simulate::Simulation made = simulate::simulate(simulate::AmdKnobs::snp());
    PreparedCollateral prepared{made.collateral};
    Policy policy = simulate::any_code_policy();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const World world;
    Result<SnpReport> report = parse_snp_report({data, size});
    if (!report) return 0;
    Evidence evidence;
    evidence.body = *report;
    (void)shown_as_text(describe_evidence(evidence));
    VerifyOptions options = world.made.options(world.policy);
    options.prepared = &world.prepared;
    Verdict verdict = verify(evidence, options);
    FUZZ_CHECK(!verdict.accepted() || std::equal(data, data + snp_signed_size, world.made.evidence.begin()));
    (void)verdict_as_text(verdict);
    return 0;
}
