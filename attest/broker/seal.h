// The broker's symmetric cryptography: AES-256-GCM with a label, keys derived by purpose, message
// authentication codes.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>

#include "attest/broker/secret_bytes.h"

namespace litebox::attest::broker {

inline constexpr size_t key_size = 32, gcm_iv_size = 12, gcm_tag_size = 16;

/// `count` bytes of OpenSSL's random generator; aborts where there is none, since no answer would be safe.
Bytes random_bytes(size_t count);
SecretBytes random_key();

/// What a ciphertext belongs to: each part with its length before it, so that no two lists of parts read the
/// same.
Bytes label(std::initializer_list<std::string_view> parts);

/// iv || ciphertext || tag. `associated` is bound in, not stored.
Bytes seal(ByteView key, ByteView associated, ByteView plain);
/// Fails where key, label or text is another than sealed; the error says no more than that.
Result<SecretBytes> unseal(ByteView key, ByteView associated, ByteView sealed);

/// A key for one purpose (HKDF-SHA-256 without salt, the purpose as info).
SecretBytes derive_key(ByteView key, std::string_view purpose);
std::array<uint8_t, 32> hmac_sha256(ByteView key, ByteView message);

/// scrypt with N = 2^17, r = 8, p = 1: 128 MiB and about half a second for each guess.
Result<SecretBytes> stretch_passphrase(ByteView passphrase, ByteView salt);

// The pieces of AES-256-GCM, for encodings that keep iv and tag apart (JOSE).
struct GcmParts {
    Bytes iv, ciphertext, tag;
};
GcmParts gcm_encrypt(ByteView key, ByteView associated, ByteView plain);
Result<SecretBytes> gcm_decrypt(ByteView key, ByteView iv, ByteView associated, ByteView ciphertext,
                                ByteView tag);

}  // namespace litebox::attest::broker
