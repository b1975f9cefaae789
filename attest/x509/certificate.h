// X.509 certificates and revocation lists, parsed once and immutable. What they mean for trust is the
// business of path.h.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/base/bytes.h"
#include "attest/base/crypto.h"
#include "attest/base/time.h"

namespace litebox::attest {

struct Extension {
    ByteView oid;  // contents octets
    bool critical = false;
    ByteView value;  // contents of the OCTET STRING
};

struct SignatureAlgorithm {
    enum class Scheme : uint8_t {
        ecdsa,      // DER, as certificates have it
        ecdsa_raw,  // r || s, as quotes and Intel's JSON have it
        rsa_pkcs1,
        rsa_pss,
    } scheme = Scheme::ecdsa;
    Hash hash = Hash::sha256;
    size_t salt = 0;  // PSS
};

/// What an issuer signed, and how.
struct SignedObject {
    ByteView to_be_signed;
    SignatureAlgorithm algorithm;
    ByteView signature;
};

class Certificate {
  public:
    enum KeyUsage : uint16_t { digital_signature = 1 << 0, key_cert_sign = 1 << 5, crl_sign = 1 << 6 };

    /// The whole of `bytes` is one DER certificate of version 3, at most 64 KiB.
    static Result<std::shared_ptr<const Certificate>> parse(ByteView bytes);
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    const Bytes& der() const { return der_; }
    const std::array<uint8_t, 32>& sha256() const { return sha256_; }
    /// Without leading zeros; empty for zero, which AMD's chip certificates have.
    ByteView serial() const { return serial_; }
    /// DER of the names; they are compared byte by byte.
    ByteView issuer() const { return issuer_; }
    ByteView subject() const { return subject_; }
    /// Empty where the name has no common name, or more than one.
    std::string common_name() const;
    std::string issuer_common_name() const;
    Time not_before() const { return not_before_; }
    Time not_after() const { return not_after_; }
    bool valid_at(Time now) const { return not_before_ <= now && now <= not_after_; }
    /// The SubjectPublicKeyInfo, DER.
    ByteView spki() const { return spki_; }
    /// Made when it is first asked for: most certificates' keys are never used, because their signatures are
    /// remembered.
    const Result<PublicKey>& public_key() const;

    bool is_authority() const { return is_authority_; }
    /// -1: no limit.
    int path_length() const { return path_length_; }
    bool has_key_usage() const { return has_key_usage_; }
    /// Without the extension, every use is allowed.
    bool allows(KeyUsage usage) const { return !has_key_usage_ || (key_usage_ & usage); }

    const std::vector<Extension>& extensions() const { return extensions_; }
    /// By dotted OID; null where there is none. No certificate with two of one OID is parsed.
    const Extension* extension(std::string_view oid) const;
    /// The dotted OID of the first critical extension that path building does not understand; empty if none.
    std::string unknown_critical_extension() const;

    const SignedObject& signed_object() const { return signed_; }

  private:
    friend struct CertificateParser;
    Certificate() = default;

    Bytes der_;
    std::array<uint8_t, 32> sha256_{};
    SignedObject signed_;
    ByteView serial_, issuer_, subject_, spki_;
    Time not_before_, not_after_;
    bool is_authority_ = false, has_key_usage_ = false;
    int path_length_ = -1;
    uint16_t key_usage_ = 0;
    std::vector<Extension> extensions_;
    mutable std::once_flag key_made_;
    mutable std::optional<Result<PublicKey>> key_;
};
using CertificatePointer = std::shared_ptr<const Certificate>;

class RevocationList {
  public:
    /// The whole of `bytes` is one DER CertificateList, at most 1 MiB, of version 2, or 1 as AMD once
    /// published. Without nextUpdate it is refused, as are delta lists, lists of partial scope and entries
    /// with critical extensions: a serial missing from such a list would prove nothing.
    static Result<std::shared_ptr<const RevocationList>> parse(ByteView bytes);
    RevocationList(const RevocationList&) = delete;
    RevocationList& operator=(const RevocationList&) = delete;

    const Bytes& der() const { return der_; }
    ByteView issuer() const { return issuer_; }
    std::string issuer_common_name() const;
    Time this_update() const { return this_update_; }
    Time next_update() const { return next_update_; }
    bool current_at(Time now) const { return this_update_ <= now && now <= next_update_; }
    bool revokes(ByteView serial) const;
    size_t size() const { return serials_.size(); }
    /// Ascending, without leading zeros.
    const std::vector<ByteView>& serials() const { return serials_; }

    const SignedObject& signed_object() const { return signed_; }

  private:
    friend struct RevocationListParser;
    RevocationList() = default;

    Bytes der_;
    SignedObject signed_;
    ByteView issuer_;
    Time this_update_, next_update_;
    std::vector<ByteView> serials_;
};
using RevocationListPointer = std::shared_ptr<const RevocationList>;

struct PemBlock {
    std::string label;  // "CERTIFICATE", "X509 CRL"
    Bytes der;
};
/// The PEM blocks of a text, at most 64; what stands between them is skipped. A block that is not base64 or
/// not closed is an error.
Result<std::vector<PemBlock>> parse_pem(std::string_view text);

}  // namespace litebox::attest
