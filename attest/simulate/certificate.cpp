#include "attest/simulate/certificate.h"

#include "attest/base/crypto.h"
#include "attest/simulate/der.h"

namespace litebox::attest::simulate {

namespace {

constexpr const char *oid_common_name = "2.5.4.3", *oid_locality = "2.5.4.7", *oid_state = "2.5.4.8",
                     *oid_organization = "2.5.4.10", *oid_unit = "2.5.4.11";

Bytes attribute(const char* oid, std::string_view text) {
    return der::set({der::sequence({der::object_identifier(oid), der::utf8_string(text)})});
}

/// countryName is a PrintableString whatever the others are (X.520).
Bytes united_states() {
    return der::set({der::sequence({der::object_identifier("2.5.4.6"), der::printable_string("US")})});
}

Bytes make_name(NameStyle style, std::string_view common_name) {
    if (style == NameStyle::intel)
        return der::sequence(
            {attribute(oid_common_name, common_name), attribute(oid_organization, "Intel Corporation"),
             attribute(oid_locality, "Santa Clara"), attribute(oid_state, "CA"), united_states()});
    if (style == NameStyle::intel_service)
        return der::sequence(
            {united_states(), attribute(oid_state, "CA"), attribute(oid_locality, "Santa Clara"),
             attribute(oid_organization, "Intel Corporation"), attribute(oid_common_name, common_name)});
    return der::sequence({attribute(oid_unit, "Engineering"), united_states(),
                          attribute(oid_locality, "Santa Clara"), attribute(oid_state, "CA"),
                          attribute(oid_organization, "Advanced Micro Devices"),
                          attribute(oid_common_name, common_name)});
}

Bytes signature_algorithm(KeyKind kind, bool pkcs1) {
    if (kind == KeyKind::p256) return der::sequence({der::object_identifier("1.2.840.10045.4.3.2")});
    if (kind == KeyKind::p384) return der::sequence({der::object_identifier("1.2.840.10045.4.3.3")});
    if (pkcs1) return der::sequence({der::object_identifier("1.2.840.113549.1.1.11"), der::null()});
    // RSASSA-PSS-params (RFC 4055): hash, mask generation, salt length; the trailer is the default.
    Bytes hash = der::sequence({der::object_identifier("2.16.840.1.101.3.4.2.2"), der::null()});
    Bytes mask = der::sequence({der::object_identifier("1.2.840.113549.1.1.8"), hash});
    return der::sequence({der::object_identifier("1.2.840.113549.1.1.10"),
                          der::sequence({der::tagged(0, hash), der::tagged(1, mask),
                                         der::tagged(2, der::integer(uint64_t{48}))})});
}

Bytes key_identifier(const SigningKey& key) {
    return digest(Hash::sha1, {key.public_key_bits()});
}

Bytes extension(const ExtensionSpec& spec) {
    Bytes id = der::object_identifier(spec.oid), value = der::octet_string(spec.value);
    return spec.critical ? der::sequence({id, der::boolean(true), value}) : der::sequence({id, value});
}

ExtensionSpec authority_key(const SigningKey& issuer) {
    return {"2.5.29.35", false, der::sequence({der::element(0x80, key_identifier(issuer))})};
}

ExtensionSpec basic_constraints(const CertificateSpec& spec) {
    if (!spec.ca) return {"2.5.29.19", true, der::sequence({})};
    if (!spec.path_length) return {"2.5.29.19", true, der::sequence({der::boolean(true)})};
    return {"2.5.29.19", true,
            der::sequence({der::boolean(true), der::integer(uint64_t{*spec.path_length})})};
}

ExtensionSpec key_usage(uint8_t bits) {
    unsigned unused = 0;
    while (!(bits >> unused & 1)) unused++;
    return {"2.5.29.15", true, der::bit_string(ByteView(&bits, 1), unused)};
}

ExtensionSpec crl_distribution_points(std::string_view url) {
    Bytes full_name = der::tagged(0, der::tagged(0, der::element(0x86, as_bytes(url))));
    return {"2.5.29.31", false, der::sequence({der::sequence({full_name})})};
}

const ExtensionSpec unknown_critical{"1.3.6.1.4.1.55555.1.1", true, der::null()};

Bytes join_extensions(const std::vector<ExtensionSpec>& extensions) {
    Bytes all;
    for (const ExtensionSpec& spec : extensions) {
        Bytes one = extension(spec);
        all.insert(all.end(), one.begin(), one.end());
    }
    return der::element(0x30, all);
}

std::vector<ExtensionSpec> certificate_extensions(const CertificateSpec& spec, const SigningKey& key,
                                                  const SigningKey& issuer) {
    std::vector<ExtensionSpec> extensions;
    if (spec.key_identifiers) extensions.push_back(authority_key(issuer));
    if (!spec.crl_url.empty()) extensions.push_back(crl_distribution_points(spec.crl_url));
    if (spec.key_identifiers)
        extensions.push_back({"2.5.29.14", false, der::octet_string(key_identifier(key))});
    if (spec.key_usage) extensions.push_back(key_usage(spec.key_usage));
    if (spec.basic_constraints) extensions.push_back(basic_constraints(spec));
    extensions.insert(extensions.end(), spec.extensions.begin(), spec.extensions.end());
    if (spec.unknown_critical_extension) extensions.push_back(unknown_critical);
    if (spec.duplicate_extension && !extensions.empty())
        extensions.push_back(ExtensionSpec(extensions.back()));
    return extensions;
}

/// SEQUENCE { to be signed, algorithm, signature }: the shape of certificates and revocation lists alike.
Bytes signed_object(ByteView to_be_signed, const SigningKey& issuer, bool pkcs1, bool bad_signature) {
    Bytes signature = pkcs1 ? issuer.sign_pkcs1(to_be_signed) : issuer.sign_der(to_be_signed);
    if (bad_signature) signature.back() ^= 1;
    return der::sequence(
        {to_be_signed, signature_algorithm(issuer.kind(), pkcs1), der::bit_string(signature)});
}

}  // namespace

Bytes make_certificate(const CertificateSpec& spec, std::string_view seed) {
    SigningKey key = SigningKey::derive(spec.kind, seed, spec.key);
    SigningKey issuer = SigningKey::derive(spec.issuer_kind, seed, spec.issuer_key);
    Bytes version =
        spec.version == 1 ? Bytes{} : der::tagged(0, der::integer(static_cast<uint64_t>(spec.version - 1)));
    std::vector<ExtensionSpec> extensions = certificate_extensions(spec, key, issuer);
    Bytes extension_part = extensions.empty() ? Bytes{} : der::tagged(3, join_extensions(extensions));
    Bytes to_be_signed =
        der::sequence({version, der::integer(spec.serial), signature_algorithm(spec.issuer_kind, spec.pkcs1),
                       make_name(spec.style, spec.issuer),
                       der::sequence({der::time(spec.not_before), der::time(spec.not_after)}),
                       make_name(spec.style, spec.subject), key.public_key_info(), extension_part});
    return signed_object(to_be_signed, issuer, spec.pkcs1, spec.bad_signature);
}

Bytes make_revocation_list(const RevocationListSpec& spec, std::string_view seed) {
    SigningKey issuer = SigningKey::derive(spec.issuer_kind, seed, spec.issuer_key);
    Bytes entries;
    for (const Bytes& serial : spec.revoked) {
        // Reason code 1: key compromise.
        Bytes reason = join_extensions({{"2.5.29.21", false, der::element(10, Bytes{1})}});
        Bytes entry = der::sequence({der::integer(serial), der::time(spec.this_update), reason});
        entries.insert(entries.end(), entry.begin(), entry.end());
    }
    std::vector<ExtensionSpec> extensions{{"2.5.29.20", false, der::integer(spec.number)},
                                          authority_key(issuer)};
    if (spec.unknown_critical_extension) extensions.push_back(unknown_critical);
    Bytes to_be_signed = der::sequence(
        {der::integer(uint64_t{1}), signature_algorithm(spec.issuer_kind, spec.pkcs1),
         make_name(spec.style, spec.issuer), der::time(spec.this_update), der::time(spec.next_update),
         // An absent list means that nothing is revoked; an empty one would not be DER of RFC 5280.
         spec.revoked.empty() ? Bytes{} : der::element(0x30, entries),
         der::tagged(0, join_extensions(extensions))});
    return signed_object(to_be_signed, issuer, spec.pkcs1, spec.bad_signature);
}

std::string to_pem(ByteView der, std::string_view label) {
    std::string base64 = to_base64(der), text = "-----BEGIN " + std::string(label) + "-----\n";
    for (size_t at = 0; at < base64.size(); at += 64) text += base64.substr(at, 64) + '\n';
    return text + "-----END " + std::string(label) + "-----\n";
}

}  // namespace litebox::attest::simulate
