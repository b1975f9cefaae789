#include "attest/tls/cbor.h"

#include <gtest/gtest.h>

#include "attest/tls/claims.h"

namespace litebox::attest::tls {
namespace {

Bytes hex(std::string_view text) {
    return *from_hex(text);
}

TEST(CborTest, ShortestHeadsAlone) {
    for (uint64_t value :
         {uint64_t{0}, uint64_t{23}, uint64_t{24}, uint64_t{255}, uint64_t{256}, uint64_t{65535},
          uint64_t{65536}, uint64_t{0xffffffff}, uint64_t{0x100000000}, ~uint64_t{0}}) {
        Bytes out;
        put_cbor(out, CborType::unsigned_integer, value);
        CborReader reader(out);
        EXPECT_EQ(reader.unsigned_integer(), value);
        EXPECT_TRUE(reader.finished());
    }
    for (const char* longer :
         {"1800", "1817", "190017", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1c", "1f"}) {
        Bytes bytes = hex(longer);
        CborReader reader(bytes);
        (void)reader.unsigned_integer();
        EXPECT_TRUE(reader.failed()) << longer;
    }
}

TEST(CborTest, LengthsThatLieAreNotBelieved) {
    for (const char* lie :
         {"5bffffffffffffffff", "5a7fffffff00", "9bffffffffffffffff", "bb7fffffffffffffff", "4401"}) {
        Bytes bytes = hex(lie);
        CborReader reader(bytes);
        EXPECT_TRUE(reader.any().empty()) << lie;
        EXPECT_TRUE(reader.failed()) << lie;
    }
}

TEST(CborTest, DepthHasALimit) {
    Bytes deep(64, 0x81);
    deep.push_back(0);
    CborReader reader(deep);
    reader.any();
    EXPECT_TRUE(reader.failed());
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
