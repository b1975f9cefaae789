#include "attest/broker/seal.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <memory>

namespace litebox::attest::broker {

namespace {

struct ContextFree {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
    void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

/// Fetched once: a lookup by name costs more than sealing a short secret.
const EVP_CIPHER* aes_256_gcm() {
    static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    return fetched;
}

int length(ByteView bytes) {
    return static_cast<int>(bytes.size());
}

}  // namespace

Bytes random_bytes(size_t count) {
    Bytes out(count);
    if (RAND_bytes(out.data(), static_cast<int>(count)) != 1) abort();
    return out;
}

SecretBytes random_key() {
    SecretBytes key(key_size);
    if (RAND_priv_bytes(key.data(), key_size) != 1) abort();
    return key;
}

Bytes label(std::initializer_list<std::string_view> parts) {
    Bytes out;
    for (std::string_view part : parts) {
        for (int shift = 24; shift >= 0; shift -= 8)
            out.push_back(static_cast<uint8_t>(part.size() >> shift));
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

GcmParts gcm_encrypt(ByteView key, ByteView associated, ByteView plain) {
    GcmParts parts{random_bytes(gcm_iv_size), Bytes(plain.size()), Bytes(gcm_tag_size)};
    CipherContext context(EVP_CIPHER_CTX_new());
    int written = 0;
    bool good =
        key.size() == key_size && context &&
        EVP_EncryptInit_ex2(context.get(), aes_256_gcm(), key.data(), parts.iv.data(), nullptr) == 1 &&
        EVP_EncryptUpdate(context.get(), nullptr, &written, associated.data(), length(associated)) == 1 &&
        EVP_EncryptUpdate(context.get(), parts.ciphertext.data(), &written, plain.data(), length(plain)) ==
            1 &&
        EVP_EncryptFinal_ex(context.get(), parts.ciphertext.data() + written, &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, gcm_tag_size, parts.tag.data()) == 1;
    if (!good) abort();  // out of memory, or a defect: a secret must not go on unencrypted
    return parts;
}

Result<SecretBytes> gcm_decrypt(ByteView key, ByteView iv, ByteView associated, ByteView ciphertext,
                                ByteView tag) {
    Error wrong{"cannot be decrypted: another key, or changed since it was encrypted"};
    if (key.size() != key_size || iv.size() != gcm_iv_size || tag.size() != gcm_tag_size) return wrong;
    SecretBytes plain(ciphertext.size());
    CipherContext context(EVP_CIPHER_CTX_new());
    Bytes expected = to_bytes(tag);
    int written = 0;
    bool good =
        context && EVP_DecryptInit_ex2(context.get(), aes_256_gcm(), key.data(), iv.data(), nullptr) == 1 &&
        EVP_DecryptUpdate(context.get(), nullptr, &written, associated.data(), length(associated)) == 1 &&
        EVP_DecryptUpdate(context.get(), plain.data(), &written, ciphertext.data(), length(ciphertext)) ==
            1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, gcm_tag_size, expected.data()) == 1 &&
        EVP_DecryptFinal_ex(context.get(), plain.data() + written, &written) == 1;
    if (!good) return wrong;
    return plain;
}

Bytes seal(ByteView key, ByteView associated, ByteView plain) {
    GcmParts parts = gcm_encrypt(key, associated, plain);
    Bytes out = std::move(parts.iv);
    out.insert(out.end(), parts.ciphertext.begin(), parts.ciphertext.end());
    out.insert(out.end(), parts.tag.begin(), parts.tag.end());
    return out;
}

Result<SecretBytes> unseal(ByteView key, ByteView associated, ByteView sealed) {
    if (sealed.size() < gcm_iv_size + gcm_tag_size) return Error{"too short for something sealed"};
    return gcm_decrypt(key, sealed.first(gcm_iv_size), associated,
                       sealed.subspan(gcm_iv_size, sealed.size() - gcm_iv_size - gcm_tag_size),
                       sealed.last(gcm_tag_size));
}

SecretBytes derive_key(ByteView key, std::string_view purpose) {
    std::unique_ptr<EVP_KDF, ContextFree> kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    std::unique_ptr<EVP_KDF_CTX, ContextFree> context(EVP_KDF_CTX_new(kdf.get()));
    char hash[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<uint8_t*>(key.data()), key.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(purpose.data()),
                                          purpose.size()),
        OSSL_PARAM_construct_end()};
    SecretBytes out(key_size);
    if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1)
        abort();  // as in gcm_encrypt
    return out;
}

std::array<uint8_t, 32> hmac_sha256(ByteView key, ByteView message) {
    std::array<uint8_t, 32> out{};
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.data(), length(key), message.data(), message.size(), out.data(), &size))
        abort();
    return out;
}

Result<SecretBytes> stretch_passphrase(ByteView passphrase, ByteView salt) {
    constexpr uint64_t cost = 1 << 17, block = 8, parallel = 1, memory = uint64_t{160} << 20;
    SecretBytes out(key_size);
    if (EVP_PBE_scrypt(reinterpret_cast<const char*>(passphrase.data()), passphrase.size(), salt.data(),
                       salt.size(), cost, block, parallel, memory, out.data(), out.size()) != 1) {
        return Error{"scrypt failed: it needs 128 MiB of memory"};
    }
    return out;
}

}  // namespace litebox::attest::broker
