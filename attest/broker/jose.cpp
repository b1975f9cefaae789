#include "attest/broker/jose.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "attest/broker/seal.h"

namespace litebox::attest::broker {

namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
    void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
    void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

constexpr std::string_view rsa_oaep = "RSA-OAEP-256", rsa_pkcs1 = "RSA1_5", ecdh = "ECDH-ES+A256KW";
constexpr std::string_view token_header = R"({"alg":"ES256","typ":"JWT"})";

struct CurveRow {
    std::string_view name;
    size_t coordinate;
};
constexpr CurveRow curves[] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};

const CurveRow* find_curve(std::string_view name) {
    auto found = std::ranges::find(curves, name, &CurveRow::name);
    return found == std::end(curves) ? nullptr : found;
}

Error refused(std::string_view what) {
    return Error{"tee-pubkey: " + std::string(what)};
}

Result<EVP_PKEY*> ec_key(const CurveRow& curve, ByteView x, ByteView y) {
    if (x.size() != curve.coordinate || y.size() != curve.coordinate)
        return refused("a coordinate of a wrong size");
    Bytes point{4};  // uncompressed
    point.insert(point.end(), x.begin(), x.end());
    point.insert(point.end(), y.begin(), y.end());
    std::string group(curve.name);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_construct_end()};
    Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        return refused("not a point of the curve");
    }
    Owned<EVP_PKEY_CTX> check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    if (!check || EVP_PKEY_public_check(check.get()) != 1) {
        EVP_PKEY_free(key);
        return refused("not a point of the curve");
    }
    return key;
}

/// The coordinates of a public key, each of the curve's size.
struct Point {
    Bytes x, y;
};
Point public_point(EVP_PKEY* key, size_t coordinate) {
    Bytes encoded(1 + 2 * coordinate);
    size_t size = 0;
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, encoded.data(),
                                        encoded.size(), &size) != 1 ||
        size != encoded.size() || encoded[0] != 4) {
        abort();  // our own key, just made, on a curve of this size
    }
    auto middle = encoded.begin() + 1 + static_cast<ptrdiff_t>(coordinate);
    return {Bytes(encoded.begin() + 1, middle), Bytes(middle, encoded.end())};
}

std::string point_members(std::string_view curve, const Point& point) {
    return "\"crv\":\"" + std::string(curve) + "\",\"kty\":\"EC\",\"x\":\"" + to_base64url(point.x) +
           "\",\"y\":\"" + to_base64url(point.y) + "\"";
}

Result<Bytes> encrypt_rsa(const TeeKey& key, ByteView content_key) {
    Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.handle(), nullptr));
    bool oaep = key.algorithm() == rsa_oaep;
    size_t size = 0;
    if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) != 1 ||
        (oaep && (EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) != 1 ||
                  EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) != 1)) ||
        EVP_PKEY_encrypt(context.get(), nullptr, &size, content_key.data(), content_key.size()) != 1) {
        return refused("cannot be encrypted to");
    }
    Bytes out(size);
    if (EVP_PKEY_encrypt(context.get(), out.data(), &size, content_key.data(), content_key.size()) != 1) {
        return refused("cannot be encrypted to");
    }
    out.resize(size);
    return out;
}

Result<SecretBytes> agree(EVP_PKEY* own, EVP_PKEY* peer) {
    Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
    size_t size = 0;
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), peer) != 1 ||
        EVP_PKEY_derive(context.get(), nullptr, &size) != 1) {
        return refused("no secret can be agreed on with it");
    }
    SecretBytes shared(size);
    if (EVP_PKEY_derive(context.get(), shared.data(), &size) != 1)
        return refused("no secret can be agreed on with it");
    shared.resize(size);
    return shared;
}

/// RFC 7518, section 4.6.2, with empty PartyUInfo and PartyVInfo.
Result<SecretBytes> wrapping_key(ByteView shared) {
    Bytes info = label({ecdh, "", ""});
    for (uint8_t byte : {0, 0, 1, 0}) info.push_back(byte);  // 256 bits
    Owned<EVP_KDF> kdf(EVP_KDF_fetch(nullptr, "SSKDF", nullptr));
    Owned<EVP_KDF_CTX> context(EVP_KDF_CTX_new(kdf.get()));
    char hash[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, const_cast<uint8_t*>(shared.data()),
                                          shared.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
        OSSL_PARAM_construct_end()};
    SecretBytes out(key_size);
    if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1)
        return Error{"the key derivation failed"};
    return out;
}

/// AES key wrap (RFC 3394).
Result<Bytes> wrap_key(ByteView wrapping, ByteView content_key) {
    Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
    Bytes out(content_key.size() + 16);
    int size = 0, last = 0;
    if (!context) return Error{"out of memory"};
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_EncryptInit_ex(context.get(), EVP_aes_256_wrap(), nullptr, wrapping.data(), nullptr) != 1 ||
        EVP_EncryptUpdate(context.get(), out.data(), &size, content_key.data(),
                          static_cast<int>(content_key.size())) != 1 ||
        EVP_EncryptFinal_ex(context.get(), out.data() + size, &last) != 1) {
        return Error{"the key wrap failed"};
    }
    out.resize(static_cast<size_t>(size + last));
    return out;
}

struct WrappedKey {
    Bytes encrypted;
    std::string header_members;  // what the header says beside algorithm and content encryption
};

Result<WrappedKey> wrap_for(const TeeKey& key, ByteView content_key) {
    if (key.algorithm() != ecdh) return WrappedKey{ATTEST_TRY(encrypt_rsa(key, content_key)), ""};
    const CurveRow& curve = *find_curve(key.curve());
    Owned<EVP_PKEY> ephemeral(EVP_EC_gen(key.curve().c_str()));
    if (!ephemeral) return Error{"no ephemeral key could be made"};
    SecretBytes shared = ATTEST_TRY(agree(ephemeral.get(), key.handle()));
    SecretBytes wrapping = ATTEST_TRY(wrapping_key(shared));
    Point point = public_point(ephemeral.get(), curve.coordinate);
    return WrappedKey{ATTEST_TRY(wrap_key(wrapping, content_key)),
                      ",\"epk\":{" + point_members(curve.name, point) + "}"};
}

std::string member(std::string_view name, std::string_view text) {
    return "\"" + std::string(name) + "\":" + json_quote(text);
}

}  // namespace

std::string to_base64url(ByteView bytes) {
    std::string text = to_base64(bytes);
    while (!text.empty() && text.back() == '=') text.pop_back();
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return text;
}

Result<Bytes> from_base64url(std::string_view text) {
    if (text.find_first_of("+/=\r\n") != text.npos) return Error{"not base64url without padding"};
    return from_base64(text);
}

Result<std::string> canonical_json(const Json& value) {
    switch (value.kind()) {
        case Json::Kind::null:
            return std::string("null");
        case Json::Kind::boolean:
            return std::string(value.boolean() ? "true" : "false");
        case Json::Kind::integer:
            return std::to_string(value.integer());
        case Json::Kind::string:
            return json_quote(value.string());
        case Json::Kind::array: {
            std::string out = "[";
            for (const Json& item : value.items())
                out += (out.size() > 1 ? "," : "") + ATTEST_TRY(canonical_json(item));
            return out + "]";
        }
        case Json::Kind::object: {
            std::vector<const std::pair<std::string, Json>*> members;
            for (const auto& member : value.members()) members.push_back(&member);
            std::ranges::sort(members, {}, [](auto* member) { return std::string_view(member->first); });
            std::string out = "{";
            for (auto* member : members) {
                out += (out.size() > 1 ? "," : "") + json_quote(member->first) + ":" +
                       ATTEST_TRY(canonical_json(member->second));
            }
            return out + "}";
        }
        default:
            return Error{"a number that is no integer has no agreed canonical form"};
    }
}

Result<TeeKey> TeeKey::parse(const Json& jwk) {
    auto bytes = [&](std::string_view name) -> Result<Bytes> {
        return from_base64url(ATTEST_TRY(jwk.text_member(name)));
    };
    std::string type = ATTEST_TRY(jwk.text_member("kty"));
    TeeKey key;
    key.algorithm_ = ATTEST_TRY(jwk.text_member("alg"));
    if (type == "RSA") {
        if (key.algorithm_ != rsa_oaep && key.algorithm_ != rsa_pkcs1)
            return refused("alg must be RSA-OAEP-256 or RSA1_5");
        Bytes exponent = ATTEST_TRY(bytes("e"));
        PublicKey rsa = ATTEST_TRY(PublicKey::from_rsa(ATTEST_TRY(bytes("n")), exponent));
        EVP_PKEY_up_ref(rsa.handle());
        key.key_.reset(rsa.handle(), EVP_PKEY_free);
        return key;
    }
    if (type != "EC") return refused("kty must be RSA or EC");
    if (key.algorithm_ != ecdh) return refused("alg must be ECDH-ES+A256KW");
    key.curve_ = ATTEST_TRY(jwk.text_member("crv"));
    const CurveRow* curve = find_curve(key.curve_);
    if (!curve) return refused("crv must be P-256, P-384 or P-521");
    Bytes x = ATTEST_TRY(bytes("x"));
    key.key_.reset(ATTEST_TRY(ec_key(*curve, x, ATTEST_TRY(bytes("y")))), EVP_PKEY_free);
    return key;
}

Result<std::string> encrypt_jwe(const TeeKey& key, ByteView plain, JweForm form) {
    SecretBytes content_key = random_key();
    WrappedKey wrapped = ATTEST_TRY(wrap_for(key, content_key));
    // Clients parse the header and write it anew to get the associated data: this order, no spaces.
    std::string header =
        "{\"alg\":\"" + key.algorithm() + "\",\"enc\":\"A256GCM\"" + wrapped.header_members + "}";
    if (form == JweForm::original) {
        GcmParts parts = gcm_encrypt(content_key, {}, plain);
        parts.ciphertext.insert(parts.ciphertext.end(), parts.tag.begin(), parts.tag.end());
        return "{" + member("protected", header) + "," +
               member("encrypted_key", to_base64url(wrapped.encrypted)) + "," +
               member("iv", to_base64url(parts.iv)) + "," +
               member("ciphertext", to_base64url(parts.ciphertext)) + "," + member("tag", "") + "}";
    }
    std::string encoded_header = to_base64url(as_bytes(header));
    GcmParts parts = gcm_encrypt(content_key, as_bytes(encoded_header), plain);
    return "{" + member("protected", encoded_header) + "," +
           member("encrypted_key", to_base64url(wrapped.encrypted)) + "," +
           member("iv", to_base64url(parts.iv)) + "," + member("ciphertext", to_base64url(parts.ciphertext)) +
           "," + member("tag", to_base64url(parts.tag)) + "}";
}

TokenSigner::TokenSigner() : key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
    if (!key_) abort();  // out of memory at the start
    jwk_ = "{\"alg\":\"ES256\"," + point_members("P-256", public_point(key_.get(), 32)) + "}";
}

std::string TokenSigner::sign(std::string_view claims) const {
    std::string text = to_base64url(as_bytes(token_header)) + "." + to_base64url(as_bytes(claims));
    Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    std::array<uint8_t, 80> der{};
    size_t size = der.size();
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), der.data(), &size, as_bytes(text).data(), text.size()) != 1) {
        abort();  // our own key: out of memory
    }
    const uint8_t* at = der.data();
    ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
    Bytes raw(64);
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), raw.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), raw.data() + 32, 32);
    ECDSA_SIG_free(parts);
    return text + "." + to_base64url(raw);
}

Result<std::string> TokenSigner::open(std::string_view token) const {
    Error wrong{"the token was not signed by this broker since it started"};
    size_t second = token.rfind('.');
    size_t first = second == token.npos ? token.npos : token.rfind('.', second - 1);
    if (second == token.npos || second == 0 || first == token.npos) return wrong;
    // One header is signed here and no other: what "alg" a token claims is never asked.
    if (token.substr(0, first) != to_base64url(as_bytes(token_header))) return wrong;
    Result<Bytes> signature = from_base64url(token.substr(second + 1));
    if (!signature.ok()) return wrong;
    Point point = public_point(key_.get(), 32);
    point.x.insert(point.x.end(), point.y.begin(), point.y.end());
    PublicKey key = ATTEST_TRY(PublicKey::from_point(Curve::p256, point.x));
    if (!key.verify_ecdsa(Hash::sha256, as_bytes(token.substr(0, second)), *signature)) return wrong;
    Bytes claims = ATTEST_TRY(from_base64url(token.substr(first + 1, second - first - 1)));
    return std::string(as_text(claims));
}

}  // namespace litebox::attest::broker
