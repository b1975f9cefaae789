// Signing keys of people, from PEM files: ID and author keys (P-384), enclave signers (RSA-3072 with exponent
// 3).
#pragma once

#include <memory>
#include <string_view>

#include "attest/base/bytes.h"

struct evp_pkey_st;

namespace litebox::attest::measure {

class PrivateKey {
  public:
    enum class Kind : uint8_t { p384, rsa3072 };

    /// Unencrypted PEM; refused unless it is of the kind.
    static Result<PrivateKey> from_pem(std::string_view pem, Kind kind);

    /// P-384: x || y; big-endian.
    Bytes public_point() const;
    /// RSA: the modulus, big-endian, 384 bytes.
    Bytes modulus() const;
    /// P-384: r || s over SHA-384, big-endian. RSA: PKCS #1 v1.5 over SHA-256, big-endian.
    Result<Bytes> sign(ByteView message) const;

  private:
    explicit PrivateKey(evp_pkey_st* key);
    std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace litebox::attest::measure
