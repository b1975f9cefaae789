// Judges every row of the table in single_field.h.
#include <gtest/gtest.h>

#include "single_field.h"

namespace litebox::attest::single_field {
namespace {

using simulate::AmdKnobs;
using simulate::IntelKnobs;
using simulate::Simulation;

std::string describe(const Verdict& verdict) {
    std::string text(to_string(verdict.status()));
    for (const Check& check : verdict.checks())
        if (check.state == CheckState::failed) text += "\n  " + check.id + ": " + check.reason;
    return text;
}

void expect(const Verdict& verdict, Status status, const char* check, const std::string& row) {
    EXPECT_EQ(to_string(verdict.status()), to_string(status)) << row << ": " << describe(verdict);
    if (!check) return;
    EXPECT_EQ(verdict.state(check), CheckState::failed) << row << ", " << check << ": " << describe(verdict);
}

void flip_field(const Simulation& made, const FieldRow& row, const std::string& format,
                const Policy& policy) {
    ASSERT_LE(row.offset + row.size, made.evidence.size()) << format << ' ' << row.field;
    for (auto [at, bit] : {std::pair<size_t, unsigned>{0, 0}, {row.size - 1, 7}}) {
        Simulation changed = made;
        changed.evidence[row.offset + at] ^= static_cast<uint8_t>(1u << bit);
        Verdict verdict = verify(changed.evidence, changed.options(policy));
        expect(verdict, row.status, row.check,
               format + ", " + row.field + ", bit " + std::to_string(8 * at + bit));
    }
}

TEST(SingleField, every_field_of_a_quote_changed_after_signing_gives_its_verdict) {
    Policy policy = simulate::any_code_policy();
    for (const QuoteFormat& format : quote_formats()) {
        Simulation made = simulate::simulate(format.knobs());
        for (const FieldRow& row : format.fields) flip_field(made, row, format.name, policy);
    }
}

TEST(SingleField, every_field_of_a_report_changed_after_signing_gives_its_verdict) {
    Policy policy = simulate::any_code_policy();
    for (uint32_t version : {3u, 5u}) {
        Simulation made = simulate::simulate(AmdKnobs::snp(simulate::Product::milan, version));
        for (const FieldRow& row : report_fields())
            flip_field(made, row, "SNP report " + std::to_string(version), policy);
    }
}

/// Accepts exactly what the knobs make: every field that a policy can pin is pinned.
Policy pinning(const IntelKnobs& knobs) {
    Policy policy;
    auto bytes = [](const auto& field) { return to_bytes(field); };
    const SgxReportBody& sgx = knobs.quote.sgx;
    const TdReportBody& td = knobs.quote.td;
    policy.report_data = bytes(knobs.quote.tdx ? td.report_data : sgx.report_data);
    policy.sgx.mr_enclave = {bytes(sgx.mr_enclave)};
    policy.sgx.signers = {{bytes(sgx.mr_signer), sgx.isv_prod_id, sgx.isv_svn}};
    policy.sgx.config_id = bytes(sgx.config_id);
    policy.sgx.family_id = bytes(sgx.isv_family_id);
    policy.sgx.ext_product_id = bytes(sgx.isv_ext_prod_id);
    policy.sgx.xfrm = Masked{~uint64_t{0}, sgx.xfrm};
    policy.tdx.mr_td = {bytes(td.mr_td)};
    policy.tdx.mr_seam = {bytes(td.mr_seam)};
    for (size_t i = 0; i < 4; i++) policy.tdx.rtmr[i] = {bytes(td.rtmr[i])};
    policy.tdx.mr_config_id = bytes(td.mr_config_id);
    policy.tdx.mr_owner = bytes(td.mr_owner);
    policy.tdx.mr_owner_config = bytes(td.mr_owner_config);
    policy.tdx.xfam = Masked{~uint64_t{0}, td.xfam};
    return policy;
}

Policy pinning(const AmdKnobs& knobs) {
    Policy policy;
    const SnpReport& fields = knobs.report.fields;
    policy.report_data = to_bytes(fields.report_data);
    policy.snp.measurement = {to_bytes(fields.measurement)};
    policy.snp.host_data = to_bytes(fields.host_data);
    policy.snp.family_id = to_bytes(fields.family_id);
    policy.snp.image_id = to_bytes(fields.image_id);
    policy.snp.minimum_guest_svn = 5;
    policy.snp.minimum_committed_tcb = policy.snp.minimum_launch_tcb = {{"snp", knobs.report.committed.snp}};
    policy.snp.minimum_firmware = "1.55.21";
    return policy;
}

template <typename Knobs>
void judge_rows(const Knobs& knobs, const std::vector<SignedRow<Knobs>>& rows, const std::string& format) {
    Policy policy = pinning(knobs);
    for (const SignedRow<Knobs>& row : rows) {
        Knobs changed = knobs;
        row.change(changed);
        Simulation made = simulate::simulate(changed);
        expect(verify(made.evidence, made.options(policy)), row.status, row.check, format + ", " + row.field);
    }
}

TEST(SingleField, every_field_changed_under_good_signatures_gives_its_verdict) {
    for (const QuoteFormat& format : quote_formats()) {
        IntelKnobs knobs = format.knobs();
        judge_rows(knobs, quote_rows(), format.name);
        judge_rows(knobs, knobs.quote.tdx ? tdx_rows() : sgx_rows(), format.name);
    }
}

TEST(SingleField, every_field_of_a_report_changed_under_a_good_signature_gives_its_verdict) {
    using simulate::Product;
    for (auto [product, version] : {std::pair{Product::milan, 2u},
                                    {Product::milan, 3u},
                                    {Product::genoa, 3u},
                                    {Product::siena, 5u},
                                    {Product::turin, 3u},
                                    {Product::turin, 5u}}) {
        AmdKnobs knobs = AmdKnobs::snp(product, version);
        knobs.report.fields.guest_svn = 5;
        judge_rows(knobs, report_rows(),
                   "SNP report " + std::to_string(version) + " of product " +
                       std::to_string(static_cast<int>(product)));
    }
}

}  // namespace
}  // namespace litebox::attest::single_field
