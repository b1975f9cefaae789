#include "attest/tls/identity.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "attest/evidence.h"
#include "attest/tls/claims.h"

namespace litebox::attest::tls {

namespace {

struct Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(ASN1_OBJECT* object) const { ASN1_OBJECT_free(object); }
    void operator()(ASN1_OCTET_STRING* string) const { ASN1_OCTET_STRING_free(string); }
    void operator()(BIGNUM* number) const { BN_free(number); }
};
using OwnedCertificate = std::unique_ptr<X509, Free>;

Error openssl_failed(std::string_view what) {
    char reason[160] = "out of memory";
    if (unsigned long code = ERR_get_error()) ERR_error_string_n(code, reason, sizeof reason);
    ERR_clear_error();
    return Error{std::string(what) + ": " + reason};
}

bool set_basics(X509* certificate, EVP_PKEY* key, const IdentityOptions& options) {
    std::unique_ptr<BIGNUM, Free> serial(BN_new());
    X509_NAME* name = X509_get_subject_name(certificate);
    auto common_name = reinterpret_cast<const unsigned char*>(options.common_name.data());
    return serial && X509_set_version(certificate, X509_VERSION_3) == 1 &&
           BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), options.not_before.seconds) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), options.not_after.seconds) &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, common_name,
                                      static_cast<int>(options.common_name.size()), -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1;
}

bool add_known(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, Free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Never critical: a verifier that does not know the extension must be able to go on.
bool add_raw(X509* certificate, std::string_view oid, ByteView value) {
    std::unique_ptr<ASN1_OBJECT, Free> object(OBJ_txt2obj(std::string(oid).c_str(), 1));
    std::unique_ptr<ASN1_OCTET_STRING, Free> string(ASN1_OCTET_STRING_new());
    if (!object || !string ||
        ASN1_OCTET_STRING_set(string.get(), value.data(), static_cast<int>(value.size())) != 1)
        return false;
    std::unique_ptr<X509_EXTENSION, Free> extension(
        X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 0, string.get()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool is_address(const std::string& name) {
    in6_addr parsed{};
    return inet_pton(AF_INET, name.c_str(), &parsed) == 1 || inet_pton(AF_INET6, name.c_str(), &parsed) == 1;
}

std::string alternative_names(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names)
        out += std::string(out.empty() ? "" : ",") + (is_address(name) ? "IP:" : "DNS:") + name;
    return out;
}

bool plain_host_name(const std::string& name) {
    // The names go through OpenSSL's configuration syntax, where a comma would begin another kind of name.
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*") ==
               name.npos;
}

Bytes padded(ByteView report_data) {
    Bytes out = to_bytes(report_data);
    out.resize(64);
    return out;
}

Result<Bytes> interoperable_extension(ByteView spki, const Attester& attester,
                                      const IdentityOptions& options) {
    Bytes claims = encode_claims(spki, options.nonce);
    Bytes evidence = ATTEST_TRY(attester(padded(claims_report_data(claims))));
    // A bare quote has the registered tag; whatever else recognise_evidence knows goes into the wrapper.
    return parse_quote(evidence).ok() ? encode_tagged_quote(evidence, claims)
                                      : encode_wrapped_evidence(evidence, claims);
}

}  // namespace

void KeyFree::operator()(EVP_PKEY* key) const {
    EVP_PKEY_free(key);
}

Bytes public_key_info(const EVP_PKEY* key) {
    int size = i2d_PUBKEY(key, nullptr);
    Bytes out(size > 0 ? static_cast<size_t>(size) : 0);
    uint8_t* end = out.data();
    if (size > 0) i2d_PUBKEY(key, &end);
    return out;
}

Result<PrivateKey> make_key(bool p384) {
    PrivateKey key(EVP_EC_gen(p384 ? "P-384" : "P-256"));
    if (!key) return openssl_failed("no key could be made");
    return key;
}

Result<Bytes> make_certificate(EVP_PKEY* key, const Attester& attester, const IdentityOptions& options) {
    for (const std::string& name : options.host_names) {
        if (!is_address(name) && !plain_host_name(name)) return Error{"\"" + name + "\" is no host name"};
    }
    Bytes spki = public_key_info(key);
    OwnedCertificate certificate(X509_new());
    if (!certificate || !set_basics(certificate.get(), key, options) ||
        !add_known(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") ||
        !add_known(certificate.get(), NID_key_usage, "critical,digitalSignature") ||
        !add_known(certificate.get(), NID_ext_key_usage, "serverAuth,clientAuth") ||
        !add_known(certificate.get(), NID_subject_key_identifier, "hash") ||
        (!options.host_names.empty() &&
         !add_known(certificate.get(), NID_subject_alt_name, alternative_names(options.host_names)))) {
        return openssl_failed("no certificate could be made");
    }
    bool added = true;
    if (attester && options.form != CertificateForm::legacy) {
        Bytes value = ATTEST_TRY(interoperable_extension(spki, attester, options));
        added = add_raw(certificate.get(), evidence_oid, value) &&
                add_raw(certificate.get(), endorsements_oid, options.endorsements);
    }
    if (attester && added && options.form != CertificateForm::interoperable) {
        Bytes evidence = ATTEST_TRY(attester(padded(sha256(spki))));
        added = add_raw(certificate.get(), legacy_oid, evidence);
    }
    bool p384 = EVP_PKEY_get_bits(key) == 384;
    if (!added || X509_sign(certificate.get(), key, p384 ? EVP_sha384() : EVP_sha256()) == 0) {
        return openssl_failed("no certificate could be made");
    }
    int size = i2d_X509(certificate.get(), nullptr);
    if (size <= 0) return openssl_failed("no certificate could be made");
    Bytes out(static_cast<size_t>(size));
    uint8_t* end = out.data();
    i2d_X509(certificate.get(), &end);
    return out;
}

Result<Identity> make_identity(const Attester& attester, const IdentityOptions& options) {
    Identity identity;
    identity.key = ATTEST_TRY(make_key(options.p384));
    identity.certificate = ATTEST_TRY(make_certificate(identity.key.get(), attester, options));
    return identity;
}

Result<void> Identity::use(SSL_CTX* context) const {
    if (SSL_CTX_use_certificate_ASN1(context, static_cast<int>(certificate.size()), certificate.data()) !=
            1 ||
        SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
        return openssl_failed("the attested identity cannot be used");
    }
    return {};
}

}  // namespace litebox::attest::tls
