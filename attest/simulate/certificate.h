// Certificates and revocation lists with every field under control.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/base/time.h"
#include "attest/simulate/keys.h"

namespace litebox::attest::simulate {

/// How the vendor writes distinguished names: which attributes, in which order.
enum class NameStyle : uint8_t { intel, intel_service, amd };

struct ExtensionSpec {
    std::string oid;
    bool critical = false;
    Bytes value;  // contents of the OCTET STRING
};

/// Key usage bits as in the BIT STRING's first byte.
inline constexpr uint8_t key_usage_signature = 0x80, key_usage_non_repudiation = 0x40,
                         key_usage_cert_sign = 0x04, key_usage_crl_sign = 0x02;

/// One certificate. Keys are named: equal names under one seed are the same key.
struct CertificateSpec {
    NameStyle style = NameStyle::intel;
    std::string subject, issuer;  // common names
    KeyKind kind = KeyKind::p256, issuer_kind = KeyKind::p256;
    std::string key, issuer_key;
    bool pkcs1 = false;  // an RSA issuer signs by PKCS #1 v1.5 with SHA-256, not PSS with SHA-384
    int version = 3;
    Bytes serial;
    Time not_before, not_after;
    bool basic_constraints = true;  // the extension is there
    bool ca = false;
    std::optional<uint8_t> path_length;
    uint8_t key_usage = 0;  // 0: no extension
    bool key_identifiers = true;
    std::string crl_url;  // empty: no extension
    std::vector<ExtensionSpec> extensions;
    /// Adds an extension nobody knows, critical: a verifier must refuse the certificate.
    bool unknown_critical_extension = false;
    bool duplicate_extension = false;  // the last extension twice
    bool bad_signature = false;
};
Bytes make_certificate(const CertificateSpec& spec, std::string_view seed);

struct RevocationListSpec {
    NameStyle style = NameStyle::intel;
    std::string issuer;
    KeyKind issuer_kind = KeyKind::p256;
    std::string issuer_key;
    bool pkcs1 = false;
    Time this_update, next_update;
    std::vector<Bytes> revoked;  // serial numbers
    uint64_t number = 1;
    bool unknown_critical_extension = false;
    bool bad_signature = false;
};
Bytes make_revocation_list(const RevocationListSpec& spec, std::string_view seed);

/// PEM text of one object.
std::string to_pem(ByteView der, std::string_view label = "CERTIFICATE");

}  // namespace litebox::attest::simulate
