#include "attest/tls/claims.h"

#include <algorithm>

#include "attest/tls/cbor.h"
#include "attest/wrap/document.h"

namespace litebox::attest::tls {

namespace {

constexpr uint64_t quote_tag = 60000, td_report_tag = 60001, sgx_report_tag = 60002;
// IANA's "Named Information Hash Algorithm" numbers.
constexpr int64_t named_sha256 = 1, named_sha384 = 7, named_sha512 = 8;
constexpr int64_t cmw_evidence = 4;

Error not_claims() {
    return Error{"the claims beside the evidence are not the CBOR map that they must be"};
}

bool is_bytes(const Document& item) {
    return item.is(Document::Kind::bytes) && !item.tag;
}

Result<TaggedEvidence> parse_pair(const Document& pair) {
    if (!pair.is(Document::Kind::list) || pair.items.size() != 2 ||
        !std::ranges::all_of(pair.items, is_bytes))
        return Error{"tagged evidence is not an array of evidence and claims"};
    return TaggedEvidence{pair.items[0].bytes, pair.items[1].bytes};
}

Result<void> read_key_hash(ByteView encoded, Claims& claims) {
    Result<Document> pair = document_from_cbor(encoded);
    bool good = pair && pair->is(Document::Kind::list) && !pair->tag && pair->items.size() == 2 &&
                pair->items[0].is(Document::Kind::integer) && is_bytes(pair->items[1]);
    if (!good) return not_claims();
    int64_t algorithm = pair->items[0].integer;
    if (algorithm != named_sha256 && algorithm != named_sha384 && algorithm != named_sha512) {
        return Error{"the public key's hash is of algorithm " + std::to_string(algorithm) +
                     ", not SHA-256, SHA-384 or SHA-512"};
    }
    claims.hash = algorithm == named_sha256   ? Hash::sha256
                  : algorithm == named_sha384 ? Hash::sha384
                                              : Hash::sha512;
    claims.public_key_hash = pair->items[1].bytes;
    if (claims.public_key_hash.size() != hash_size(claims.hash))
        return Error{"the public key's hash is of a wrong size"};
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
    Result<Document> map = document_from_cbor(cbor);
    if (!map || !map->is(Document::Kind::map) || map->tag) return not_claims();
    const Document *key = map->find("pubkey-hash"), *nonce = map->find("nonce");
    if (!key) return Error{"the claims do not name the certificate's public key (\"pubkey-hash\")"};
    if (!is_bytes(*key) || (nonce && !is_bytes(*nonce))) return not_claims();
    Claims claims;
    ATTEST_TRY(read_key_hash(key->bytes, claims));
    if (nonce) claims.nonce = nonce->bytes;
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
    Document whole = ATTEST_TRY(document_from_cbor(cbor));
    if (whole.tag == td_report_tag || whole.tag == sgx_report_tag) {
        return Error{"the certificate carries a report (CBOR tag " + std::to_string(whole.tag) +
                     "), which only the machine that made it can check: a quote is needed"};
    }
    if (whole.tag == quote_tag) return parse_pair(whole);
    if (whole.tag)
        return Error{"evidence with CBOR tag " + std::to_string(whole.tag) + ", which is not known"};
    size_t count = whole.items.size();
    if (!whole.is(Document::Kind::list) || (count != 2 && count != 3))
        return Error{"the evidence extension is neither tagged evidence nor a CMW record"};
    const Document& type = whole.items[0];
    if (!type.is(Document::Kind::text)) return Error{"a CMW record whose type is no media type"};
    if (type.text != wrapped_media_type)
        return Error{"a CMW record of type \"" + type.text.substr(0, 80) + "\", which is not known"};
    bool evidence =
        count == 2 || (whole.items[2].is(Document::Kind::integer) && whole.items[2].integer == cmw_evidence);
    if (!evidence) return Error{"a CMW record that says it is no evidence"};
    if (!is_bytes(whole.items[1])) return Error{"the CMW record is damaged"};
    return parse_pair(ATTEST_TRY(document_from_cbor(whole.items[1].bytes)));
}

}  // namespace litebox::attest::tls
