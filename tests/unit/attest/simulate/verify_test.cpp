// The production verifier on simulated evidence: good under the test root alone, and each TCB status and
// revocation that no public vector has.
#include <gtest/gtest.h>

#include "attest/simulate/simulate.h"

namespace litebox::attest::simulate {
namespace {

std::string describe(const Verdict& verdict) {
    std::string text(to_string(verdict.status()));
    for (const Check& check : verdict.checks())
        if (check.state == CheckState::failed || check.state == CheckState::not_run)
            text += "\n  " + check.id + ": " + check.input + ": " + check.reason;
    return text;
}

template <typename Knobs>
Verdict judge(const Knobs& knobs) {
    Policy policy = any_code_policy();
    Simulation made = simulate(knobs);
    return verify(made.evidence, made.options(policy));
}

std::vector<IntelKnobs> intel_forms() {
    std::vector<IntelKnobs> forms{IntelKnobs::sgx(3), IntelKnobs::sgx(4),        IntelKnobs::sgx(5),
                                  IntelKnobs::tdx(4), IntelKnobs::tdx(5, false), IntelKnobs::tdx(5, true)};
    forms.push_back(IntelKnobs::sgx(3));
    forms.back().use_processor_ca();
    forms.push_back(IntelKnobs::sgx(3));
    forms.back().quote.reverse_chain = true;
    forms.push_back(IntelKnobs::sgx(3));
    forms.back().quote.high_s = true;
    return forms;
}

std::vector<AmdKnobs> amd_forms() {
    std::vector<AmdKnobs> forms;
    for (Product product : {Product::milan, Product::genoa, Product::siena, Product::turin})
        for (uint32_t version : {2u, 3u, 5u})
            for (bool vlek : {false, true}) {
                forms.push_back(AmdKnobs::snp(product, version, vlek));
                // On Turin a report of version 2 does not say how its TCB is laid out, but its certificate
                // does.
            }
    return forms;
}

TEST(SimulatedVerification, every_form_is_accepted_under_the_test_root) {
    for (const IntelKnobs& knobs : intel_forms()) {
        Verdict verdict = judge(knobs);
        EXPECT_EQ(verdict.status(), Status::accepted) << knobs.quote.version << ' ' << describe(verdict);
        EXPECT_EQ(verdict.tcb_status, TcbStatus::up_to_date);
    }
    for (const AmdKnobs& knobs : amd_forms()) {
        Verdict verdict = judge(knobs);
        EXPECT_EQ(verdict.status(), Status::accepted)
            << static_cast<int>(knobs.product) << ' ' << knobs.report.fields.version << ' ' << knobs.vlek
            << ' ' << describe(verdict);
    }
}

TEST(SimulatedVerification, nothing_is_accepted_by_a_verifier_that_was_not_handed_the_test_root) {
    Policy policy = any_code_policy();
    for (const Roots& roots : {Roots{}, Roots::production()}) {
        auto refused = [&](const Simulation& made) {
            VerifyOptions options = made.options(policy);
            options.roots = &roots;
            Verdict verdict = verify(made.evidence, options);
            EXPECT_EQ(verdict.status(), Status::untrusted) << describe(verdict);
        };
        for (const IntelKnobs& knobs : intel_forms()) refused(simulate(knobs));
        for (const AmdKnobs& knobs : amd_forms()) refused(simulate(knobs));
    }
}

TEST(SimulatedVerification, every_tcb_status_is_told_and_refused_by_default) {
    for (uint8_t i = 1; i <= static_cast<uint8_t>(TcbStatus::not_supported); i++) {
        auto status = static_cast<TcbStatus>(i);
        IntelKnobs knobs = IntelKnobs::tdx(5, true);
        ASSERT_TRUE(knobs.set_tcb_status(status).ok());
        Verdict verdict = judge(knobs);
        EXPECT_EQ(verdict.tcb_status, status) << to_string(status) << ' ' << describe(verdict);
        Status wanted = status == TcbStatus::up_to_date ? Status::accepted
                        : status == TcbStatus::revoked  ? Status::revoked
                                                        : Status::out_of_policy;
        EXPECT_EQ(verdict.status(), wanted) << to_string(status) << ' ' << describe(verdict);
    }
    IntelKnobs sgx = IntelKnobs::sgx();
    EXPECT_FALSE(sgx.set_tcb_status(TcbStatus::td_relaunch_advised).ok());
}

TEST(SimulatedVerification, revoked_certificates_refuse) {
    auto revoked = [](auto knobs, auto change) {
        change(knobs);
        Verdict verdict = judge(knobs);
        EXPECT_EQ(verdict.status(), Status::revoked) << describe(verdict);
    };
    revoked(IntelKnobs::sgx(), [](IntelKnobs& k) { k.pck_crl.revoked = {k.pck.serial}; });
    revoked(IntelKnobs::tdx(), [](IntelKnobs& k) { k.root_crl.revoked = {k.intermediate.serial}; });
    revoked(IntelKnobs::sgx(), [](IntelKnobs& k) { k.root_crl.revoked = {k.tcb_signing.serial}; });
    revoked(AmdKnobs::snp(), [](AmdKnobs& k) { k.crl.revoked = {k.ask.serial}; });
}

TEST(SimulatedVerification, collateral_out_of_its_time_or_for_another_platform_has_verdicts_of_its_own) {
    auto expect = [](auto knobs, auto change, Status status) {
        change(knobs);
        Verdict verdict = judge(knobs);
        EXPECT_EQ(verdict.status(), status) << describe(verdict);
    };
    constexpr int64_t year = 365 * 86400;
    expect(
        IntelKnobs::sgx(), [](IntelKnobs& k) { k.tcb_info.next_update = {k.now.seconds - 1}; },
        Status::expired_collateral);
    expect(
        IntelKnobs::sgx(), [](IntelKnobs& k) { k.tcb_info.issue_date = {k.now.seconds + year}; },
        Status::expired_collateral);
    expect(
        IntelKnobs::tdx(), [](IntelKnobs& k) { k.identity.next_update = {k.now.seconds - 1}; },
        Status::expired_collateral);
    expect(
        IntelKnobs::tdx(), [](IntelKnobs& k) { k.pck_crl.next_update = {k.now.seconds - 1}; },
        Status::expired_collateral);
    expect(
        IntelKnobs::sgx(), [](IntelKnobs& k) { k.pck.not_after = {k.now.seconds - 1}; },
        Status::expired_collateral);
    expect(
        IntelKnobs::sgx(), [](IntelKnobs& k) { k.tcb_info.fmspc[0] ^= 1; }, Status::wrong_collateral);
    expect(
        IntelKnobs::sgx(), [](IntelKnobs& k) { k.omit_tcb_info = true; }, Status::wrong_collateral);
    expect(
        AmdKnobs::snp(), [](AmdKnobs& k) { k.crl.next_update = {k.now.seconds - 1}; },
        Status::expired_collateral);
    expect(
        AmdKnobs::snp(), [](AmdKnobs& k) { k.vek.not_after = {k.now.seconds - 1}; },
        Status::expired_collateral);
}

}  // namespace
}  // namespace litebox::attest::simulate
