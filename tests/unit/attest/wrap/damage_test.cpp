// Every truncation and flipped bit of each wrapping: refused, or the evidence inside and what it is judged
// with are unchanged. The bits that mean nothing are, by class:
//   - a certificate table: unknown entries' contents; entries' order; certificates that verification does not
//   come to need
//   - an HCL report: its version, of which two are known
//   - JSON and CBOR: white space, members that carry nothing, the names of wrappings
#include <gtest/gtest.h>

#include "attest/base/crypto.h"
#include "attest/simulate/simulate.h"
#include "attest/simulate/wrap.h"

namespace litebox::attest {
namespace {

using namespace simulate;

/// `form` with each bit flipped in turn must be refused, or give evidence whose report and runtime data are
/// those of the whole form; of certificates, each is one of the originals or refused by verification, for its
/// signature no longer holds.
void expect_bits_to_mean_nothing_or_refuse(const Simulation& made, const Bytes& form, size_t stride) {
    Policy policy = any_code_policy();
    PreparedCollateral prepared(made.collateral);
    VerifyOptions options = made.options(policy);
    options.prepared = &prepared;
    Result<Evidence> whole = recognise_evidence(form);
    ASSERT_TRUE(whole.ok()) << whole.error().message;
    ASSERT_TRUE(verify(*whole, options).accepted());
    const Field<1184> report = std::get<SnpReport>(whole->body).raw;
    Bytes changed = form;
    for (size_t bit = 0; bit < form.size() * 8; bit += stride) {
        changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        Result<Evidence> evidence = recognise_evidence(changed);
        if (evidence && std::holds_alternative<SnpReport>(evidence->body)) {
            bool same = std::get<SnpReport>(evidence->body).raw == report &&
                        evidence->runtime_data == whole->runtime_data &&
                        evidence->event_log == whole->event_log;
            ASSERT_TRUE(same || !verify(*evidence, options).accepted())
                << "byte " << bit / 8 << ", bit " << bit % 8;
        } else if (evidence) {
            ASSERT_FALSE(verify(*evidence, options).accepted()) << "byte " << bit / 8 << ", bit " << bit % 8;
        }
        changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    }
    for (size_t size = 0; size < form.size(); size++) {
        Result<Evidence> evidence = recognise_evidence(ByteView(form).first(size));
        if (!evidence) continue;
        const auto* cut = std::get_if<SnpReport>(&evidence->body);
        // A report whose table or padding is gone is the report itself.
        ASSERT_TRUE(cut && cut->raw == report) << size;
    }
}

TEST(WrappingDamage, azure_hcl_report) {
    AmdKnobs knobs = AmdKnobs::snp();
    std::string runtime = "{\"keys\":[]}";
    std::array<uint8_t, 32> hash = sha256(as_bytes(runtime));
    std::copy(hash.begin(), hash.end(), knobs.report.fields.report_data.begin());
    Simulation made = simulate::simulate(knobs);
    expect_bits_to_mean_nothing_or_refuse(made, azure_hcl_report(made.evidence, 2, runtime), 3);
}

TEST(WrappingDamage, certificate_table) {
    Simulation made = simulate::simulate(AmdKnobs::snp());
    Bytes table = ghcb_table({.vcek = made.chain[0], .ask = made.chain[1], .ark = made.chain[2]});
    expect_bits_to_mean_nothing_or_refuse(made, report_with_table(made.evidence, table), 11);
}

TEST(WrappingDamage, json) {
    Simulation made = simulate::simulate(AmdKnobs::snp());
    std::string form = snp_json(made.evidence, made.chain[0]);
    expect_bits_to_mean_nothing_or_refuse(made, to_bytes(as_bytes(form)), 13);
}

}  // namespace
}  // namespace litebox::attest
