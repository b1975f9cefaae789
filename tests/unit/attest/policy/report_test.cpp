// Verdicts as text, JSON and EAT; evidence shown field by field.
#include <gtest/gtest.h>

#include "attest/base/json.h"
#include "attest/report/report.h"
#include "attest/simulate/simulate.h"

namespace litebox::attest {
namespace {

using simulate::AmdKnobs;
using simulate::Simulation;

struct Judged {
    Simulation made;
    Verdict verdict;
};

Judged judged(const std::function<void(AmdKnobs&)>& change) {
    AmdKnobs knobs = AmdKnobs::snp();
    if (change) change(knobs);
    Judged out{simulate::simulate(knobs), {}};
    Policy policy = simulate::any_code_policy();
    out.verdict = verify(out.made.evidence, out.made.options(policy));
    return out;
}

TEST(VerdictReport, the_reason_and_the_hint_come_first) {
    std::string text = verdict_as_text(judged([](AmdKnobs& k) { k.omit_crl = true; }).verdict);
    EXPECT_EQ(text.find("REFUSED: wrong-collateral\n  why: "), 0u) << text;
    EXPECT_LT(text.find("what to do: fetch https://kdsintf.amd.com/vcek/v1/Milan/crl"), text.find("checks:"));
    EXPECT_EQ(verdict_as_text(judged({}).verdict).find("ACCEPTED\n"), 0u);
    EXPECT_NE(text.find("NOT accepted"), std::string::npos);
}

TEST(VerdictReport, text_from_evidence_cannot_drive_a_terminal) {
    Verdict verdict;
    constexpr CheckRule rules[] = {{"x", "y"}};
    verdict.expect(rules);
    verdict.fail("x", Status::forged, "\x1b[31mred", "a\nb\x9b", "\x07");
    verdict.claims = {{"c", "\x1b]0;title\x07"}};
    std::string text = verdict_as_text(verdict);
    for (char c : text) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << static_cast<int>(c);
}

TEST(VerdictReport, json_says_what_the_verdict_says) {
    Judged refused = judged([](AmdKnobs& k) { k.omit_crl = true; });
    std::string text = verdict_as_json(refused.verdict);
    auto json = Json::parse(text);
    ASSERT_TRUE(json.ok()) << json.error().message;
    EXPECT_EQ(json->text_member("status").value(), "wrong-collateral");
    EXPECT_FALSE(json->find("accepted")->boolean());
    EXPECT_EQ(json->text_member("failed_check").value(), "snp-revocation");
    EXPECT_EQ(json->find("checks")->items().size(), refused.verdict.checks().size());
    EXPECT_EQ(json->find("claims")->text_member("product").value(), "Milan");
}

TEST(VerdictReport, an_attestation_result_affirms_only_what_was_accepted) {
    auto result = [](const Verdict& verdict) {
        static std::string text;  // the parsed tree points into it
        text = verdict_as_eat(verdict, {"policy.toml", "test", Bytes(32, 1)});
        auto json = Json::parse(text);
        EXPECT_TRUE(json.ok()) << text;
        return json.value();
    };
    Json accepted = result(judged({}).verdict);
    EXPECT_EQ(accepted.text_member("eat_profile").value(), "tag:ietf.org,2026:rats/ear#04");
    const Json* module = accepted.find("submods")->find("snp");
    EXPECT_EQ(module->text_member("ear_status").value(), "affirming");
    EXPECT_EQ(module->find("ear_trustworthiness_vector")->integer_member("instance-identity").value(), 2);
    EXPECT_NE(module->find("ear_attester_claims"), nullptr);
    Json forged = result(judged([](AmdKnobs& k) { k.report.signer = "stranger"; }).verdict);
    module = forged.find("submods")->find("snp");
    EXPECT_EQ(module->text_member("ear_status").value(), "contraindicated");
    EXPECT_EQ(module->find("ear_trustworthiness_vector")->integer_member("hardware").value(), 99);
    EXPECT_EQ(module->find("ear_attester_claims"), nullptr);
    Json debug = result(judged([](AmdKnobs& k) { k.report.fields.policy |= 1 << 19; }).verdict);
    module = debug.find("submods")->find("snp");
    EXPECT_EQ(module->find("ear_trustworthiness_vector")->integer_member("configuration").value(), 96);
    EXPECT_EQ(module->find("ear_trustworthiness_vector")->integer_member("runtime-opaque").value(), 96);
    EXPECT_EQ(module->find("ear_trustworthiness_vector")->integer_member("instance-identity").value(), 2);
}

TEST(EvidenceShown, every_field_has_a_name_and_a_meaning) {
    Simulation snp = simulate::simulate(AmdKnobs::snp(simulate::Product::turin, 5));
    std::string text = shown_as_text(describe_evidence(recognise_evidence(snp.evidence).value()));
    for (const char* name :
         {"GUEST_SVN", "POLICY", "REPORTED_TCB", "fmc", "CURRENT_MIT_VECTOR", "CHIP_ID", "SIGNATURE S"})
        EXPECT_NE(text.find(name), std::string::npos) << name;
    for (const simulate::IntelKnobs& knobs : {simulate::IntelKnobs::sgx(), simulate::IntelKnobs::tdx()}) {
        Simulation made = simulate::simulate(knobs);
        std::vector<ShownGroup> groups = describe_evidence(recognise_evidence(made.evidence).value());
        for (const ShownGroup& group : groups)
            for (const ShownField& field : group.fields)
                EXPECT_FALSE(field.name.empty() || field.meaning.empty()) << field.name;
        auto json = Json::parse(shown_as_json(groups));
        EXPECT_TRUE(json.ok());
    }
}

}  // namespace
}  // namespace litebox::attest
