// ID blocks: the firmware's layout, keys and signatures made and checked.
#include "attest/measure/id_block.h"

#include <gtest/gtest.h>

#include "../vectors.h"
#include "test_keys.h"

namespace litebox::attest::measure {
namespace {

PrivateKey curve_key(const char* pem) {
    return PrivateKey::from_pem(pem, PrivateKey::Kind::p384).value();
}

TEST(IdBlock, another_tools_block_key_digests_and_author_signature_agree) {
    NEEDS_VECTORS();
    Bytes id_pem = tests::vector_file("snp_measure/id_key_test.pem"),
          author_pem = tests::vector_file("snp_measure/author_key_test.pem");
    auto id_key = PrivateKey::from_pem(as_text(id_pem), PrivateKey::Kind::p384);
    auto author_key = PrivateKey::from_pem(as_text(author_pem), PrivateKey::Kind::p384);
    ASSERT_TRUE(id_key.ok() && author_key.ok());
    IdBlock block;
    Bytes digest = from_base64("B28FLQi9p6cAqipgjFyqawDrrSl7bWioWkWx5mmlWLZ+G5HShKMB/mPE+gdQRn7t").value();
    std::ranges::copy(digest, block.launch_digest.begin());
    Bytes encoded = encode(block);
    EXPECT_EQ(to_base64(encoded),
              "B28FLQi9p6cAqipgjFyqawDrrSl7bWioWkWx5mmlWLZ+G5HShKMB/"
              "mPE+gdQRn7tAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
              "AAABAAAAAAAAAAAAAwAAAAAA");
    auto auth = make_id_auth(encoded, *id_key, *author_key);
    ASSERT_TRUE(auth.ok());
    auto checked = check_id_auth(*auth, encoded);
    ASSERT_TRUE(checked.ok()) << checked.error().message;
    EXPECT_EQ(to_base64(checked->id_key_digest),
              "hwt+NcU/inLQ0yL3WrKvgmJ5Kq9leWIs5BMcPyHyied8sFYKXjuQs5MuZ07HCcsU");
    EXPECT_EQ(to_base64(*checked->author_key_digest),
              "YxEcNLv8Ckk4+aAJvQdJgNgXIyPmFZnJ/TNtqGcySOHcqY0L6PdjdqEGuK/UwKBX");

    Bytes foreign = tests::vector_file("snp_measure/virtee_test_auth_block.bin");
    auto author = check_author(foreign);
    EXPECT_TRUE(author.ok()) << author.error().message;
    foreign[0x250] ^= 1;
    EXPECT_FALSE(check_author(foreign).ok());
}

TEST(IdBlock, every_changed_byte_of_block_or_keys_is_refused) {
    PrivateKey id_key = curve_key(test_id_key), author = curve_key(test_author_key);
    Bytes block = encode({.guest_svn = 3, .policy = 0x30000});
    auto auth = make_id_auth(block, id_key, author);
    ASSERT_TRUE(auth.ok());
    ASSERT_TRUE(check_id_auth(*auth, block).ok());
    for (size_t at = 0; at < block.size(); at += 5) {
        Bytes other = block;
        other[at] ^= 1;
        EXPECT_FALSE(check_id_auth(*auth, other).ok()) << at;
    }
    for (size_t at : {0x00, 0x04, 0x40, 0x88, 0xD0, 0x240, 0x244, 0x28C, 0x300, 0x680, 0x6C8, 0x880, 0x884}) {
        Bytes other = *auth;
        other[at] ^= 1;
        EXPECT_FALSE(check_id_auth(other, block).ok()) << at;
    }
}

TEST(IdBlock, an_author_is_optional_but_never_half_there) {
    PrivateKey id_key = curve_key(test_id_key);
    Bytes block = encode({});
    auto auth = make_id_auth(block, id_key, std::nullopt);
    ASSERT_TRUE(auth.ok());
    auto checked = check_id_auth(*auth, block);
    ASSERT_TRUE(checked.ok());
    EXPECT_FALSE(checked->author_key_digest.has_value());
    EXPECT_FALSE(check_author(*auth).ok());
    (*auth)[0x880] = 2;
    EXPECT_FALSE(check_id_auth(*auth, block).ok());
}

TEST(IdBlock, keys_of_another_kind_and_encrypted_ones_are_refused) {
    EXPECT_FALSE(PrivateKey::from_pem(test_id_key, PrivateKey::Kind::rsa3072).ok());
    EXPECT_FALSE(PrivateKey::from_pem("not a key", PrivateKey::Kind::p384).ok());
    EXPECT_FALSE(parse_id_block(Bytes(95)).ok());
    EXPECT_EQ(parse_id_block(encode({.guest_svn = 7}))->guest_svn, 7u);
}

}  // namespace
}  // namespace litebox::attest::measure
