// Quotes of any make: parsed, judged, never accepted unless a key of the simulated platform signed just these
// bytes.
#include <set>

#include "attest/simulate/simulate.h"
#include "fuzz/input.h"

namespace {

using namespace litebox::attest;
using simulate::IntelKnobs;

struct World {
    simulate::Simulation sgx = simulate::simulate(IntelKnobs::sgx()),
                         tdx = simulate::simulate(IntelKnobs::tdx());
    std::set<Bytes> signed_bytes;
    Collateral all = sgx.collateral;
    PreparedCollateral prepared;
    Policy policy = simulate::any_code_policy();

    World() : prepared(merged()) {
        for (const IntelKnobs& knobs :
             {IntelKnobs::sgx(3), IntelKnobs::sgx(4), IntelKnobs::sgx(5), IntelKnobs::tdx(4),
              IntelKnobs::tdx(5, false), IntelKnobs::tdx(5, true)}) {
            signed_bytes.insert(parse_quote(simulate::simulate(knobs).evidence).value().signed_bytes);
        }
    }

  private:
    const Collateral& merged() {
        all.tcb_infos.push_back(tdx.collateral.tcb_infos.at(0));
        all.identities.push_back(tdx.collateral.identities.at(0));
        return all;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const World world;
    Result<Quote> quote = parse_quote({data, size});
    if (!quote) return 0;
    VerifyOptions options = world.sgx.options(world.policy);
    options.prepared = &world.prepared;
    Verdict verdict = verify(ByteView{data, size}, options);
    FUZZ_CHECK(!verdict.accepted() || world.signed_bytes.contains(quote->signed_bytes));
    return 0;
}
