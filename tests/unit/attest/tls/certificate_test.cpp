#include <stdlib.h>

#include <unistd.h>

#include <algorithm>
#include <map>

#include "attest/tls/claims.h"
#include "attest/tls/identity.h"
#include "attest/tls/peer.h"
#include "attest/x509/certificate.h"
#include "tests/attest/simulated_tee.h"
#include "tests/unit/attest/take.h"
#include "tests/unit/attest/vectors.h"

namespace litebox::attest::tls {
namespace {

/// A simulated TEE, and a verifier that trusts it.
struct World {
    SimulatedTee tee;
    PreparedCollateral collateral;
    Policy policy;
    explicit World(const std::string& name)
        : tee(name),
          collateral(tee.simulation().collateral),
          policy(*Policy::parse(SimulatedTee::policy(name))) {}

    Attester attester() const {
        return [this](ByteView report_data) -> Result<Bytes> { return tee.evidence(report_data); };
    }
    Verdict judge(ByteView certificate, Bytes nonce = {}) const {
        return verify_certificate(certificate, {&tee.simulation().roots, &collateral, &policy,
                                                tee.simulation().now, std::move(nonce)});
    }
};

const World& world(const std::string& name) {
    static std::map<std::string, std::unique_ptr<World>> worlds;
    auto& made = worlds[name];
    if (!made) made = std::make_unique<World>(name);
    return *made;
}

std::string why(const Verdict& verdict) {
    const Check* check = verdict.reason();
    return std::string(to_string(verdict.status())) + (check ? " " + check->id + ": " + check->reason : "");
}

TEST(CertificateTest, AnArchivedEpidReportSpeaksForNoPeerOfToday) {
    simulate::EpidKnobs knobs = simulate::EpidKnobs::archived();
    Attester attester = [&](ByteView report_data) -> Result<Bytes> {
        std::ranges::copy(report_data, knobs.quote.body.report_data.begin());
        return simulate::simulate(knobs).evidence;
    };
    auto identity = make_identity(attester, {.form = CertificateForm::legacy});
    ASSERT_TRUE(identity.ok()) << identity.error().message;
    simulate::Simulation made = simulate::simulate(knobs);
    PreparedCollateral collateral(made.collateral);
    Policy policy = simulate::any_code_policy();
    Verdict verdict =
        verify_certificate(identity->certificate, {&made.roots, &collateral, &policy, made.now, {}});
    EXPECT_EQ(verdict.state("epid-signature"), CheckState::passed);
    EXPECT_EQ(verdict.state("policy-report-data"), CheckState::passed);
    EXPECT_EQ(verdict.status(), Status::unsupported) << why(verdict);
    EXPECT_EQ(verdict.state("tls-evidence"), CheckState::failed);
}

TEST(CertificateTest, EachTechnologyAndFormIsAccepted) {
    for (const char* name : {"sgx", "tdx", "snp"}) {
        for (CertificateForm form :
             {CertificateForm::interoperable, CertificateForm::legacy, CertificateForm::both}) {
            auto identity =
                make_identity(world(name).attester(), {.form = form, .p384 = form == CertificateForm::both});
            ASSERT_TRUE(identity.ok()) << identity.error().message;
            Verdict verdict = world(name).judge(identity->certificate);
            EXPECT_TRUE(verdict.accepted()) << name << " " << why(verdict);
            EXPECT_EQ(verdict.state("tls-key-binding"), CheckState::passed);
            EXPECT_EQ(verdict.state("tls-nonce"), CheckState::not_applicable);
        }
    }
}

TEST(CertificateTest, TheNonceMustBeTheOneGivenOut) {
    auto identity = make_identity(world("tdx").attester(), {.nonce = Bytes(32, 5)});
    ASSERT_TRUE(identity.ok());
    EXPECT_TRUE(world("tdx").judge(identity->certificate, Bytes(32, 5)).accepted());
    Verdict other = world("tdx").judge(identity->certificate, Bytes(32, 6));
    EXPECT_EQ(other.status(), Status::forged);
    EXPECT_EQ(other.state("tls-nonce"), CheckState::failed);
    auto without = make_identity(world("tdx").attester(), {});
    EXPECT_EQ(world("tdx").judge(without->certificate, Bytes(32, 5)).state("tls-nonce"), CheckState::failed);
}

TEST(CertificateTest, EvidenceMovedToAnotherKeyIsRefused) {
    // The attacker has a genuine certificate's evidence, and a key of his own.
    Bytes stolen, stolen_claims;
    auto victim = make_identity(
        [&](ByteView data) -> Result<Bytes> { return stolen = world("tdx").tee.evidence(data); }, {});
    ASSERT_TRUE(victim.ok());
    auto thief = make_identity([&](ByteView) -> Result<Bytes> { return stolen; }, {});
    ASSERT_TRUE(thief.ok());
    Verdict verdict = world("tdx").judge(thief->certificate);
    EXPECT_FALSE(verdict.accepted()) << "evidence of another key's claims";
    // The whole extension of the victim in a certificate of the thief: report data fits, the key does not.
    auto parsed = Certificate::parse(victim->certificate);
    auto tagged = parse_tagged_evidence((*parsed)->extension(evidence_oid)->value);
    ASSERT_TRUE(tagged.ok());
    PrivateKey key = take(make_key(false));
    Bytes forged = to_bytes(thief->certificate);
    auto claims_at =
        std::search(forged.begin(), forged.end(), tagged->evidence.begin(), tagged->evidence.end());
    ASSERT_NE(claims_at, forged.end());
    std::copy(tagged->claims.begin(), tagged->claims.end(),
              claims_at + static_cast<ptrdiff_t>(tagged->evidence.size()) + 2);
    Verdict moved = world("tdx").judge(forged);
    EXPECT_EQ(moved.status(), Status::forged) << why(moved);
    EXPECT_EQ(moved.state("tls-key-binding"), CheckState::failed);
}

TEST(CertificateTest, ALegacyCertificateOfAnotherKeyIsRefused) {
    Bytes stolen;
    auto keep = [&](ByteView data) -> Result<Bytes> { return stolen = world("sgx").tee.evidence(data); };
    ASSERT_TRUE(make_identity(keep, {.form = CertificateForm::legacy}).ok());
    auto thief =
        make_identity([&](ByteView) -> Result<Bytes> { return stolen; }, {.form = CertificateForm::legacy});
    EXPECT_FALSE(world("sgx").judge(thief->certificate).accepted());
}

TEST(CertificateTest, NoEvidenceIsNoIdentity) {
    PrivateKey key = take(make_key(false));
    Verdict plain = world("sgx").judge(*make_certificate(key.get(), {}, {}));
    EXPECT_EQ(plain.status(), Status::malformed);
    EXPECT_EQ(plain.state("tls-evidence"), CheckState::failed);
    EXPECT_FALSE(world("sgx").judge({}).accepted());
    EXPECT_FALSE(world("sgx").judge(Bytes(100, 0x30)).accepted());
}

TEST(CertificateTest, NoTruncationAndNoFlippedBitOfTheExtensionIsAccepted) {
    auto identity = make_identity(world("tdx").attester(), {.nonce = Bytes(8, 1)});
    ASSERT_TRUE(identity.ok());
    Bytes whole = identity->certificate;
    for (size_t size = 0; size < whole.size(); size += 61)
        EXPECT_FALSE(world("tdx").judge(ByteView(whole).first(size), Bytes(8, 1)).accepted());
    auto parsed = Certificate::parse(whole);
    size_t extension =
        static_cast<size_t>((*parsed)->extension(evidence_oid)->value.data() - (*parsed)->der().data());
    size_t accepted = 0;
    // Tag, array, lengths, the header and body of the quote; and the claims at the end.
    for (size_t at = extension; at < extension + 640; at++) {
        Bytes changed = whole;
        changed[at] ^= static_cast<uint8_t>(1 << at % 8);
        accepted += world("tdx").judge(changed, Bytes(8, 1)).accepted();
    }
    EXPECT_EQ(accepted, 0u);
}

TEST(CertificateTest, ExtensionsAreNotCriticalAndEndorsementsAreThere) {
    auto identity = make_identity(world("snp").attester(), {.endorsements = Bytes{1, 2}});
    ASSERT_TRUE(identity.ok());
    auto parsed = Certificate::parse(identity->certificate);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    ASSERT_NE((*parsed)->extension(evidence_oid), nullptr);
    EXPECT_FALSE((*parsed)->extension(evidence_oid)->critical);
    EXPECT_EQ(to_hex((*parsed)->extension(endorsements_oid)->value), "0102");
}

TEST(CertificateTest, HostNamesCannotSmuggleOtherNames) {
    EXPECT_FALSE(make_identity(world("tdx").attester(), {.host_names = {"a,URI:x"}}).ok());
    EXPECT_TRUE(
        make_identity(world("tdx").attester(), {.host_names = {"a.example", "192.0.2.1", "2001:db8::1"}})
            .ok());
}

TEST(CertificateTest, OpensslsOwnToolsReadWhatIsMade) {
    for (const char* name : {"sgx", "tdx", "snp"}) {
        auto identity = make_identity(world(name).attester(),
                                      {.form = CertificateForm::both, .host_names = {"a.example"}});
        ASSERT_TRUE(identity.ok());
        char path[] = "/tmp/litebox-cert-XXXXXX";
        close(mkstemp(path));
        std::ofstream(path, std::ios::binary) << as_text(identity->certificate);
        std::string file = path;
        EXPECT_EQ(system(("openssl x509 -inform DER -in " + file + " -noout -text | grep -q '2.23.133.5.4.9'")
                             .c_str()),
                  0)
            << name;
        EXPECT_EQ(
            system(
                ("openssl asn1parse -inform DER -in " + file + " | grep -q '1.2.840.113741.1337.6'").c_str()),
            0)
            << name;
        // Self-signed and whole: the certificate verifies under itself, the unknown extensions being no
        // obstacle.
        EXPECT_EQ(system(("openssl x509 -inform DER -in " + file + " -out " + file +
                          ".pem && openssl verify -partial_chain -CAfile " + file + ".pem " + file +
                          ".pem >/dev/null")
                             .c_str()),
                  0)
            << name;
        std::filesystem::remove(file);
        std::filesystem::remove(file + ".pem");
    }
}

// Certificates of other makers. Their quotes are genuine; without collateral of their time the verdict cannot
// be "accepted", and must not be anything that speaks of a broken binding.

Verdict judge_vector(const std::string& name) {
    Bytes pem = tests::vector_file(name);
    auto blocks = parse_pem(as_text(pem));
    EXPECT_TRUE(blocks.ok() && !blocks->empty());
    static const Roots roots = Roots::production();
    static const PreparedCollateral none{Collateral{}};
    Policy policy;
    policy.require_identity = false;
    policy.allow_debug = true;
    return verify_certificate(blocks->front().der, {&roots, &none, &policy, *parse_time("2024-06-01"), {}});
}

TEST(OtherMakersTest, GraminesCertificateBindsItsKey) {
    NEEDS_VECTORS();
    Verdict verdict = judge_vector("ratls/gramine-cert.pem");
    EXPECT_EQ(verdict.state("tls-evidence"), CheckState::passed);
    EXPECT_EQ(verdict.state("tls-key-binding"), CheckState::passed);
    EXPECT_EQ(verdict.state("quote-signature"), CheckState::passed);
    EXPECT_EQ(verdict.status(), Status::wrong_collateral) << why(verdict);
    bool named = false;
    for (const auto& [claim, value] : verdict.claims) named = named || value.starts_with("0866e7ca");
    EXPECT_TRUE(named) << "MRENCLAVE";
}

TEST(OtherMakersTest, RatsRsCertificateBindsItsKey) {
    NEEDS_VECTORS();
    Verdict verdict = judge_vector("ratls/rats-rs-demo-sgx-cert.pem");
    EXPECT_EQ(verdict.state("tls-key-binding"), CheckState::passed);
    EXPECT_EQ(verdict.state("quote-signature"), CheckState::passed);
    EXPECT_EQ(verdict.status(), Status::wrong_collateral) << why(verdict);
}

TEST(OtherMakersTest, OpenEnclavesCertificatesBindTheirKeysAsPemText) {
    NEEDS_VECTORS();
    for (const char* name : {"sgx_neg/oe_sgx_cert_ec_bad.der", "sgx_neg/oe_sgx_cert_rsa_bad.der"}) {
        Bytes der = tests::vector_file(name);
        Roots roots = Roots::production();
        Policy policy;
        PreparedCollateral none{Collateral{}};
        Verdict verdict =
            verify_certificate(der, {&roots, &none, &policy, parse_time("2020-06-01T00:00:00Z").value(), {}});
        EXPECT_EQ(verdict.state("tls-key-binding"), CheckState::passed) << name << ": " << why(verdict);
        EXPECT_EQ(verdict.state("policy-report-data"), CheckState::passed) << name;
        EXPECT_EQ(verdict.state("pck-chain"), CheckState::failed) << "what is bad about " << name;
        EXPECT_FALSE(verdict.accepted());
    }
}

TEST(OtherMakersTest, GraminesLegacyExtensionBindsItsKeyToo) {
    NEEDS_VECTORS();
    auto blocks = parse_pem(as_text(tests::vector_file("ratls/gramine-cert.pem")));
    auto certificate = Certificate::parse(blocks->front().der);
    ASSERT_TRUE(certificate.ok()) << certificate.error().message;
    const Extension* legacy = (*certificate)->extension(legacy_doubled_oid);
    ASSERT_NE(legacy, nullptr);
    auto quote = parse_quote(legacy->value);
    ASSERT_TRUE(quote.ok()) << quote.error().message;
    auto hash = sha256((*certificate)->spki());
    EXPECT_TRUE(equal(ByteView(std::get<SgxReportBody>(quote->body).report_data).first(32), hash));
}

}  // namespace
}  // namespace litebox::attest::tls
