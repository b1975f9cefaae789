// SEV-SNP's ID block: which launch a guest's owner allows, signed by an ID key, which an author key may vouch
// for (AMD 56860, ID_BLOCK and ID_AUTH).
#pragma once

#include <optional>

#include "attest/measure/private_key.h"
#include "attest/measure/snp.h"

namespace litebox::attest::measure {

inline constexpr size_t id_block_size = 96, id_auth_size = 4096, id_public_key_size = 1028,
                        id_signature_size = 512;

struct IdBlock {
    LaunchDigest launch_digest{};
    Field<16> family_id{}, image_id{};
    uint32_t version = 1;
    uint32_t guest_svn = 0;
    uint64_t policy = 0x30000;
};
Bytes encode(const IdBlock& block);
Result<IdBlock> parse_id_block(ByteView bytes);

/// A public key as the firmware takes it: curve, x and y little-endian in 72 bytes each. Reports carry its
/// SHA-384.
Bytes id_public_key(ByteView point);
/// A signature as the firmware takes it, from r || s big-endian.
Bytes id_signature(ByteView raw);

/// The 4096 bytes of ID_AUTH over `block`; without an author key its parts are zero.
Result<Bytes> make_id_auth(ByteView block, const PrivateKey& id_key,
                           const std::optional<PrivateKey>& author_key);

struct IdAuth {
    Field<48> id_key_digest{};
    std::optional<Field<48>> author_key_digest;
};
/// Every signature checked: the ID key's over `block`, and the author's over the ID key where there is one.
/// Digests as in reports.
Result<IdAuth> check_id_auth(ByteView auth, ByteView block);
/// The author's signature alone, for an ID_AUTH whose block is not at hand.
Result<void> check_author(ByteView auth);

}  // namespace litebox::attest::measure
