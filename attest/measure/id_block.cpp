#include "attest/measure/id_block.h"

#include "attest/base/crypto.h"
#include "attest/base/encode.h"

namespace litebox::attest::measure {

namespace {

constexpr uint32_t algorithm_p384 = 1, curve_p384 = 2;
constexpr size_t coordinate = 48, coordinate_field = 72;
// ID_AUTH.
constexpr size_t at_id_algorithm = 0, at_author_algorithm = 4, at_block_signature = 0x40, at_id_key = 0x240,
                 at_key_signature = 0x680, at_author_key = 0x880;

Bytes reversed(ByteView bytes) {
    return Bytes(bytes.rbegin(), bytes.rend());
}

/// The big-endian pair of two little-endian numbers in fields of 72 bytes; refused where a number is longer
/// than the curve's.
Result<Bytes> big_endian_pair(ByteView fields, const char* what) {
    Bytes out;
    for (size_t i = 0; i < 2; i++) {
        ByteView field = fields.subspan(i * coordinate_field, coordinate_field);
        if (!all_zero(field.subspan(coordinate)))
            return Error{std::string(what) + " is longer than P-384 has it"};
        append(out, reversed(field.first(coordinate)));
    }
    return out;
}

Result<PublicKey> read_key(ByteView bytes, const char* what) {
    if (load32(bytes.data()) != curve_p384) return Error{std::string(what) + " is not on P-384"};
    Bytes point = ATTEST_TRY(big_endian_pair(bytes.subspan(4), what));
    if (!all_zero(bytes.subspan(4 + 2 * coordinate_field)))
        return Error{std::string(what) + " has bytes set where none may be"};
    return PublicKey::from_point(Curve::p384, point);
}

Result<void> check_signature(const PublicKey& key, ByteView message, ByteView signature, const char* what) {
    Bytes raw = ATTEST_TRY(big_endian_pair(signature, what));
    if (!all_zero(signature.subspan(2 * coordinate_field)))
        return Error{std::string(what) + " has bytes set where none may be"};
    if (!key.verify_ecdsa(Hash::sha384, message, raw)) return Error{std::string(what) + " is wrong"};
    return {};
}

}  // namespace

Bytes encode(const IdBlock& block) {
    Bytes out(id_block_size);
    put(out, 0, block.launch_digest);
    put(out, 48, block.family_id);
    put(out, 64, block.image_id);
    put_number(out, 80, block.version, 4);
    put_number(out, 84, block.guest_svn, 4);
    put_number(out, 88, block.policy, 8);
    return out;
}

Result<IdBlock> parse_id_block(ByteView bytes) {
    if (bytes.size() != id_block_size) return Error{"an ID block has 96 bytes"};
    Reader reader(bytes);
    IdBlock block;
    block.launch_digest = reader.array<48>();
    block.family_id = reader.array<16>();
    block.image_id = reader.array<16>();
    block.version = reader.u32();
    block.guest_svn = reader.u32();
    block.policy = reader.u64();
    if (block.version != 1)
        return Error{"an ID block of version " + std::to_string(block.version) + "; 1 is known"};
    return block;
}

Bytes id_public_key(ByteView point) {
    Bytes out(id_public_key_size);
    put_number(out, 0, curve_p384, 4);
    put(out, 4, reversed(point.first(coordinate)));
    put(out, 4 + coordinate_field, reversed(point.subspan(coordinate, coordinate)));
    return out;
}

Bytes id_signature(ByteView raw) {
    Bytes out(id_signature_size);
    put(out, 0, reversed(raw.first(coordinate)));
    put(out, coordinate_field, reversed(raw.subspan(coordinate, coordinate)));
    return out;
}

Result<Bytes> make_id_auth(ByteView block, const PrivateKey& id_key,
                           const std::optional<PrivateKey>& author_key) {
    Bytes out(id_auth_size), key = id_public_key(id_key.public_point());
    put_number(out, at_id_algorithm, algorithm_p384, 4);
    put(out, at_block_signature, id_signature(ATTEST_TRY(id_key.sign(block))));
    put(out, at_id_key, key);
    if (!author_key) return out;
    put_number(out, at_author_algorithm, algorithm_p384, 4);
    put(out, at_key_signature, id_signature(ATTEST_TRY(author_key->sign(key))));
    put(out, at_author_key, id_public_key(author_key->public_point()));
    return out;
}

Result<void> check_author(ByteView auth) {
    if (auth.size() != id_auth_size) return Error{"ID_AUTH has 4096 bytes"};
    if (load32(&auth[at_author_algorithm]) != algorithm_p384)
        return Error{"ID_AUTH names no author key on P-384"};
    PublicKey author =
        ATTEST_TRY(read_key(auth.subspan(at_author_key, id_public_key_size), "the author key"));
    return check_signature(author, auth.subspan(at_id_key, id_public_key_size),
                           auth.subspan(at_key_signature, id_signature_size), "the author's signature");
}

Result<IdAuth> check_id_auth(ByteView auth, ByteView block) {
    if (auth.size() != id_auth_size) return Error{"ID_AUTH has 4096 bytes"};
    if (load32(&auth[at_id_algorithm]) != algorithm_p384) return Error{"ID_AUTH names no ID key on P-384"};
    ByteView id_key = auth.subspan(at_id_key, id_public_key_size);
    PublicKey key = ATTEST_TRY(read_key(id_key, "the ID key"));
    if (auto done = check_signature(key, block, auth.subspan(at_block_signature, id_signature_size),
                                    "the ID key's signature");
        !done)
        return done.error();
    IdAuth checked;
    checked.id_key_digest = sha384(id_key);
    if (load32(&auth[at_author_algorithm]) == 0) {
        if (!all_zero(auth.subspan(at_key_signature)))
            return Error{"ID_AUTH has an author key but no algorithm for it"};
        return checked;
    }
    if (auto done = check_author(auth); !done) return done.error();
    checked.author_key_digest = sha384(auth.subspan(at_author_key, id_public_key_size));
    return checked;
}

}  // namespace litebox::attest::measure
