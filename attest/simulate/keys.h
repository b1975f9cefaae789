// Signing keys of the simulated vendors and processors. Everything is derived from a seed and a name,
// signatures included, so that one set of knobs always gives the same bytes. Test keys: whoever knows the
// seed has them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "attest/base/bytes.h"

namespace litebox::attest::simulate {

/// `count` bytes that depend on nothing but seed and name (SHA-256 in counter mode).
Bytes derive_bytes(std::string_view seed, std::string_view name, size_t count);
template <size_t N>
std::array<uint8_t, N> derive_field(std::string_view seed, std::string_view name) {
    std::array<uint8_t, N> field{};
    Bytes bytes = derive_bytes(seed, name, N);
    for (size_t i = 0; i < N; i++) field[i] = bytes[i];
    return field;
}

enum class KeyKind : uint8_t { p256, p384, rsa2048, rsa3072, rsa4096 };

/// A private key with the signature forms that evidence, collateral and certificates need. Cheap to copy.
class SigningKey {
  public:
    /// RSA keys take a second or two to find; each is found once per process.
    static SigningKey derive(KeyKind kind, std::string_view seed, std::string_view name);

    KeyKind kind() const { return kind_; }
    bool is_rsa() const { return kind_ >= KeyKind::rsa2048; }
    /// SubjectPublicKeyInfo, DER.
    const Bytes& public_key_info() const { return public_key_info_; }
    /// The contents of its BIT STRING: what a subject key identifier is the SHA-1 of.
    Bytes public_key_bits() const;
    /// Elliptic curves: x || y, big-endian.
    Bytes public_point() const;

    /// ECDSA over SHA-256 (P-256) or SHA-384 (P-384): r || s, big-endian, fixed width. `high_s` gives the
    /// other valid s.
    Bytes sign_raw(ByteView message, bool high_s = false) const;
    /// As in certificates: ECDSA-Sig-Value, or RSASSA-PSS with SHA-384, MGF1-SHA-384 and a salt of 48 bytes.
    Bytes sign_der(ByteView message) const;
    /// RSASSA-PKCS1-v1_5 with SHA-256, big-endian.
    Bytes sign_pkcs1(ByteView message) const;

  private:
    struct Numbers;  // OpenSSL's big numbers
    KeyKind kind_ = KeyKind::p256;
    std::shared_ptr<const Numbers> numbers_;
    Bytes public_key_info_;
};

}  // namespace litebox::attest::simulate
