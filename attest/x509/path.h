// From a certificate to a trusted root: built from candidates, each step checked; and revocation along the
// way.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/x509/certificate.h"

namespace litebox::attest {

/// Remembers signatures that were found good, by digest of signer, algorithm, message and signature, so that
/// unchanged certificates and collateral are not checked anew for each piece of evidence. Holds a bounded
/// number; thread-safe. Only successes are remembered, and nothing that depends on time.
class SignatureMemory {
  public:
    SignatureMemory();
    ~SignatureMemory();
    SignatureMemory(const SignatureMemory&) = delete;
    SignatureMemory& operator=(const SignatureMemory&) = delete;

    bool knows(const std::array<uint8_t, 32>& digest) const;
    void remember(const std::array<uint8_t, 32>& digest);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Whether the signer's key made the signature. `memory` may be null.
bool verify_signature(const Certificate& signer, const SignedObject& object, SignatureMemory* memory);

/// Certificates that are trusted, and SHA-256 digests of certificates that are trusted wherever they come
/// from.
struct TrustAnchors {
    std::vector<CertificatePointer> certificates;
    std::vector<std::array<uint8_t, 32>> sha256;

    /// From DER; what is no certificate is left out, and so trusts nothing.
    static TrustAnchors from(const std::vector<Bytes>& certificates,
                             std::vector<std::array<uint8_t, 32>> sha256);
    bool trusts(const Certificate& certificate) const;
};

/// Leaf first, root last.
using Path = std::vector<CertificatePointer>;

enum class PathFault : uint8_t {
    none,
    untrusted,  // no issuer known, root not trusted, a certificate that may not be where it is
    forged,     // an issuer of the right name, whose key did not sign
    expired,    // a whole path, and only its time is wrong
};

struct PathResult {
    Path path;  // set where there is a path: fault is none or expired
    PathFault fault = PathFault::untrusted;
    std::string message;
    bool ok() const { return fault == PathFault::none; }
};

/// The path from `leaf` over `candidates` (any order, duplicates and strangers welcome) to an anchor. Of each
/// certificate: signature, names, validity at `now`, no unknown critical extension; of issuers:
/// basicConstraints with path length, keyUsage. At most eight certificates long, and at most 64 signatures
/// are tried. An anchor is trusted for being one, and its own signature proves nothing more (RFC 5280, 6.1):
/// it is not checked; its time is.
PathResult build_path(const CertificatePointer& leaf, const std::vector<CertificatePointer>& candidates,
                      const TrustAnchors& anchors, Time now, SignatureMemory* memory);

struct RevocationResult {
    enum class Kind : uint8_t {
        good,
        revoked,
        missing,  // no list of this issuer
        forged,   // a list of the issuer's name that its key did not sign
        expired,  // lists of this issuer, none of them current
    } kind = Kind::missing;
    std::string message;
    RevocationListPointer list;  // that the answer came from; null where missing
};

/// Judges `certificate` by the lists of its `issuer`. Any list that the issuer signed and that names the
/// serial revokes, current or not (only one from the future, by `now`, is not asked); good only by a current
/// one.
RevocationResult check_revocation(const Certificate& certificate, const Certificate& issuer,
                                  const std::vector<RevocationListPointer>& lists, Time now,
                                  SignatureMemory* memory);

}  // namespace litebox::attest
