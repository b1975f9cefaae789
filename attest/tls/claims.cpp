#include "attest/tls/claims.h"

#include <utility>

#include "attest/tls/cbor.h"

namespace litebox::attest::tls {

namespace {

constexpr uint64_t quote_tag = 60000, td_report_tag = 60001, sgx_report_tag = 60002;
// IANA's "Named Information Hash Algorithm" numbers.
constexpr uint64_t named_sha256 = 1, named_sha384 = 7, named_sha512 = 8;
constexpr uint64_t cmw_evidence = 4;

Error not_claims() {
    return Error{"the claims beside the evidence are not the CBOR map that they must be"};
}

Result<TaggedEvidence> parse_pair(CborReader& reader) {
    if (reader.array() != 2) return Error{"tagged evidence is not an array of evidence and claims"};
    ByteView evidence = reader.byte_string(), claims = reader.byte_string();
    if (!reader.finished()) return Error{"tagged evidence is not an array of evidence and claims"};
    return TaggedEvidence{to_bytes(evidence), to_bytes(claims)};
}

Result<void> read_key_hash(ByteView encoded, Claims& claims) {
    CborReader reader(encoded);
    if (reader.array() != 2) return not_claims();
    uint64_t algorithm = reader.unsigned_integer();
    ByteView hash = reader.byte_string();
    if (!reader.finished()) return not_claims();
    if (algorithm != named_sha256 && algorithm != named_sha384 && algorithm != named_sha512) {
        return Error{"the public key's hash is of algorithm " + std::to_string(algorithm) +
                     ", not SHA-256, SHA-384 or SHA-512"};
    }
    claims.hash = algorithm == named_sha256   ? Hash::sha256
                  : algorithm == named_sha384 ? Hash::sha384
                                              : Hash::sha512;
    if (hash.size() != hash_size(claims.hash)) return Error{"the public key's hash is of a wrong size"};
    claims.public_key_hash = to_bytes(hash);
    return {};
}

}  // namespace

bool Claims::names(ByteView spki) const {
    return equal_secret(public_key_hash, digest(hash, {spki}));
}

Bytes encode_claims(ByteView spki, ByteView nonce) {
    Bytes key;
    put_cbor(key, CborType::array, 2);
    put_cbor(key, CborType::unsigned_integer, named_sha256);
    put_cbor_bytes(key, sha256(spki));
    Bytes out;
    put_cbor(out, CborType::map, nonce.empty() ? 1 : 2);
    // Deterministic order: shorter keys first.
    if (!nonce.empty()) {
        put_cbor_text(out, "nonce");
        put_cbor_bytes(out, nonce);
    }
    put_cbor_text(out, "pubkey-hash");
    put_cbor_bytes(out, key);
    return out;
}

Result<Claims> parse_claims(ByteView cbor) {
    CborReader reader(cbor);
    uint64_t count = reader.map();
    if (reader.failed() || count > cbor.size()) return not_claims();
    Claims claims;
    bool key_seen = false, nonce_seen = false;
    for (uint64_t i = 0; i < count; i++) {
        std::string_view name = reader.next_is(CborType::text) ? reader.text() : std::string_view();
        if (name.empty()) return not_claims();
        if (name == "pubkey-hash") {
            if (std::exchange(key_seen, true)) return Error{"the claims name the public key twice"};
            ByteView encoded = reader.byte_string();
            if (reader.failed()) return not_claims();
            if (Result<void> read = read_key_hash(encoded, claims); !read.ok()) return read.error();
        } else if (name == "nonce") {
            if (std::exchange(nonce_seen, true)) return Error{"the claims hold two nonces"};
            claims.nonce = to_bytes(reader.byte_string());
        } else {
            reader.any();
        }
    }
    if (!reader.finished()) return not_claims();
    if (!key_seen) return Error{"the claims do not name the certificate's public key (\"pubkey-hash\")"};
    return claims;
}

Bytes claims_report_data(ByteView claims) {
    auto hash = sha256(claims);
    return Bytes(hash.begin(), hash.end());
}

Bytes encode_tagged_quote(ByteView quote, ByteView claims) {
    Bytes out;
    put_cbor(out, CborType::tag, quote_tag);
    put_cbor(out, CborType::array, 2);
    put_cbor_bytes(out, quote);
    put_cbor_bytes(out, claims);
    return out;
}

Bytes encode_wrapped_evidence(ByteView evidence, ByteView claims) {
    Bytes pair;
    put_cbor(pair, CborType::array, 2);
    put_cbor_bytes(pair, evidence);
    put_cbor_bytes(pair, claims);
    Bytes out;
    put_cbor(out, CborType::array, 3);
    put_cbor_text(out, wrapped_media_type);
    put_cbor_bytes(out, pair);
    put_cbor(out, CborType::unsigned_integer, cmw_evidence);
    return out;
}

Result<TaggedEvidence> parse_tagged_evidence(ByteView cbor) {
    CborReader reader(cbor);
    if (reader.next_is(CborType::tag)) {
        uint64_t tag = reader.tag();
        if (tag == td_report_tag || tag == sgx_report_tag) {
            return Error{"the certificate carries a report (CBOR tag " + std::to_string(tag) +
                         "), which only the machine that made it can check: a quote is needed"};
        }
        if (tag != quote_tag)
            return Error{"evidence with CBOR tag " + std::to_string(tag) + ", which is not known"};
        return parse_pair(reader);
    }
    uint64_t count = reader.next_is(CborType::array) ? reader.array() : 0;
    if (count != 2 && count != 3)
        return Error{"the evidence extension is neither tagged evidence nor a CMW record"};
    if (!reader.next_is(CborType::text)) return Error{"a CMW record whose type is no media type"};
    std::string_view type = reader.text();
    ByteView value = reader.byte_string();
    uint64_t indicator = count == 3 ? reader.unsigned_integer() : cmw_evidence;
    if (!reader.finished()) return Error{"the CMW record is damaged"};
    if (type != wrapped_media_type)
        return Error{"a CMW record of type \"" + std::string(type.substr(0, 80)) + "\", which is not known"};
    if (indicator != cmw_evidence) return Error{"a CMW record that says it is no evidence"};
    CborReader pair(value);
    return parse_pair(pair);
}

}  // namespace litebox::attest::tls
