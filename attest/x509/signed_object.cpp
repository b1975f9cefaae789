#include "attest/x509/signed_object.h"

namespace litebox::attest {

namespace {

/// AlgorithmIdentifier of a hash function: parameters NULL or absent, as PSS parameters are found with.
bool hash_identifier(DerReader& reader, Hash& hash) {
    static const std::pair<Bytes, Hash> known[] = {{oid_from("2.16.840.1.101.3.4.2.1"), Hash::sha256},
                                                   {oid_from("2.16.840.1.101.3.4.2.2"), Hash::sha384},
                                                   {oid_from("2.16.840.1.101.3.4.2.3"), Hash::sha512}};
    DerReader body = reader.enter(der::sequence);
    ByteView oid = body.object_identifier();
    (void)body.optional(der::null);
    if (!body.finished()) return false;
    for (const auto& [name, value] : known) {
        if (!equal(oid, name)) continue;
        hash = value;
        return true;
    }
    return false;
}

/// RSASSA-PSS-params. The defaults are SHA-1 and are refused by being absent; MGF1 must use the same hash.
bool pss_parameters(DerReader& reader, SignatureAlgorithm& out) {
    static const Bytes mgf1 = oid_from("1.2.840.113549.1.1.8");
    DerReader parameters = reader.enter(der::sequence);
    DerReader hash = parameters.enter(der::context(0));
    if (!hash_identifier(hash, out.hash) || !hash.finished()) return false;
    DerReader generator = parameters.enter(der::context(1));
    DerReader mask = generator.enter(der::sequence);
    ByteView type = mask.object_identifier();
    Hash mask_hash = out.hash;
    if (!equal(type, mgf1) || !hash_identifier(mask, mask_hash) || mask_hash != out.hash) return false;
    DerReader salt = parameters.enter(der::context(2));
    out.salt = salt.small_integer();
    bool good = mask.finished() && generator.finished() && salt.finished() && out.salt <= hash_size(out.hash);
    if (parameters.next_is(der::context(3))) {
        DerReader trailer = parameters.enter(der::context(3));
        good = good && trailer.small_integer() == 1 && trailer.finished();
    }
    return good && parameters.finished();
}

bool parse_algorithm(ByteView encoding, SignatureAlgorithm& out) {
    using Scheme = SignatureAlgorithm::Scheme;
    static const struct {
        Bytes oid;
        SignatureAlgorithm algorithm;
    } known[] = {
        {oid_from("1.2.840.10045.4.3.2"), {Scheme::ecdsa, Hash::sha256}},
        {oid_from("1.2.840.10045.4.3.3"), {Scheme::ecdsa, Hash::sha384}},
        {oid_from("1.2.840.10045.4.3.4"), {Scheme::ecdsa, Hash::sha512}},
        {oid_from("1.2.840.113549.1.1.11"), {Scheme::rsa_pkcs1, Hash::sha256}},
        {oid_from("1.2.840.113549.1.1.12"), {Scheme::rsa_pkcs1, Hash::sha384}},
        {oid_from("1.2.840.113549.1.1.13"), {Scheme::rsa_pkcs1, Hash::sha512}},
        {oid_from("1.2.840.113549.1.1.10"), {Scheme::rsa_pss, Hash::sha256}},
    };
    DerReader outer(encoding);
    DerReader body = outer.enter(der::sequence);
    ByteView oid = body.object_identifier();
    for (const auto& entry : known) {
        if (!equal(oid, entry.oid)) continue;
        out = entry.algorithm;
        if (out.scheme == Scheme::rsa_pss) return pss_parameters(body, out) && body.finished();
        if (out.scheme == Scheme::rsa_pkcs1) body.value(der::null);
        // RFC 5480 has no parameters here; mbed TLS, and so Gramine's certificates, has a NULL.
        if (out.scheme == Scheme::ecdsa) body.optional(der::null);
        return body.finished();
    }
    return false;
}

}  // namespace

Result<ByteView> parse_signed_object(ByteView bytes, SignedObject& out, ByteView& algorithm_encoding) {
    DerReader outer(bytes);
    DerReader object = outer.enter(der::sequence);
    DerValue body = object.value(der::sequence);
    algorithm_encoding = object.value(der::sequence).encoding;
    out.to_be_signed = body.encoding;
    out.signature = object.bit_string();
    if (!outer.finished() || !object.finished())
        return Error{"not DER of a signed object, or bytes behind it"};
    if (!parse_algorithm(algorithm_encoding, out.algorithm)) {
        return Error{
            "signed with an algorithm that is not judged here (ECDSA, RSA PKCS #1 and PSS with SHA-2 are)"};
    }
    return body.contents;
}

Extension read_extension(DerReader& list) {
    DerReader body = list.enter(der::sequence);
    Extension extension;
    extension.oid = body.object_identifier();
    if (body.next_is(der::boolean)) extension.critical = body.boolean();
    extension.value = body.value(der::octet_string).contents;
    if (!body.finished()) list.fail();
    return extension;
}

namespace {

/// Calls `visit(oid, text)` for each attribute; false where the name is not well formed.
template <typename Visit>
bool each_attribute(ByteView name, Visit visit) {
    DerReader outer(name);
    DerReader sequence = outer.enter(der::sequence);
    while (!sequence.at_end()) {
        DerReader set = sequence.enter(der::set);
        while (!set.at_end()) {
            DerReader attribute = set.enter(der::sequence);
            ByteView oid = attribute.object_identifier();
            DerValue text = attribute.any();
            if (!attribute.finished()) return false;
            visit(oid, text.contents);
        }
        if (set.failed()) return false;
    }
    return outer.finished() && sequence.finished();
}

}  // namespace

bool well_formed_name(ByteView name) {
    return each_attribute(name, [](ByteView, ByteView) {});
}

std::string common_name_of(ByteView name) {
    static const Bytes common_name = oid_from("2.5.4.3");
    std::string found;
    size_t count = 0;
    bool good = each_attribute(name, [&](ByteView oid, ByteView text) {
        if (!equal(oid, common_name)) return;
        found = as_text(text);
        count++;
    });
    return good && count == 1 ? found : std::string();
}

}  // namespace litebox::attest
