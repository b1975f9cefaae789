// Simulated EPID: the archived report that verifies under its test root at its own time, each status of the
// service, each way in which report, signature or chain can be wrong, and the quote that nobody can judge.
#include <gtest/gtest.h>

#include <algorithm>

#include "attest/report/report.h"
#include "attest/simulate/simulate.h"
#include "attest/x509/certificate.h"

namespace litebox::attest::simulate {
namespace {

std::string describe(const Verdict& verdict) {
    std::string text(to_string(verdict.status()));
    for (const Check& check : verdict.checks())
        if (check.state == CheckState::failed || check.state == CheckState::not_run)
            text += "\n  " + check.id + ": " + check.input + ": " + check.reason;
    return text;
}

Verdict judge(const EpidKnobs& knobs, const Policy& policy = any_code_policy()) {
    Simulation made = simulate(knobs);
    return verify(made.evidence, made.options(policy));
}

/// `change` on good knobs must give this status, and this check must be the one that gives it.
struct Case {
    const char* name;
    void (*change)(EpidKnobs& knobs);
    Status status;
    const char* check;
};

const Case cases[] = {
    {"id",
     [](EpidKnobs& k) {
         k.report.signed_replacements = {{"\"id\":\"2", "\"id\":\"3"}};
     },
     Status::forged, "epid-signature"},
    {"white space",
     [](EpidKnobs& k) {
         k.report.signed_replacements = {{"\",\"", "\", \""}};
     },
     Status::forged, "epid-signature"},
    {"another service's key", [](EpidKnobs& k) { k.report.signing_key = "somebody"; }, Status::forged,
     "epid-signature"},
    {"a key twice",
     [](EpidKnobs& k) {
         k.report.replacements = {{"{\"id\"", "{\"version\":4,\"id\""}};
     },
     Status::malformed, "epid-report"},
    {"version 2", [](EpidKnobs& k) { k.report.version = 2; }, Status::malformed, "epid-report"},
    {"a quote body of another version", [](EpidKnobs& k) { k.quote.version = 3; }, Status::malformed,
     "epid-report"},
    {"from the future", [](EpidKnobs& k) { k.report.timestamp.seconds += 3600; }, Status::expired_collateral,
     "epid-time"},
    {"revoked signer", [](EpidKnobs& k) { k.crl.revoked = {k.signing.serial}; }, Status::revoked,
     "epid-revocation"},
    {"revoked signer, old list",
     [](EpidKnobs& k) {
         k.crl.revoked = {k.signing.serial};
         k.crl.next_update = {k.now.seconds - 1};
     },
     Status::revoked, "epid-revocation"},
    {"ended signer", [](EpidKnobs& k) { k.signing.not_after = {k.now.seconds - 1}; },
     Status::expired_collateral, "epid-chain"},
    {"signer of another name", [](EpidKnobs& k) { k.signing.subject = "Intel SGX TCB Signing"; },
     Status::wrong_collateral, "epid-certificate"},
    {"damaged certificate", [](EpidKnobs& k) { k.signing.bad_signature = true; }, Status::forged,
     "epid-chain"},
    {"unknown critical extension", [](EpidKnobs& k) { k.signing.unknown_critical_extension = true; },
     Status::untrusted, "epid-chain"},
    {"unknown status", [](EpidKnobs& k) { k.report.status = "FINE"; }, Status::unsupported, "epid-status"},
    {"debug", [](EpidKnobs& k) { k.quote.body.attributes |= sgx_attribute_debug; }, Status::out_of_policy,
     "policy-debug"},
};

TEST(SimulatedEpid, an_archived_report_is_accepted_at_its_time_and_says_what_it_no_longer_proves) {
    Verdict verdict = judge(EpidKnobs::archived());
    EXPECT_EQ(verdict.status(), Status::accepted) << describe(verdict);
    EXPECT_EQ(verdict.state("epid-revocation"), CheckState::passed);
    bool told = std::ranges::any_of(verdict.notes, [](const std::string& note) {
        return note.find("nothing about any later time") != std::string::npos;
    });
    EXPECT_TRUE(told);
}

TEST(SimulatedEpid, each_fault_is_refused_by_the_check_that_is_about_it) {
    for (const Case& one : cases) {
        EpidKnobs knobs = EpidKnobs::archived();
        one.change(knobs);
        Verdict verdict = judge(knobs);
        EXPECT_EQ(verdict.status(), one.status) << one.name << ": " << describe(verdict);
        ASSERT_NE(verdict.reason(), nullptr) << one.name;
        EXPECT_EQ(verdict.reason()->id, one.check) << one.name << ": " << describe(verdict);
    }
}

TEST(SimulatedEpid, a_verifier_that_was_not_handed_the_test_root_refuses) {
    Simulation made = simulate(EpidKnobs::archived());
    Policy policy = any_code_policy();
    Roots others;
    others.intel = others.amd = made.roots.intel_epid;  // a root for one purpose is none for another
    for (const Roots& roots : {Roots{}, Roots::production(), others}) {
        VerifyOptions options = made.options(policy);
        options.roots = &roots;
        Verdict verdict = verify(made.evidence, options);
        EXPECT_EQ(verdict.status(), Status::untrusted) << describe(verdict);
    }
}

TEST(SimulatedEpid, each_status_of_the_service_is_told) {
    struct {
        const char* word;
        Status status;
        TcbStatus tcb;
    } const rows[] = {
        {"OK", Status::accepted, TcbStatus::up_to_date},
        {"SIGNATURE_INVALID", Status::forged, TcbStatus::unknown},
        {"GROUP_REVOKED", Status::revoked, TcbStatus::revoked},
        {"SIGNATURE_REVOKED", Status::revoked, TcbStatus::revoked},
        {"KEY_REVOKED", Status::revoked, TcbStatus::revoked},
        {"SIGRL_VERSION_MISMATCH", Status::unsupported, TcbStatus::unknown},
        {"GROUP_OUT_OF_DATE", Status::out_of_policy, TcbStatus::out_of_date},
        {"CONFIGURATION_NEEDED", Status::out_of_policy, TcbStatus::configuration_needed},
        {"SW_HARDENING_NEEDED", Status::out_of_policy, TcbStatus::sw_hardening_needed},
        {"CONFIGURATION_AND_SW_HARDENING_NEEDED", Status::out_of_policy,
         TcbStatus::configuration_and_sw_hardening_needed},
    };
    for (const auto& row : rows) {
        EpidKnobs knobs = EpidKnobs::archived();
        knobs.report.status = row.word;
        knobs.report.advisories = {"INTEL-SA-00334"};
        Verdict verdict = judge(knobs);
        EXPECT_EQ(verdict.status(), row.status) << row.word << ": " << describe(verdict);
        EXPECT_EQ(verdict.tcb_status, row.tcb) << row.word;
    }
    EpidKnobs knobs = EpidKnobs::archived();
    knobs.report.status = "SW_HARDENING_NEEDED";
    knobs.report.advisories = {"INTEL-SA-00334"};
    Policy policy = any_code_policy();
    policy.accepted_tcb = {TcbStatus::sw_hardening_needed};
    EXPECT_EQ(judge(knobs, policy).reason()->id, "policy-advisories");
    policy.accepted_advisories = {"INTEL-SA-00334"};
    EXPECT_TRUE(judge(knobs, policy).accepted()) << describe(judge(knobs, policy));
}

TEST(SimulatedEpid, no_flipped_bit_and_no_truncation_of_a_report_is_accepted) {
    EpidKnobs knobs = EpidKnobs::archived();
    Simulation made = simulate(knobs);
    Policy policy = any_code_policy();
    EpidVerificationReport good = make_epid_report(knobs);
    auto refused = [&](const EpidVerificationReport& report) {
        return !verify(Evidence{report, {}, {}, {}, {}, {}, 0, {}}, made.options(policy)).accepted();
    };
    for (size_t at = 0; at < good.body.size(); at++) {
        EpidVerificationReport bad = good;
        bad.body[at] = static_cast<char>(bad.body[at] ^ 1 << at % 8);
        EXPECT_TRUE(refused(bad)) << "byte " << at << " of the report";
        bad.body = good.body.substr(0, at);
        EXPECT_TRUE(refused(bad)) << "cut at " << at;
    }
    for (size_t at = 0; at < good.signature.size(); at++) {
        EpidVerificationReport bad = good;
        bad.signature[at] = static_cast<uint8_t>(bad.signature[at] ^ 1 << at % 8);
        EXPECT_TRUE(refused(bad)) << "byte " << at << " of the signature";
        bad.signature = Bytes(good.signature.begin(), good.signature.begin() + static_cast<ptrdiff_t>(at));
        EXPECT_TRUE(refused(bad)) << "signature cut at " << at;
    }
}

TEST(SimulatedEpid, a_quote_has_its_fields_where_they_belong_is_shown_and_never_accepted) {
    EpidKnobs knobs = EpidKnobs::archived();
    Bytes bytes = make_epid_quote(knobs.quote);
    ASSERT_EQ(bytes.size(), 432u + 4 + 680);
    auto evidence = recognise_evidence(bytes);
    ASSERT_TRUE(evidence.ok()) << evidence.error().message;
    const auto* quote = std::get_if<EpidQuote>(&evidence->body);
    ASSERT_NE(quote, nullptr);
    EXPECT_EQ(quote->group_id, knobs.quote.group_id);
    EXPECT_EQ(quote->basename, knobs.quote.basename);
    EXPECT_EQ(quote->body.mr_enclave, knobs.quote.body.mr_enclave);
    EXPECT_EQ(quote->encrypted_signature, knobs.quote.encrypted_signature);
    EXPECT_NE(shown_as_text(describe_evidence(*evidence)).find(to_hex(knobs.quote.body.mr_enclave)),
              std::string::npos);
    Policy policy = any_code_policy();
    Verdict verdict = verify(bytes, simulate(knobs).options(policy));
    EXPECT_EQ(verdict.status(), Status::unsupported) << describe(verdict);
}

}  // namespace
}  // namespace litebox::attest::simulate
