// Simulated platforms, each with one thing wrong: the verdict that it must give, and the check that must give
// it.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "attest/intel/tcb_match.h"
#include "attest/simulate/simulate.h"
#include "attest/simulate/wrap.h"
#include "attest/verify.h"

namespace litebox::attest {
namespace {

using simulate::IntelKnobs;
using simulate::Simulation;

constexpr int64_t day = 86400;

struct Case {
    const char* name;
    std::function<void(IntelKnobs&)> change;
    Status status;
    const char* check;
};

std::string story(const Verdict& verdict) {
    std::string text = std::string(to_string(verdict.status())) + "\n";
    for (const Check& check : verdict.checks()) {
        if (check.state == CheckState::passed || check.state == CheckState::not_applicable) continue;
        text += check.id + " " + std::string(to_string(check.state)) + ": " + check.input + ": " +
                check.reason + "\n";
    }
    return text;
}

Verdict judge(const IntelKnobs& knobs, const Policy& policy = simulate::any_code_policy()) {
    Simulation made = simulate::simulate(knobs);
    return verify(made.evidence, made.options(policy));
}

std::vector<IntelKnobs> whole_platforms() {
    return {IntelKnobs::sgx(3), IntelKnobs::sgx(4),        IntelKnobs::sgx(5),
            IntelKnobs::tdx(4), IntelKnobs::tdx(5, false), IntelKnobs::tdx(5, true)};
}

TEST(IntelSimulated, every_format_is_accepted_when_nothing_is_wrong) {
    for (IntelKnobs knobs : whole_platforms()) {
        Verdict verdict = judge(knobs);
        EXPECT_TRUE(verdict.accepted()) << story(verdict);
        knobs.use_processor_ca();
        verdict = judge(knobs);
        EXPECT_TRUE(verdict.accepted()) << story(verdict);
    }
}

TEST(IntelSimulated, the_test_root_is_trusted_only_when_it_is_handed_in) {
    Simulation made = simulate::simulate(IntelKnobs::sgx());
    Policy policy = simulate::any_code_policy();
    VerifyOptions options = made.options(policy);
    options.roots = nullptr;  // production
    Verdict verdict = verify(made.evidence, options);
    EXPECT_EQ(verdict.status(), Status::untrusted) << story(verdict);
    EXPECT_EQ(verdict.reason()->id, "pck-chain");
    Roots amd;
    amd.amd = made.roots.intel;
    options.roots = &amd;
    EXPECT_EQ(verify(made.evidence, options).status(), Status::untrusted)
        << "another vendor's root is no root of Intel's";
}

const Case cases[] = {
    // The quote.
    {"vendor", [](IntelKnobs& k) { k.quote.qe_vendor_id[0] ^= 1; }, Status::unsupported, "quote-form"},
    {"bytes behind",
     [](IntelKnobs& k) {
         k.quote.trailing = {0, 0, 1};
     },
     Status::malformed, "quote-form"},
    {"version 6",
     [](IntelKnobs& k) {
         k.quote.patches = {{0, {6}}};
     },
     Status::malformed, "evidence"},
    {"another key signs the quote", [](IntelKnobs& k) { k.quote.quote_signer = "stranger"; }, Status::forged,
     "quote-signature"},
    {"another key signs the QE report", [](IntelKnobs& k) { k.quote.qe_report_signer = "stranger"; },
     Status::forged, "qe-report-signature"},
    {"QE report about another key", [](IntelKnobs& k) { k.quote.qe_report_data = Field<64>{1}; },
     Status::forged, "attestation-key"},
    {"QE of another signer", [](IntelKnobs& k) { k.quote.qe_report.mr_signer[0] ^= 1; }, Status::untrusted,
     "qe-measurement"},
    {"QE of another product", [](IntelKnobs& k) { k.quote.qe_report.isv_prod_id = 9; }, Status::untrusted,
     "qe-measurement"},
    {"QE under debug", [](IntelKnobs& k) { k.quote.qe_report.attributes |= sgx_attribute_debug; },
     Status::untrusted, "qe-measurement"},
    {"QE with other MISCSELECT", [](IntelKnobs& k) { k.quote.qe_report.misc_select = 1; }, Status::untrusted,
     "qe-measurement"},
    {"QE older than any", [](IntelKnobs& k) { k.quote.qe_report.isv_svn = 5; }, Status::out_of_policy,
     "qe-measurement"},
    {"QE out of date", [](IntelKnobs& k) { k.quote.qe_report.isv_svn = 7; }, Status::out_of_policy,
     "policy-tcb"},
    {"QE revoked", [](IntelKnobs& k) { k.identity.levels[0].status = "Revoked"; }, Status::revoked,
     "tcb-level"},
    {"debug", [](IntelKnobs& k) { k.quote.sgx.attributes |= sgx_attribute_debug; }, Status::out_of_policy,
     "policy-debug"},
    // Certificates.
    {"PCK by a stranger", [](IntelKnobs& k) { k.pck.issuer_key = "stranger"; }, Status::forged, "pck-chain"},
    {"PCK with a bad signature", [](IntelKnobs& k) { k.pck.bad_signature = true; }, Status::forged,
     "pck-chain"},
    {"CA with a bad signature", [](IntelKnobs& k) { k.intermediate.bad_signature = true; }, Status::forged,
     "pck-chain"},
    {"PCK of another name", [](IntelKnobs& k) { k.pck.subject = "Intel SGX TCB Signing"; }, Status::untrusted,
     "pck-certificate"},
    {"PCK that may not sign", [](IntelKnobs& k) { k.pck.key_usage = 0x20; }, Status::untrusted,
     "pck-certificate"},
    {"CA that is none", [](IntelKnobs& k) { k.intermediate.ca = false; }, Status::untrusted, "pck-chain"},
    {"CA without basicConstraints", [](IntelKnobs& k) { k.intermediate.basic_constraints = false; },
     Status::untrusted, "pck-chain"},
    {"CA that may not sign certificates",
     [](IntelKnobs& k) { k.intermediate.key_usage = simulate::key_usage_crl_sign; }, Status::untrusted,
     "pck-chain"},
    {"root that allows no CA below", [](IntelKnobs& k) { k.root.path_length = 0; }, Status::untrusted,
     "pck-chain"},
    {"PCK with an unknown critical extension", [](IntelKnobs& k) { k.pck.unknown_critical_extension = true; },
     Status::untrusted, "pck-chain"},
    {"CA with an unknown critical extension",
     [](IntelKnobs& k) { k.intermediate.unknown_critical_extension = true; }, Status::untrusted, "pck-chain"},
    {"PCK with an extension twice", [](IntelKnobs& k) { k.pck.duplicate_extension = true; },
     Status::malformed, "pck-certificate"},
    {"PCK that has ended", [](IntelKnobs& k) { k.pck.not_after.seconds = k.now.seconds - 1; },
     Status::expired_collateral, "pck-chain"},
    {"PCK that has not begun", [](IntelKnobs& k) { k.pck.not_before.seconds = k.now.seconds + 1; },
     Status::expired_collateral, "pck-chain"},
    {"CA that has ended", [](IntelKnobs& k) { k.intermediate.not_after.seconds = k.now.seconds - 1; },
     Status::expired_collateral, "pck-chain"},
    {"PCK without FMSPC", [](IntelKnobs& k) { k.pck_extension.omit_fmspc = true; }, Status::malformed,
     "pck-extension"},
    // Revocation.
    {"PCK revoked",
     [](IntelKnobs& k) {
         k.pck_crl.revoked = {{1}, k.pck.serial};
     },
     Status::revoked, "pck-revocation"},
    {"CA revoked", [](IntelKnobs& k) { k.root_crl.revoked = {k.intermediate.serial}; }, Status::revoked,
     "pck-revocation"},
    {"CA revoked, list of the PCK missing",
     [](IntelKnobs& k) {
         k.root_crl.revoked = {k.intermediate.serial};
         k.omit_pck_crl = true;
     },
     Status::revoked, "pck-revocation"},
    {"TCB signing revoked", [](IntelKnobs& k) { k.root_crl.revoked = {k.tcb_signing.serial}; },
     Status::revoked, "signing-revocation"},
    {"revoked by a list that has ended",
     [](IntelKnobs& k) {
         k.pck_crl.revoked = {k.pck.serial};
         k.pck_crl.next_update.seconds = k.now.seconds - 1;
     },
     Status::revoked, "pck-revocation"},
    {"no root list", [](IntelKnobs& k) { k.omit_root_crl = true; }, Status::wrong_collateral,
     "pck-revocation"},
    {"no PCK list", [](IntelKnobs& k) { k.omit_pck_crl = true; }, Status::wrong_collateral, "pck-revocation"},
    {"list by a stranger", [](IntelKnobs& k) { k.pck_crl.issuer_key = "stranger"; }, Status::wrong_collateral,
     "pck-revocation"},
    {"list with a bad signature", [](IntelKnobs& k) { k.root_crl.bad_signature = true; },
     Status::wrong_collateral, "pck-revocation"},
    {"list with an unknown critical extension",
     [](IntelKnobs& k) { k.pck_crl.unknown_critical_extension = true; }, Status::wrong_collateral,
     "pck-revocation"},
    {"list that has ended", [](IntelKnobs& k) { k.pck_crl.next_update.seconds = k.now.seconds - 1; },
     Status::expired_collateral, "pck-revocation"},
    {"list that has not begun", [](IntelKnobs& k) { k.pck_crl.this_update.seconds = k.now.seconds + 1; },
     Status::expired_collateral, "pck-revocation"},
    // TCB info and identity.
    {"no TCB info", [](IntelKnobs& k) { k.omit_tcb_info = true; }, Status::wrong_collateral, "tcb-info"},
    {"FMSPC of another platform", [](IntelKnobs& k) { k.tcb_info.fmspc[5] ^= 1; }, Status::wrong_collateral,
     "tcb-info"},
    {"PCE-ID of another platform", [](IntelKnobs& k) { k.tcb_info.pce_id[0] ^= 1; }, Status::wrong_collateral,
     "tcb-info"},
    {"TCB type 1", [](IntelKnobs& k) { k.tcb_info.tcb_type = 1; }, Status::wrong_collateral, "tcb-info"},
    {"TCB info changed after signing",
     [](IntelKnobs& k) {
         k.tcb_info.signed_replacements = {{"OutOfDate", "UpToDate!"}};
     },
     Status::forged, "tcb-info-signature"},
    {"a blank more than was signed",
     [](IntelKnobs& k) {
         k.tcb_info.signed_replacements = {{"\"version\":", "\"version\": "}};
     },
     Status::forged, "tcb-info-signature"},
    {"a key twice",
     [](IntelKnobs& k) {
         k.tcb_info.replacements = {{"\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0"}};
     },
     Status::wrong_collateral, "tcb-info"},
    {"TCB info signed by the PCK's key", [](IntelKnobs& k) { k.tcb_info.signing_key = "pck"; },
     Status::forged, "tcb-info-signature"},
    {"signing certificate of another name",
     [](IntelKnobs& k) { k.tcb_signing.subject = "Intel SGX PCK Certificate"; }, Status::wrong_collateral,
     "tcb-info-signature"},
    {"signing certificate by a stranger", [](IntelKnobs& k) { k.tcb_signing.issuer_key = "stranger"; },
     Status::forged, "tcb-info-signature"},
    {"signing certificate has ended",
     [](IntelKnobs& k) { k.tcb_signing.not_after.seconds = k.now.seconds - 1; }, Status::expired_collateral,
     "tcb-info-time"},
    {"TCB info has ended", [](IntelKnobs& k) { k.tcb_info.next_update.seconds = k.now.seconds - 1; },
     Status::expired_collateral, "tcb-info-time"},
    {"TCB info has not begun", [](IntelKnobs& k) { k.tcb_info.issue_date.seconds = k.now.seconds + 1; },
     Status::expired_collateral, "tcb-info-time"},
    {"no identity", [](IntelKnobs& k) { k.omit_identity = true; }, Status::wrong_collateral, "qe-identity"},
    {"identity of the other QE", [](IntelKnobs& k) { k.identity.id = k.quote.tdx ? "QE" : "TD_QE"; },
     Status::wrong_collateral, "qe-identity"},
    {"identity changed after signing",
     [](IntelKnobs& k) {
         k.identity.signed_replacements = {{"OutOfDate", "UpToDate!"}};
     },
     Status::forged, "qe-identity-signature"},
    {"identity has ended", [](IntelKnobs& k) { k.identity.next_update.seconds = k.now.seconds - 1; },
     Status::expired_collateral, "qe-identity-time"},
    {"forged and expired is forged",
     [](IntelKnobs& k) {
         k.tcb_info.next_update.seconds = k.now.seconds - 1;
         k.quote.quote_signer = "stranger";
     },
     Status::forged, "quote-signature"},
    {"revoked and expired is revoked",
     [](IntelKnobs& k) {
         k.tcb_info.next_update.seconds = k.now.seconds - 1;
         k.pck_crl.revoked = {k.pck.serial};
     },
     Status::revoked, "pck-revocation"},
    // TCB levels.
    {"below every level", [](IntelKnobs& k) { k.pck_extension.pce_svn = 4; }, Status::out_of_policy,
     "tcb-level"},
    {"level revoked", [](IntelKnobs& k) { k.tcb_info.levels[0].status = "Revoked"; }, Status::revoked,
     "tcb-level"},
    {"a status that nobody has defined", [](IntelKnobs& k) { k.tcb_info.levels[0].status = "Splendid"; },
     Status::unsupported, "tcb-level"},
    {"a status that only a verifier gives",
     [](IntelKnobs& k) { k.tcb_info.levels[0].status = "TDRelaunchAdvised"; }, Status::unsupported,
     "tcb-level"},
    {"out of date", [](IntelKnobs& k) { k.tcb_info.levels[0].status = "OutOfDate"; }, Status::out_of_policy,
     "policy-tcb"},
};

TEST(IntelSimulated, one_thing_wrong_is_refused_by_its_check) {
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        IntelKnobs knobs = IntelKnobs::sgx(3);
        c.change(knobs);
        Verdict verdict = judge(knobs);
        EXPECT_EQ(to_string(verdict.status()), to_string(c.status)) << story(verdict);
        ASSERT_TRUE(verdict.reason());
        EXPECT_EQ(verdict.reason()->id, c.check) << story(verdict);
    }
}

TEST(IntelSimulated, one_thing_wrong_with_a_td_is_refused_by_its_check) {
    const Case td_cases[] = {
        {"module not Intel's", [](IntelKnobs& k) { k.quote.td.mr_signer_seam[0] = 1; }, Status::untrusted,
         "tdx-module"},
        {"module under debug", [](IntelKnobs& k) { k.quote.td.seam_attributes = 1; }, Status::untrusted,
         "tdx-module"},
        {"module of an unknown version", [](IntelKnobs& k) { k.quote.td.tee_tcb_svn[1] = 9; },
         Status::wrong_collateral, "tdx-module"},
        {"no module identities", [](IntelKnobs& k) { k.tcb_info.omit_module_identities = true; },
         Status::wrong_collateral, "tdx-module"},
        {"module older than any", [](IntelKnobs& k) { k.quote.td.tee_tcb_svn[0] = 3; }, Status::out_of_policy,
         "tcb-level"},
        {"module out of date",
         [](IntelKnobs& k) { k.quote.td.tee_tcb_svn[0] = k.quote.td.tee_tcb_svn_2[0] = 4; },
         Status::out_of_policy, "policy-tcb"},
        {"module revoked",
         [](IntelKnobs& k) { k.tcb_info.module_identities[0].levels[0].status = "Revoked"; }, Status::revoked,
         "tcb-level"},
        {"TCB info of SGX", [](IntelKnobs& k) { k.tcb_info.id = "SGX"; }, Status::wrong_collateral,
         "tcb-info"},
        {"debug", [](IntelKnobs& k) { k.quote.td.td_attributes |= 1; }, Status::out_of_policy,
         "policy-debug"},
    };
    for (const Case& c : td_cases) {
        for (IntelKnobs knobs : {IntelKnobs::tdx(4), IntelKnobs::tdx(5, true)}) {
            SCOPED_TRACE(c.name);
            c.change(knobs);
            Verdict verdict = judge(knobs);
            EXPECT_EQ(to_string(verdict.status()), to_string(c.status)) << story(verdict);
            ASSERT_TRUE(verdict.reason());
            EXPECT_EQ(verdict.reason()->id, c.check) << story(verdict);
        }
    }
}

TEST(IntelSimulated, every_tcb_status_is_told_and_accepted_where_the_policy_lists_it) {
    for (TcbStatus status :
         {TcbStatus::up_to_date, TcbStatus::sw_hardening_needed, TcbStatus::configuration_needed,
          TcbStatus::configuration_and_sw_hardening_needed, TcbStatus::out_of_date,
          TcbStatus::out_of_date_configuration_needed, TcbStatus::td_relaunch_advised,
          TcbStatus::td_relaunch_advised_configuration_needed}) {
        IntelKnobs knobs = IntelKnobs::tdx(5, true);
        ASSERT_TRUE(knobs.set_tcb_status(status).ok());
        Policy policy = simulate::any_code_policy();
        Verdict verdict = judge(knobs, policy);
        EXPECT_EQ(verdict.tcb_status, status) << story(verdict);
        EXPECT_EQ(verdict.accepted(), status == TcbStatus::up_to_date) << story(verdict);
        policy.accepted_tcb = {status};
        policy.accepted_advisories = {"*"};
        EXPECT_TRUE(judge(knobs, policy).accepted()) << to_string(status);
    }
}

TEST(IntelSimulated, levels_are_matched_whatever_their_order_and_spelling) {
    for (IntelKnobs knobs : whole_platforms()) {
        std::ranges::reverse(knobs.tcb_info.levels);
        for (auto& module : knobs.tcb_info.module_identities) std::ranges::reverse(module.levels);
        std::ranges::reverse(knobs.identity.levels);
        knobs.tcb_info.lower_case_hex = true;
        EXPECT_TRUE(judge(knobs).accepted()) << story(judge(knobs));
    }
    IntelKnobs second = IntelKnobs::sgx();
    second.tcb_info.version = 2;
    EXPECT_TRUE(judge(second).accepted()) << story(judge(second));
    second = IntelKnobs::tdx();
    second.tcb_info.version = 2;
    EXPECT_EQ(judge(second).state("tcb-info"), CheckState::failed) << "TDX needs version 3";
}

TEST(IntelSimulated, the_modules_own_components_are_skipped_only_where_the_module_has_a_version) {
    IntelKnobs knobs = IntelKnobs::tdx();
    knobs.quote.td.tee_tcb_svn[0] = 5;
    knobs.tcb_info.levels[0].tdx[0] = 200;  // what module version 0 would need
    EXPECT_EQ(judge(knobs).tcb_status, TcbStatus::up_to_date);
    knobs.quote.td.tee_tcb_svn[1] = 0;
    EXPECT_EQ(judge(knobs).tcb_status, TcbStatus::out_of_date);
    knobs.quote.td.tee_tcb_svn[0] = 200;
    EXPECT_EQ(judge(knobs).tcb_status, TcbStatus::up_to_date);
    knobs.quote.td.tee_tcb_svn[2] = 6;
    EXPECT_EQ(judge(knobs).tcb_status, TcbStatus::out_of_date);
}

TEST(IntelSimulated, a_relaunch_helps_only_where_nothing_else_is_out_of_date) {
    auto relaunch = [] {
        IntelKnobs knobs = IntelKnobs::tdx(5, true);
        EXPECT_TRUE(knobs.set_tcb_status(TcbStatus::td_relaunch_advised).ok());
        return knobs;
    };
    EXPECT_EQ(judge(relaunch()).tcb_status, TcbStatus::td_relaunch_advised);
    IntelKnobs platform = relaunch();
    platform.pck_extension.components[0] = 6;
    EXPECT_EQ(judge(platform).tcb_status, TcbStatus::out_of_date) << "the platform itself is";
    IntelKnobs enclave = relaunch();
    enclave.quote.qe_report.isv_svn = 7;
    EXPECT_EQ(judge(enclave).tcb_status, TcbStatus::out_of_date) << "the quoting enclave is";
    IntelKnobs module = relaunch();
    module.quote.td.tee_tcb_svn_2[0] = 4;
    EXPECT_EQ(judge(module).tcb_status, TcbStatus::out_of_date) << "the module has not been updated";
    IntelKnobs microcode = relaunch();
    microcode.quote.td.tee_tcb_svn_2[2] = 6;
    EXPECT_EQ(judge(microcode).tcb_status, TcbStatus::out_of_date) << "the microcode has not";
}

TEST(IntelSimulated, ratings_converge_as_intels_table_has_it) {
    using enum TcbStatus;
    EXPECT_EQ(converge(up_to_date, out_of_date), out_of_date);
    EXPECT_EQ(converge(sw_hardening_needed, out_of_date), out_of_date);
    EXPECT_EQ(converge(configuration_needed, out_of_date), out_of_date_configuration_needed);
    EXPECT_EQ(converge(configuration_and_sw_hardening_needed, out_of_date), out_of_date_configuration_needed);
    EXPECT_EQ(converge(configuration_needed, up_to_date), configuration_needed);
    for (TcbStatus other : {up_to_date, out_of_date, not_supported, unknown, td_relaunch_advised})
        EXPECT_EQ(converge(other, revoked), revoked);
    EXPECT_EQ(converge(unknown, out_of_date), unknown);
}

TEST(IntelSimulated, a_platform_named_by_its_ppid_finds_its_certificate_in_the_collateral) {
    for (QuoteCertType type : {QuoteCertType::ppid_clear, QuoteCertType::ppid_rsa2048,
                               QuoteCertType::ppid_rsa3072, QuoteCertType::pck_leaf}) {
        IntelKnobs knobs = IntelKnobs::sgx();
        knobs.quote.cert_type = type;
        EXPECT_TRUE(judge(knobs).accepted()) << static_cast<int>(type) << story(judge(knobs));
        if (type == QuoteCertType::pck_leaf) continue;
        Simulation made = simulate::simulate(knobs);
        made.collateral.certificates.erase(made.collateral.certificates.begin() + 2);
        Policy policy = simulate::any_code_policy();
        Verdict verdict = verify(made.evidence, made.options(policy));
        EXPECT_EQ(verdict.state("pck-certificate"), CheckState::failed) << story(verdict);
        EXPECT_EQ(verdict.status(), Status::wrong_collateral);
    }
}

TEST(IntelSimulated, thrown_in_collateral_hides_nothing) {
    Policy policy = simulate::any_code_policy();
    Simulation good = simulate::simulate(IntelKnobs::sgx());
    IntelKnobs knobs = IntelKnobs::sgx();
    auto with = [&](const IntelKnobs& other, bool behind) {
        Simulation made = good;
        Simulation thrown = simulate::simulate(other);
        auto add = [&](auto& to, const auto& from) {
            to.insert(behind ? to.end() : to.begin(), from.begin(), from.end());
        };
        add(made.collateral.certificates, thrown.collateral.certificates);
        add(made.collateral.revocation_lists, thrown.collateral.revocation_lists);
        add(made.collateral.tcb_infos, thrown.collateral.tcb_infos);
        add(made.collateral.identities, thrown.collateral.identities);
        return verify(made.evidence, made.options(policy));
    };
    for (bool behind : {false, true}) {
        IntelKnobs stranger = knobs;  // the same names under other keys
        stranger.seed = "stranger";
        stranger.tcb_info.evaluation_number = 99;
        EXPECT_TRUE(with(stranger, behind).accepted()) << story(with(stranger, behind));
        IntelKnobs stale = knobs;
        stale.issue_at({knobs.now.seconds - 90 * day});
        EXPECT_TRUE(with(stale, behind).accepted()) << story(with(stale, behind));
        IntelKnobs recovery =
            knobs;  // the same window, a later evaluation, in which the platform is out of date
        recovery.tcb_info.evaluation_number = 18;
        recovery.tcb_info.levels[0].status = "OutOfDate";
        EXPECT_EQ(with(recovery, behind).tcb_status, TcbStatus::out_of_date) << story(with(recovery, behind));
        IntelKnobs revocation = knobs;
        revocation.pck_crl.revoked = {knobs.pck.serial};
        revocation.pck_crl.this_update.seconds -= day;
        EXPECT_EQ(with(revocation, behind).status(), Status::revoked) << story(with(revocation, behind));
    }
}

TEST(IntelSimulated, the_policy_on_collateral_is_kept) {
    IntelKnobs knobs = IntelKnobs::tdx();
    Policy policy = simulate::any_code_policy();
    policy.minimum_tcb_evaluation_number = 17;
    policy.maximum_collateral_age = 7200;
    EXPECT_TRUE(judge(knobs, policy).accepted()) << story(judge(knobs, policy));
    policy.minimum_tcb_evaluation_number = 18;
    EXPECT_EQ(judge(knobs, policy).reason()->id, "policy-tcb-evaluation-number");
    policy.minimum_tcb_evaluation_number.reset();
    policy.maximum_collateral_age = 3599;
    EXPECT_EQ(judge(knobs, policy).reason()->id, "policy-collateral-age");
    policy.maximum_collateral_age.reset();
    knobs.omit_root_crl = knobs.omit_pck_crl = true;
    policy.require_revocation = false;
    EXPECT_TRUE(judge(knobs, policy).accepted()) << story(judge(knobs, policy));
    knobs.omit_pck_crl = false;
    knobs.pck_crl.revoked = {knobs.pck.serial};
    EXPECT_EQ(judge(knobs, policy).status(), Status::revoked) << "not asked for, but told";
}

TEST(IntelSimulated, the_other_half_of_a_signature_is_the_same_signature) {
    IntelKnobs knobs = IntelKnobs::sgx();
    knobs.quote.high_s = true;
    EXPECT_TRUE(judge(knobs).accepted()) << story(judge(knobs));
}

}  // namespace
}  // namespace litebox::attest
