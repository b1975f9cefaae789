// Evidence as the simulator makes it: the formats' fixed places, signatures that hold, equal knobs giving
// equal bytes.
#include <gtest/gtest.h>

#include "attest/base/crypto.h"
#include "attest/base/json.h"
#include "attest/simulate/event_log.h"
#include "attest/simulate/simulate.h"
#include "attest/simulate/wrap.h"

namespace litebox::attest::simulate {
namespace {

struct QuoteForm {
    IntelKnobs knobs;
    size_t signed_size;
};

std::vector<QuoteForm> quote_forms() {
    return {{IntelKnobs::sgx(3), 48 + 384},        {IntelKnobs::sgx(4), 48 + 384},
            {IntelKnobs::sgx(5), 54 + 384},        {IntelKnobs::tdx(4), 48 + 584},
            {IntelKnobs::tdx(5, false), 54 + 584}, {IntelKnobs::tdx(5, true), 54 + 648}};
}

TEST(SimulatedQuote, the_attestation_key_signs_all_before_the_signature_and_its_report_is_signed_by_the_pck) {
    for (const QuoteForm& form : quote_forms()) {
        Simulation made = simulate(form.knobs);
        ByteView quote(made.evidence);
        ASSERT_EQ(load16(quote.data()), form.knobs.quote.version);
        ASSERT_EQ(load32(&quote[form.signed_size]), quote.size() - form.signed_size - 4);
        ByteView data = quote.subspan(form.signed_size + 4);
        auto key = PublicKey::from_point(Curve::p256, data.subspan(64, 64));
        ASSERT_TRUE(key.ok()) << key.error().message;
        EXPECT_TRUE(key->verify_ecdsa(Hash::sha256, quote.first(form.signed_size), data.first(64)));
        ByteView qe = data.subspan(form.knobs.quote.version == 3 ? 128 : 134);
        auto pck =
            PublicKey::from_spki(SigningKey::derive(KeyKind::p256, "litebox", "pck").public_key_info());
        ASSERT_TRUE(pck.ok());
        EXPECT_TRUE(pck->verify_ecdsa(Hash::sha256, qe.first(384), qe.subspan(384, 64)));
        Bytes binding = digest(Hash::sha256, {data.subspan(64, 64), qe.subspan(450, 32)});
        EXPECT_TRUE(equal(qe.subspan(320, 32), binding));
    }
}

TEST(SimulatedQuote, collateral_is_json_signed_over_its_exact_bytes) {
    for (const IntelKnobs& knobs : {IntelKnobs::sgx(), IntelKnobs::tdx()}) {
        Simulation made = simulate(knobs);
        auto key = PublicKey::from_spki(
            SigningKey::derive(KeyKind::p256, "litebox", "tcb-signing").public_key_info());
        ASSERT_TRUE(key.ok());
        for (auto [document, name] : {std::pair{made.collateral.tcb_infos.at(0), "tcbInfo"},
                                      std::pair{made.collateral.identities.at(0), "enclaveIdentity"}}) {
            auto json = Json::parse(document.text);
            ASSERT_TRUE(json.ok()) << json.error().message;
            auto signature = from_hex(json->text_member("signature").value());
            ASSERT_TRUE(signature.ok());
            EXPECT_TRUE(key->verify_ecdsa(Hash::sha256, as_bytes(json->find(name)->raw()), *signature));
        }
    }
}

TEST(SimulatedReport, the_vek_signs_the_first_0x2A0_bytes) {
    for (Product product : {Product::milan, Product::genoa, Product::siena, Product::turin}) {
        for (uint32_t version : {2u, 3u, 5u}) {
            Simulation made = simulate(AmdKnobs::snp(product, version));
            ASSERT_EQ(made.evidence.size(), snp_report_size);
            Bytes raw;
            for (size_t part : {0x2A0, 0x2E8})
                for (size_t i = 48; i-- > 0;) raw.push_back(made.evidence[part + i]);
            auto key =
                PublicKey::from_spki(SigningKey::derive(KeyKind::p384, "litebox", "vek").public_key_info());
            ASSERT_TRUE(key.ok());
            EXPECT_TRUE(key->verify_ecdsa(Hash::sha384, ByteView(made.evidence).first(snp_signed_size), raw));
        }
    }
}

TEST(SimulatedEvidence, equal_knobs_give_equal_bytes_and_another_seed_gives_other_keys) {
    AmdKnobs knobs = AmdKnobs::snp();
    EXPECT_EQ(simulate(knobs).evidence, simulate(knobs).evidence);
    EXPECT_EQ(simulate(knobs).chain, simulate(knobs).chain);
    IntelKnobs intel = IntelKnobs::tdx();
    Simulation first = simulate(intel);
    EXPECT_EQ(first.evidence, simulate(intel).evidence);
    intel.seed = "another";
    EXPECT_NE(first.root, simulate(intel).root);
}

TEST(SimulatedLogs, rtmrs_are_the_chained_digests_of_the_events) {
    SimulatedLog log =
        make_event_log({{2, 0xD, {}, Bytes{1}}, {2, 0xD, {}, Bytes{2}}, {3, 3, {}, Bytes{3}}}, 4096);
    EXPECT_EQ(log.bytes.size(), 4096u);
    Bytes zero(48), chained = digest(Hash::sha384, {zero, sha384(Bytes{1})});
    chained = digest(Hash::sha384, {chained, sha384(Bytes{2})});
    EXPECT_TRUE(equal(log.rtmr[2], chained));
    EXPECT_TRUE(all_zero(log.rtmr[3])) << "EV_NO_ACTION extends nothing";
}

TEST(SimulatedWrappings, a_ghcb_table_names_each_certificate_by_offset_and_length) {
    Bytes table = ghcb_table({.vcek = {1, 2, 3}, .ark = {4, 5}});
    ASSERT_EQ(table.size(), 3 * 24 + 5u);
    EXPECT_EQ(load32(&table[16]), 72u);
    EXPECT_EQ(load32(&table[20]), 2u);
    EXPECT_EQ(load32(&table[24 + 16]), 74u);
    EXPECT_EQ(table[74], 1);
    EXPECT_TRUE(all_zero(ByteView(table).subspan(48, 24)));
}

}  // namespace
}  // namespace litebox::attest::simulate
