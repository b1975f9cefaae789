#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "attest/broker/jose.h"
#include "attest/broker/seal.h"
#include "tests/unit/attest/broker/temporary.h"

// That others can decrypt what is encrypted here is shown by tests/attest/test_broker_kbs.py, with another
// library.

namespace litebox::attest::broker {
namespace {

Result<TeeKey> parse_key(const std::string& text) {
    Json json = ATTEST_TRY(Json::parse(text));
    return TeeKey::parse(json);
}

// The key pairs of RFC 7518, appendix C.
constexpr std::string_view bob_x = "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
                           bob_y = "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck";

std::string ec_jwk(std::string_view crv, std::string_view x, std::string_view y,
                   std::string_view alg = "ECDH-ES+A256KW") {
    return "{\"kty\":\"EC\",\"alg\":\"" + std::string(alg) + "\",\"crv\":\"" + std::string(crv) +
           "\",\"x\":\"" + std::string(x) + "\",\"y\":\"" + std::string(y) + "\"}";
}

TEST(JoseTest, KeysThatAreNoneAreRefused) {
    EXPECT_TRUE(parse_key(ec_jwk("P-256", bob_x, bob_y)).ok());
    EXPECT_FALSE(parse_key(ec_jwk("P-256", bob_y, bob_x)).ok()) << "not on the curve";
    EXPECT_FALSE(parse_key(ec_jwk("P-384", bob_x, bob_y)).ok()) << "too short for the curve";
    EXPECT_FALSE(parse_key(ec_jwk("P-256", bob_x, bob_y, "ECDH-ES")).ok());
    EXPECT_FALSE(parse_key(ec_jwk("P-256K", bob_x, bob_y)).ok());
    EXPECT_FALSE(parse_key(R"({"kty":"oct","alg":"dir","k":"AAAA"})").ok());
    EXPECT_FALSE(parse_key(R"({"kty":"RSA","alg":"RSA-OAEP-256","n":"AQAB","e":"AQAB"})").ok())
        << "a modulus of 24 bits";
    EXPECT_FALSE(parse_key("{}").ok());
}

TEST(JoseTest, CanonicalFormSortsAndTightens) {
    Json json = *Json::parse(
        R"( { "nonce" : "b+/=", "a": [1, true, null, {"z":"","y":-5}], "tee-pubkey": {"n":"q","alg":"x"} } )");
    EXPECT_EQ(*canonical_json(json),
              R"({"a":[1,true,null,{"y":-5,"z":""}],"nonce":"b+/=","tee-pubkey":{"alg":"x","n":"q"}})");
    EXPECT_FALSE(canonical_json(*Json::parse("[1.5]")).ok());
}

TEST(JoseTest, Base64UrlIsStrict) {
    EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff, 0xfe, 1}), "-__-AQ");
    EXPECT_TRUE(from_base64url("-__-AQ").ok());
    for (const char* wrong : {"-__-AQ==", "+//+AQ", "-__-A Q", "-__-AR"})
        EXPECT_FALSE(from_base64url(wrong).ok()) << wrong;
}

TEST(JoseTest, EachSecretHasAKeyAndAnIvOfItsOwn) {
    TeeKey key = *parse_key(ec_jwk("P-256", bob_x, bob_y));
    std::string one = *encrypt_jwe(key, as_bytes("x"), JweForm::rfc7516),
                two = *encrypt_jwe(key, as_bytes("x"), JweForm::rfc7516);
    for (const char* member : {"protected", "encrypted_key", "iv", "ciphertext", "tag"}) {
        EXPECT_NE(*Json::parse(one)->text_member(member), *Json::parse(two)->text_member(member)) << member;
    }
}

TEST(JoseTest, OnlyItsOwnTokensAreOpened) {
    TokenSigner signer, other;
    std::string token = signer.sign(R"({"exp":5})");
    ASSERT_TRUE(signer.open(token).ok());
    EXPECT_EQ(*signer.open(token), R"({"exp":5})");
    EXPECT_FALSE(other.open(token).ok());
    for (size_t i = 0; i < token.size(); i++) {
        std::string changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(signer.open(changed).ok()) << i;
    }
    for (const char* wrong : {"", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30."})
        EXPECT_FALSE(signer.open(wrong).ok()) << wrong;
}

TEST(SealTest, ALabelAKeyAndEveryBitCount) {
    SecretBytes key = random_key();
    Bytes sealed = seal(key, label({"a", "b"}), as_bytes("text"));
    ASSERT_TRUE(unseal(key, label({"a", "b"}), sealed).ok());
    EXPECT_FALSE(unseal(key, label({"ab", ""}), sealed).ok());
    EXPECT_FALSE(unseal(random_key(), label({"a", "b"}), sealed).ok());
    for (size_t bit = 0; bit < sealed.size() * 8; bit++) {
        Bytes changed = sealed;
        changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        EXPECT_FALSE(unseal(key, label({"a", "b"}), changed).ok()) << bit;
    }
    EXPECT_FALSE(unseal(key, label({"a", "b"}), ByteView(sealed).first(20)).ok());
}

TEST(SealTest, DerivedKeysDifferByPurpose) {
    SecretBytes key = random_key();
    EXPECT_FALSE(equal(derive_key(key, "a"), derive_key(key, "b")));
    EXPECT_TRUE(equal(derive_key(key, "a"), derive_key(key, "a")));
    // RFC 4231, test case 2.
    EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace litebox::attest::broker
