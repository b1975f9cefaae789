// What unlocks a store: a key in a file, a passphrase, or a key inside a PKCS#11 token. The store's own key
// is random and lies in the store, wrapped by one of these.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "attest/broker/secret_bytes.h"

namespace litebox::attest::broker {

class StoreKey {
  public:
    virtual ~StoreKey() = default;
    /// "file", "passphrase" or "pkcs11": stored beside the wrapped key, so that a wrong kind can be named.
    virtual std::string_view kind() const = 0;
    virtual Result<Bytes> wrap(ByteView key) = 0;
    /// The error of a key that does not fit says that it does not.
    virtual Result<SecretBytes> unwrap(ByteView wrapped) = 0;
};

/// From what a person writes:
///   file:PATH              32 bytes, or 64 hexadecimal digits; the file may be read by its owner alone
///   passphrase             asked for at the terminal
///   passphrase-file:PATH   the first line of a file that its owner alone may read
///   pkcs11:...             RFC 7512 URI of an AES-256 key: token, object or id, module-path, pin-source
///   (file) or pin-value
Result<std::unique_ptr<StoreKey>> open_store_key(std::string_view description);
/// The PKCS#11 kind, in a source of its own.
Result<std::unique_ptr<StoreKey>> open_pkcs11_key(const std::string& uri);

/// A new key file, mode 0600, that must not exist yet.
Result<void> write_key_file(const std::string& path);
/// The contents of a file of secrets, at most 64 KiB: refused where others than the owner may read or write
/// it.
Result<SecretBytes> read_private_file(const std::string& path);

}  // namespace litebox::attest::broker
