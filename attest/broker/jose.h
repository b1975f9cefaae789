// JOSE as the Confidential Containers protocol uses it: the TEE's public key as a JWK (RFC 7517), secrets
// encrypted to it as a JWE (RFC 7516), attestation tokens as a JWT (RFC 7519).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "attest/base/json.h"
#include "attest/broker/secret_bytes.h"

struct evp_pkey_st;

namespace litebox::attest::broker {

std::string to_base64url(ByteView bytes);
/// The URL-safe alphabet without padding, and nothing else.
Result<Bytes> from_base64url(std::string_view text);

/// Keys sorted, no spaces: what serde_json and RFC 8785 agree on for objects of strings. A number that is no
/// integer is refused.
Result<std::string> canonical_json(const Json& value);

/// A public key that secrets are encrypted to. Immutable; copies share it.
class TeeKey {
  public:
    /// {"kty":"RSA","alg":"RSA-OAEP-256","n":..,"e":..} of 2048 to 4096 bits, or
    /// {"kty":"EC","alg":"ECDH-ES+A256KW","crv":"P-256", "x":..,"y":..}, also P-384 and P-521. RSA with
    /// "RSA1_5" is what clients before protocol 0.2 have: the key says so itself, inside what the TEE
    /// attests, so that nobody in between can choose it.
    static Result<TeeKey> parse(const Json& jwk);

    const std::string& algorithm() const { return algorithm_; }
    evp_pkey_st* handle() const { return key_.get(); }
    const std::string& curve() const { return curve_; }

  private:
    std::shared_ptr<evp_pkey_st> key_;
    std::string algorithm_, curve_;
};

enum class JweForm : uint8_t {
    rfc7516,   // protocol 0.2 and later
    original,  // protocol 0.1: plain header, no associated data, tag behind the ciphertext
};
/// The flattened JSON serialisation, content encrypted with A256GCM.
Result<std::string> encrypt_jwe(const TeeKey& key, ByteView plain, JweForm form);

/// Signs tokens with ES256. The key is made when the broker starts and dies with it: no token outlives its
/// broker.
class TokenSigner {
  public:
    TokenSigner();
    std::string sign(std::string_view claims) const;
    /// The claims of a token that this signer signed; whether they still hold is the caller's business.
    Result<std::string> open(std::string_view token) const;
    /// For whoever wants to check tokens: the public key.
    const std::string& jwk() const { return jwk_; }

  private:
    std::shared_ptr<evp_pkey_st> key_;
    std::string jwk_;
};

}  // namespace litebox::attest::broker
