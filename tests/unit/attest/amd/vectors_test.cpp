// Reports of real chips, with the verdicts that are known for them.
#include <gtest/gtest.h>

#include "attest/amd/snp.h"
#include "attest/base/json.h"
#include "attest/verify.h"
#include "tests/unit/attest/vectors.h"

namespace litebox::attest {
namespace {

using tests::vector_file;

/// Any code on any firmware of the time: what is judged is the hardware's word alone. No AMD revocation list
/// is public.
Policy hardware_only() {
    Policy policy;
    policy.require_identity = false;
    policy.require_revocation = false;
    policy.allow_debug = true;
    policy.snp.require_alias_check = false;
    return policy;
}

Collateral collateral_of(std::initializer_list<std::string> names) {
    Collateral collateral;
    for (const std::string& name : names) EXPECT_TRUE(collateral.add(vector_file(name), name)) << name;
    return collateral;
}

std::string chain_of(const std::string& generation) {
    return "snp/amd_ask_ark_" + generation + (generation == "turin" ? "_vcek.pem" : ".pem");
}

Verdict judge(const std::string& report, const Collateral& collateral, const Policy& policy,
              const char* now) {
    Roots roots = Roots::production();
    VerifyOptions options;
    options.now = parse_time(now).value();
    options.roots = &roots;
    options.collateral = &collateral;
    options.policy = &policy;
    return verify(vector_file(report), options);
}

std::string why(const Verdict& verdict) {
    const Check* reason = verdict.reason();
    return std::string(to_string(verdict.status())) +
           (reason ? ", " + reason->id + ": " + reason->reason : "");
}

TEST(SnpVectors, every_row_of_the_expected_verdicts_is_met) {
    NEEDS_VECTORS();
    Bytes text = vector_file("expected.json");
    auto expected = Json::parse(as_text(text));
    ASSERT_TRUE(expected.ok()) << expected.error().message;
    int rows = 0;
    for (const Json& row : expected->find("evidence")->items()) {
        if (!row.find("vek")) continue;
        rows++;
        std::string id = row.text_member("id").value();
        SCOPED_TRACE(id);
        Collateral collateral =
            collateral_of({row.text_member("vek").value(), chain_of(row.text_member("gen").value())});
        Policy policy = hardware_only();
        std::string now = row.text_member("vek_not_before").value();
        now.replace(0, 4, std::to_string(std::stoi(now.substr(0, 4)) + 1));
        Verdict verdict = judge(row.text_member("report").value(), collateral, policy, now.c_str());
        EXPECT_EQ(verdict.accepted(), row.find("valid")->boolean()) << why(verdict);
        auto claim = [&](std::string_view name) {
            for (const auto& [key, value] : verdict.claims)
                if (key == name) return value;
            return std::string();
        };
        EXPECT_EQ(claim("measurement"), row.text_member("measurement").value());
        EXPECT_EQ(claim("report_data"), row.text_member("report_data").value());
        EXPECT_EQ(claim("host_data"), row.text_member("host_data").value());
        EXPECT_EQ(claim("policy"), row.text_member("policy").value());
        EXPECT_EQ(claim("vmpl"), std::to_string(row.integer_member("vmpl").value()));
        std::string tcb = "bootloader " + std::to_string(row.find("tcb")->integer_member("bl").value());
        EXPECT_NE(claim("reported_tcb").find(tcb), std::string::npos) << claim("reported_tcb");
        std::string microcode =
            "microcode " + std::to_string(row.find("tcb")->integer_member("ucode").value());
        EXPECT_NE(claim("reported_tcb").find(microcode), std::string::npos) << claim("reported_tcb");
        policy.allow_debug = false;
        Verdict strict = judge(row.text_member("report").value(), collateral, policy, now.c_str());
        EXPECT_EQ(strict.state("policy-debug") == CheckState::failed, row.find("debug")->boolean());
    }
    EXPECT_GE(rows, 15);
}

TEST(SnpVectors, an_altered_vcek_is_refused_because_its_issuer_did_not_sign_it) {
    NEEDS_VECTORS();
    for (const char* vek :
         {"snp_neg/trustee_vcek_invalid_legacy.der", "snp_neg/trustee_vcek_invalid_new.der"}) {
        Collateral collateral = collateral_of({vek, chain_of("milan")});
        Verdict verdict = judge("snp/trustee_milan_report.bin", collateral, hardware_only(), "2024-06-01");
        EXPECT_EQ(verdict.status(), Status::forged) << vek << ": " << why(verdict);
        EXPECT_EQ(verdict.state("snp-certificate-path"), CheckState::failed) << vek;
        EXPECT_EQ(verdict.state("snp-signature"), CheckState::failed) << vek;
    }
}

TEST(SnpVectors, the_certificate_of_another_chip_is_refused_and_named_as_that) {
    NEEDS_VECTORS();
    Collateral collateral = collateral_of({"snp/azure_imds_vcek.der", chain_of("milan")});
    Verdict verdict = judge("snp/azure_snp_report.bin", collateral, hardware_only(), "2026-06-01");
    EXPECT_FALSE(verdict.accepted());
    EXPECT_EQ(verdict.state("snp-certificate-path"), CheckState::passed);
    EXPECT_EQ(verdict.state("snp-chip-id"), CheckState::failed);
    EXPECT_EQ(verdict.state("snp-signature"), CheckState::failed);
    EXPECT_NE(verdict.reason()->hint.find("https://kdsintf.amd.com/vcek/v1/Milan/19752a447db501a3"),
              std::string::npos)
        << verdict.reason()->hint;
}

TEST(SnpVectors, the_default_policy_wants_code_a_revocation_list_and_a_platform_checked_for_aliases) {
    NEEDS_VECTORS();
    Collateral collateral = collateral_of({"snp/trustee_milan_vcek.der", chain_of("milan")});
    Verdict verdict = judge("snp/trustee_milan_report.bin", collateral, Policy(), "2024-06-01");
    EXPECT_EQ(verdict.status(), Status::wrong_collateral) << why(verdict);
    for (const char* id : {"snp-revocation", "policy-identity", "policy-alias-check"})
        EXPECT_EQ(verdict.state(id), CheckState::failed) << id;
    EXPECT_EQ(verdict.state("snp-signature"), CheckState::passed);
}

TEST(SnpVectors, a_vcek_outside_its_time_is_expired_and_nothing_else) {
    NEEDS_VECTORS();
    Collateral collateral = collateral_of({"snp/google_milan_vcek.der", chain_of("milan")});
    for (const char* now : {"2021-01-01", "2031-01-01"})
        EXPECT_EQ(judge("snp/google_milan_report.bin", collateral, hardware_only(), now).status(),
                  Status::expired_collateral)
            << now;
}

TEST(SnpVectors, a_chain_of_another_product_is_no_path) {
    NEEDS_VECTORS();
    Collateral collateral = collateral_of({"snp/ms_turin_vcek.pem", chain_of("milan"), chain_of("genoa")});
    EXPECT_EQ(judge("snp/ms_turin_report.bin", collateral, hardware_only(), "2026-06-01").status(),
              Status::untrusted);
}

TEST(SnpVectors, an_ark_that_is_not_pinned_is_not_trusted_for_lying_in_the_collateral) {
    NEEDS_VECTORS();
    Collateral collateral = collateral_of({"snp/ms_milan_vcek.pem", chain_of("milan")});
    Policy policy = hardware_only();
    Roots none;
    VerifyOptions options;
    options.now = parse_time("2026-06-01").value();
    options.roots = &none;
    options.collateral = &collateral;
    options.policy = &policy;
    EXPECT_EQ(verify(vector_file("snp/ms_milan_report.bin"), options).status(), Status::untrusted);
}

}  // namespace
}  // namespace litebox::attest
