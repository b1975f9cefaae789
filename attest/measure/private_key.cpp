#include "attest/measure/private_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace litebox::attest::measure {

namespace {

constexpr size_t p384_bytes = 48, rsa3072_bytes = 384;

struct Deleter {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

Bytes number_parameter(const EVP_PKEY* key, const char* name, size_t size) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return {};
    std::unique_ptr<BIGNUM, Deleter> owned(number);
    Bytes out(size);
    if (BN_bn2binpad(number, out.data(), static_cast<int>(size)) < 0) return {};
    return out;
}

bool is_kind(const EVP_PKEY* key, PrivateKey::Kind kind) {
    if (kind == PrivateKey::Kind::p384) {
        char group[32] = {};
        return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
               std::string_view(group) == "secp384r1";
    }
    Bytes exponent = number_parameter(key, OSSL_PKEY_PARAM_RSA_E, 8);
    return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == 3072 &&
           exponent == Bytes{0, 0, 0, 0, 0, 0, 0, 3};
}

/// r || s of a DER signature.
Result<Bytes> raw_signature(ByteView der) {
    const uint8_t* at = der.data();
    std::unique_ptr<ECDSA_SIG, Deleter> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    Bytes raw(2 * p384_bytes);
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), p384_bytes) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + p384_bytes, p384_bytes) < 0)
        return Error{"OpenSSL gave a signature that is none"};
    return raw;
}

}  // namespace

PrivateKey::PrivateKey(evp_pkey_st* key) : key_(key, EVP_PKEY_free) {}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem, Kind kind) {
    if (pem.size() > 65536) return Error{"a key file larger than 64 KiB"};
    std::unique_ptr<BIO, Deleter> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    // No callback: an encrypted key is refused instead of asking on the terminal.
    auto no_passphrase = [](char*, int, int, void*) { return -1; };
    EVP_PKEY* key = bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr;
    if (!key) return Error{"not an unencrypted private key in PEM form"};
    PrivateKey made(key);
    if (!is_kind(key, kind))
        return Error{
            kind == Kind::p384
                ? "the key is not an elliptic-curve key on P-384"
                : "the key is not RSA-3072 with public exponent 3: openssl genrsa -3 3072 makes one"};
    return made;
}

Bytes PrivateKey::public_point() const {
    Bytes point = number_parameter(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, p384_bytes);
    Bytes y = number_parameter(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, p384_bytes);
    point.insert(point.end(), y.begin(), y.end());
    return point;
}

Bytes PrivateKey::modulus() const {
    return number_parameter(key_.get(), OSSL_PKEY_PARAM_RSA_N, rsa3072_bytes);
}

Result<Bytes> PrivateKey::sign(ByteView message) const {
    bool curve = EVP_PKEY_is_a(key_.get(), "EC");
    std::unique_ptr<EVP_MD_CTX, Deleter> context(EVP_MD_CTX_new());
    size_t size = 512;
    Bytes signature(size);
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, curve ? EVP_sha384() : EVP_sha256(), nullptr,
                           key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
        return Error{"OpenSSL could not sign"};
    signature.resize(size);
    if (!curve) return signature;
    return raw_signature(signature);
}

}  // namespace litebox::attest::measure
