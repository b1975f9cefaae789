// What an attacker who makes the evidence's wrapping can put beside the evidence, and must gain nothing by.
#include <gtest/gtest.h>

#include "attest/base/json.h"
#include "attest/simulate/simulate.h"

namespace litebox::attest::simulate {
namespace {

std::string describe(const Verdict& verdict) {
    const Check* check = verdict.reason();
    return std::string(to_string(verdict.status())) + (check ? " " + check->id + ": " + check->reason : "");
}

/// {"quote": ..., "certificates": [...]}
Bytes quote_with_certificates(const Bytes& quote, const std::vector<Bytes>& certificates) {
    std::string text = "{\"quote\":" + json_quote(to_hex(quote)) + ",\"certificates\":[";
    for (const Bytes& der : certificates)
        text += (text.back() == '[' ? "" : ",") + json_quote(to_base64(der));
    return to_bytes(as_bytes(text + "]}"));
}

TEST(BesideTheEvidence, certificates_of_the_signers_name_do_not_use_up_the_tries) {
    IntelKnobs knobs = IntelKnobs::sgx();
    Simulation made = simulate(knobs);
    std::vector<Bytes> decoys;
    for (int i = 0; i < 40; i++) {
        CertificateSpec decoy = knobs.tcb_signing;
        decoy.key = "decoy " + std::to_string(i);
        decoy.issuer_key = "nobody";
        decoys.push_back(make_certificate(decoy, knobs.seed));
    }
    Policy policy = any_code_policy();
    Verdict verdict = verify(quote_with_certificates(made.evidence, decoys), made.options(policy));
    EXPECT_TRUE(verdict.accepted()) << describe(verdict);
}

TEST(BesideTheEvidence, an_older_rating_that_is_still_in_its_time_does_not_hide_the_newer) {
    IntelKnobs knobs = IntelKnobs::sgx();
    std::string older = make_tcb_info(knobs.tcb_info, knobs.seed);
    knobs.tcb_info.evaluation_number++;
    ASSERT_TRUE(knobs.set_tcb_status(TcbStatus::out_of_date).ok());
    Simulation made = simulate(knobs);
    std::string text = "{\"quote\":" + json_quote(to_hex(made.evidence)) +
                       ",\"collateral\":{\"tcb_info\":" + json_quote(older) + "}}";
    Policy policy = any_code_policy();
    VerifyOptions options = made.options(policy);
    Verdict verdict = verify(as_bytes(text), options);
    EXPECT_EQ(verdict.status(), Status::out_of_policy) << describe(verdict);
    EXPECT_EQ(verdict.tcb_status, TcbStatus::out_of_date);
    // The document was there and would have counted alone.
    Collateral without = made.collateral;
    without.tcb_infos.clear();
    options.collateral = &without;
    EXPECT_TRUE(verify(as_bytes(text), options).accepted());
}

TEST(BesideTheEvidence, a_chip_certificate_that_is_there_twice_counts_once_and_a_false_one_not_at_all) {
    AmdKnobs knobs = AmdKnobs::snp();
    Simulation made = simulate(knobs);
    AmdKnobs false_knobs = knobs;  // the same chip and versions, another key, under another ARK
    false_knobs.seed = "somebody else";
    Bytes false_vek = simulate(false_knobs).chain[0];
    Policy policy = any_code_policy();
    for (const std::vector<Bytes>& brought : {std::vector<Bytes>{made.chain[0]},
                                              {made.chain[0], made.chain[0]},
                                              {false_vek},
                                              {false_vek, made.chain[0]}}) {
        Evidence evidence = recognise_evidence(made.evidence).value();
        evidence.certificates = brought;
        Verdict verdict = verify(evidence, made.options(policy));
        EXPECT_TRUE(verdict.accepted()) << describe(verdict);
        Collateral without = made.collateral;
        without.certificates.erase(without.certificates.begin());
        VerifyOptions options = made.options(policy);
        options.collateral = &without;
        EXPECT_EQ(verify(evidence, options).accepted(), brought.back() == made.chain[0]);
    }
}

}  // namespace
}  // namespace litebox::attest::simulate
