#include "attest/base/crypto.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "attest/base/der.h"

namespace litebox::attest {

namespace {

template <auto release>
struct Releases {
    template <typename T>
    void operator()(T* pointer) const {
        release(pointer);
    }
};
template <typename T, auto release>
using Owned = std::unique_ptr<T, Releases<release>>;
using OwnedContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

/// Fetched once: looking an algorithm up by name costs more than hashing a certificate.
const EVP_MD* algorithm(Hash hash) {
    static const EVP_MD* const fetched[] = {
        EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_fetch(nullptr, "SHA2-256", nullptr),
        EVP_MD_fetch(nullptr, "SHA2-384", nullptr), EVP_MD_fetch(nullptr, "SHA2-512", nullptr)};
    return fetched[static_cast<size_t>(hash)];
}

template <size_t N>
std::array<uint8_t, N> hash_of(Hash hash, ByteView bytes) {
    std::array<uint8_t, N> out{};
    // Out of memory, or an OpenSSL without SHA-2: no answer would be safe.
    if (EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, algorithm(hash), nullptr) != 1) abort();
    return out;
}

constexpr uint8_t p256_order[] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
constexpr uint8_t p384_order[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2,
                                  0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};

bool in_range(ByteView scalar, ByteView order) {
    return !all_zero(scalar) && std::ranges::lexicographical_compare(scalar, order);
}

/// One `maker` per type and thread: looking a type up by name costs as much as making a key.
Result<EVP_PKEY*> make_key(OwnedContext& maker, const char* type, OSSL_PARAM* parameters) {
    EVP_PKEY* key = nullptr;
    if (!maker) maker.reset(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    if (!maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        return Error{std::string("not a public key of type ") + type};
    }
    return key;
}

}  // namespace

size_t hash_size(Hash hash) {
    static constexpr size_t sizes[] = {20, 32, 48, 64};
    return sizes[static_cast<size_t>(hash)];
}

std::array<uint8_t, 32> sha256(ByteView bytes) {
    return hash_of<32>(Hash::sha256, bytes);
}
std::array<uint8_t, 48> sha384(ByteView bytes) {
    return hash_of<48>(Hash::sha384, bytes);
}
std::array<uint8_t, 64> sha512(ByteView bytes) {
    return hash_of<64>(Hash::sha512, bytes);
}

Bytes digest(Hash hash, std::initializer_list<ByteView> parts) {
    Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    Bytes out(hash_size(hash));
    bool good = context && EVP_DigestInit_ex2(context.get(), algorithm(hash), nullptr) == 1;
    for (ByteView part : parts) good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    if (!good || EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1) abort();  // as in hash_of
    return out;
}

bool equal_secret(ByteView left, ByteView right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void wipe(void* memory, size_t size) {
    OPENSSL_cleanse(memory, size);
}

size_t curve_size(Curve curve) {
    return curve == Curve::p256 ? 32 : 48;
}

PublicKey::PublicKey(Kind kind, evp_pkey_st* key) : kind_(kind), key_(key, EVP_PKEY_free) {}

Result<PublicKey> PublicKey::from_point(Curve curve, ByteView point) {
    if (point.size() != 2 * curve_size(curve)) return Error{"a public key of a wrong size"};
    Bytes encoded{4};  // uncompressed
    encoded.insert(encoded.end(), point.begin(), point.end());
    char group[] = "P-256", larger[] = "P-384";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve == Curve::p256 ? group : larger,
                                         0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
        OSSL_PARAM_construct_end()};
    static thread_local OwnedContext maker;
    EVP_PKEY* key = ATTEST_TRY(make_key(maker, "EC", parameters));
    return PublicKey(curve == Curve::p256 ? Kind::p256 : Kind::p384, key);
}

Result<PublicKey> PublicKey::from_rsa(ByteView modulus, ByteView exponent) {
    size_t bits = modulus.size() * 8;
    if (bits < 2048 || bits > 4096 || !(modulus[0] & 0x80))
        return Error{"an RSA key of neither 2048 to 4096 bits"};
    if (exponent.empty() || exponent.size() > 4 || !(exponent.back() & 1) ||
        (exponent.size() == 1 && exponent[0] == 1)) {
        return Error{"an RSA key with a public exponent that is even, 1 or longer than 32 bits"};
    }
    // As OpenSSL wants integers: least significant byte first, like the processor.
    Bytes n(modulus.rbegin(), modulus.rend()), e(exponent.rbegin(), exponent.rend());
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n.data(), n.size()),
                               OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e.data(), e.size()),
                               OSSL_PARAM_construct_end()};
    static thread_local OwnedContext maker;
    return PublicKey(Kind::rsa, ATTEST_TRY(make_key(maker, "RSA", parameters)));
}

Result<PublicKey> PublicKey::from_spki(ByteView spki) {
    static const Bytes ec = oid_from("1.2.840.10045.2.1"), p256 = oid_from("1.2.840.10045.3.1.7"),
                       p384 = oid_from("1.3.132.0.34"), rsa = oid_from("1.2.840.113549.1.1.1");
    Error unsupported{"a public key that is neither P-256, P-384 nor RSA, or not well formed"};
    DerReader outer(spki);
    DerReader body = outer.enter(der::sequence);
    DerReader algorithm = body.enter(der::sequence);
    ByteView type = algorithm.object_identifier();
    ByteView bits = body.bit_string();
    if (!outer.finished() || !body.finished()) return unsupported;
    if (equal(type, ec)) {
        ByteView curve = algorithm.object_identifier();
        bool known = equal(curve, p256) || equal(curve, p384);
        if (!algorithm.finished() || !known || bits.empty() || bits[0] != 4) return unsupported;
        return from_point(equal(curve, p256) ? Curve::p256 : Curve::p384, bits.subspan(1));
    }
    if (!equal(type, rsa)) return unsupported;
    algorithm.value(der::null);
    DerReader key(bits);
    DerReader numbers = key.enter(der::sequence);
    ByteView modulus = numbers.unsigned_integer(), exponent = numbers.unsigned_integer();
    if (!algorithm.finished() || !key.finished() || !numbers.finished()) return unsupported;
    return from_rsa(modulus, exponent);
}

bool PublicKey::verify_ecdsa(Hash hash, ByteView message, ByteView signature) const {
    if (kind_ == Kind::rsa) return false;
    ByteView order = kind_ == Kind::p256 ? ByteView(p256_order) : ByteView(p384_order);
    if (signature.size() != 2 * order.size()) return false;
    ByteView r = signature.first(order.size()), s = signature.last(order.size());
    if (!in_range(r, order) || !in_range(s, order)) return false;

    Owned<ECDSA_SIG, ECDSA_SIG_free> parts(ECDSA_SIG_new());
    BIGNUM* r_number = BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr);
    BIGNUM* s_number = BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr);
    if (!parts || !r_number || !s_number || ECDSA_SIG_set0(parts.get(), r_number, s_number) != 1) {
        BN_free(r_number);
        BN_free(s_number);
        return false;
    }
    uint8_t encoded[128];  // two INTEGERs of at most 49 bytes with their headers
    uint8_t* end = encoded;
    int size = i2d_ECDSA_SIG(parts.get(), &end);
    Bytes hashed = digest(hash, {message});
    OwnedContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
    return context && size > 0 && EVP_PKEY_verify_init(context.get()) == 1 &&
           EVP_PKEY_verify(context.get(), encoded, static_cast<size_t>(size), hashed.data(), hashed.size()) ==
               1;
}

bool PublicKey::verify_ecdsa_der(Hash hash, ByteView message, ByteView signature) const {
    if (kind_ == Kind::rsa) return false;
    size_t size = curve_size(kind_ == Kind::p256 ? Curve::p256 : Curve::p384);
    DerReader outer(signature);
    DerReader numbers = outer.enter(der::sequence);
    ByteView r = numbers.unsigned_integer(), s = numbers.unsigned_integer();
    if (!outer.finished() || !numbers.finished() || r.size() > size || s.size() > size) return false;
    Bytes raw(2 * size);
    std::ranges::copy(r, raw.begin() + static_cast<ptrdiff_t>(size - r.size()));
    std::ranges::copy(s, raw.begin() + static_cast<ptrdiff_t>(2 * size - s.size()));
    return verify_ecdsa(hash, message, raw);
}

namespace {

/// `salt` negative: PKCS #1 v1.5.
bool verify_rsa(EVP_PKEY* key, Hash hash, int salt, ByteView message, ByteView signature) {
    Bytes hashed = digest(hash, {message});
    OwnedContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    if (!context || EVP_PKEY_verify_init(context.get()) != 1) return false;
    int padding = salt < 0 ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING;
    if (EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) != 1 ||
        EVP_PKEY_CTX_set_signature_md(context.get(), algorithm(hash)) != 1) {
        return false;
    }
    if (salt >= 0 && (EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), algorithm(hash)) != 1 ||
                      EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), salt) != 1)) {
        return false;
    }
    return EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hashed.data(), hashed.size()) ==
           1;
}

}  // namespace

bool PublicKey::verify_pkcs1(Hash hash, ByteView message, ByteView signature) const {
    return kind_ == Kind::rsa && verify_rsa(key_.get(), hash, -1, message, signature);
}

bool PublicKey::verify_pss(Hash hash, size_t salt, ByteView message, ByteView signature) const {
    return kind_ == Kind::rsa && salt <= 64 &&
           verify_rsa(key_.get(), hash, static_cast<int>(salt), message, signature);
}

}  // namespace litebox::attest
