#include "attest/tls/cbor.h"

#include <gtest/gtest.h>

#include "attest/tls/claims.h"

namespace litebox::attest::tls {
namespace {

Bytes hex(std::string_view text) {
    return *from_hex(text);
}

TEST(CborTest, HeadsAreTheShortest) {
    for (auto [value, encoded] : {std::pair<uint64_t, const char*>{0, "00"},
                                  {23, "17"},
                                  {24, "1818"},
                                  {255, "18ff"},
                                  {256, "190100"},
                                  {65535, "19ffff"},
                                  {65536, "1a00010000"},
                                  {0xffffffff, "1affffffff"},
                                  {0x100000000, "1b0000000100000000"}}) {
        Bytes out;
        put_cbor(out, CborType::unsigned_integer, value);
        EXPECT_EQ(to_hex(out), encoded);
    }
}

TEST(CborTest, LengthsThatLieAreNotBelieved) {
    for (const char* lie : {"5bffffffffffffffff", "5a7fffffff00", "9bffffffffffffffff", "bb7fffffffffffffff",
                            "4401", "d9ea60825bffffffffffffffff", "a16b7075626b65792d686173685a7fffffff"}) {
        EXPECT_FALSE(parse_tagged_evidence(hex(lie)).ok()) << lie;
        EXPECT_FALSE(parse_claims(hex(lie)).ok()) << lie;
    }
}

TEST(ClaimsTest, TagsInsideAreRefused) {
    EXPECT_TRUE(parse_tagged_evidence(hex("d9ea60824040")).ok());
    for (const char* tagged : {"d9ea6082c14040", "d9ea608240c140", "d9ea63824040", "824040"})
        EXPECT_FALSE(parse_tagged_evidence(hex(tagged)).ok()) << tagged;
}

TEST(ClaimsTest, WhatIsWrittenIsRead) {
    Bytes spki(91, 7), nonce(32, 9);
    auto claims = parse_claims(encode_claims(spki, nonce));
    ASSERT_TRUE(claims.ok()) << claims.error().message;
    EXPECT_TRUE(claims->names(spki));
    EXPECT_FALSE(claims->names(Bytes(91, 8)));
    EXPECT_TRUE(equal(claims->nonce, nonce));
    EXPECT_TRUE(parse_claims(encode_claims(spki, {}))->nonce.empty());
}

TEST(ClaimsTest, EveryTruncationIsRefused) {
    Bytes claims = encode_claims(Bytes(91, 7), Bytes(32, 9));
    for (size_t size = 0; size < claims.size(); size++)
        EXPECT_FALSE(parse_claims(ByteView(claims).first(size)).ok()) << size;
    Bytes tagged = encode_tagged_quote(Bytes(100, 1), claims),
          wrapped = encode_wrapped_evidence(Bytes(100, 1), claims);
    for (const Bytes* whole : {&tagged, &wrapped}) {
        ASSERT_TRUE(parse_tagged_evidence(*whole).ok());
        for (size_t size = 0; size < whole->size(); size++)
            EXPECT_FALSE(parse_tagged_evidence(ByteView(*whole).first(size)).ok()) << size;
        Bytes longer = *whole;
        longer.push_back(0);
        EXPECT_FALSE(parse_tagged_evidence(longer).ok());
    }
}

TEST(ClaimsTest, AKeyNamedTwiceOrByAWeakHashIsRefused) {
    Bytes twice;
    put_cbor(twice, CborType::map, 2);
    for (int i = 0; i < 2; i++) {
        put_cbor_text(twice, "pubkey-hash");
        Bytes key = hex("82015820");
        key.resize(36);
        put_cbor_bytes(twice, key);
    }
    EXPECT_FALSE(parse_claims(twice).ok());
    // Algorithm 6 is SHA-256 cut to 32 bits.
    EXPECT_FALSE(parse_claims(hex("a16b7075626b65792d6861736847820644deadbeef")).ok());
    EXPECT_FALSE(parse_claims(hex("a0")).ok());
}

TEST(ClaimsTest, LocalReportsAreNamedInTheRefusal) {
    for (const char* tag : {"d9ea61", "d9ea62"}) {
        auto parsed = parse_tagged_evidence(hex(std::string(tag) + "824040"));
        ASSERT_FALSE(parsed.ok());
        EXPECT_NE(parsed.error().message.find("only the machine"), std::string::npos)
            << parsed.error().message;
    }
}

}  // namespace
}  // namespace litebox::attest::tls
