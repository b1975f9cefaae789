#include "attest/x509/path.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <unordered_set>

namespace litebox::attest {

namespace {

constexpr size_t maximum_remembered = 1 << 14, maximum_path = 8, maximum_tries = 64;

using Digest = std::array<uint8_t, 32>;

struct DigestHash {
    size_t operator()(const Digest& digest) const { return static_cast<size_t>(load64(digest.data())); }
};

}  // namespace

struct SignatureMemory::State {
    mutable std::shared_mutex mutex;
    std::unordered_set<Digest, DigestHash> known;
};

SignatureMemory::SignatureMemory() : state_(std::make_unique<State>()) {}
SignatureMemory::~SignatureMemory() = default;

bool SignatureMemory::knows(const Digest& digest) const {
    std::shared_lock lock(state_->mutex);
    return state_->known.contains(digest);
}

void SignatureMemory::remember(const Digest& digest) {
    std::unique_lock lock(state_->mutex);
    // Who floods it with certificates of his own costs others a new check of theirs, no more.
    if (state_->known.size() >= maximum_remembered) state_->known.clear();
    state_->known.insert(digest);
}

namespace {

bool verify_now(const Certificate& signer, const SignedObject& object) {
    const Result<PublicKey>& key = signer.public_key();
    if (!key) return false;
    const SignatureAlgorithm& algorithm = object.algorithm;
    switch (algorithm.scheme) {
        case SignatureAlgorithm::Scheme::ecdsa:
            return key->verify_ecdsa_der(algorithm.hash, object.to_be_signed, object.signature);
        case SignatureAlgorithm::Scheme::ecdsa_raw:
            return key->verify_ecdsa(algorithm.hash, object.to_be_signed, object.signature);
        case SignatureAlgorithm::Scheme::rsa_pkcs1:
            return key->verify_pkcs1(algorithm.hash, object.to_be_signed, object.signature);
        case SignatureAlgorithm::Scheme::rsa_pss:
            return key->verify_pss(algorithm.hash, algorithm.salt, object.to_be_signed, object.signature);
    }
    return false;
}

/// Of everything that the answer depends on, with the one size that says where the parts end, so that no two
/// questions share a digest.
Digest question(const Certificate& signer, const SignedObject& object) {
    const SignatureAlgorithm& algorithm = object.algorithm;
    uint8_t header[11] = {static_cast<uint8_t>(algorithm.scheme), static_cast<uint8_t>(algorithm.hash),
                          static_cast<uint8_t>(algorithm.salt)};
    for (size_t i = 0; i < 8; i++) header[3 + i] = static_cast<uint8_t>(object.signature.size() >> (8 * i));
    Bytes all = digest(Hash::sha256, {header, signer.sha256(), object.signature, object.to_be_signed});
    Digest out;
    std::ranges::copy(all, out.begin());
    return out;
}

}  // namespace

bool verify_signature(const Certificate& signer, const SignedObject& object, SignatureMemory* memory) {
    if (!memory) return verify_now(signer, object);
    Digest asked = question(signer, object);
    if (memory->knows(asked)) return true;
    if (!verify_now(signer, object)) return false;
    memory->remember(asked);
    return true;
}

TrustAnchors TrustAnchors::from(const std::vector<Bytes>& certificates, std::vector<Digest> sha256) {
    TrustAnchors anchors;
    anchors.sha256 = std::move(sha256);
    for (const Bytes& der : certificates) {
        auto certificate = Certificate::parse(der);
        if (certificate) anchors.certificates.push_back(*certificate);
    }
    return anchors;
}

bool TrustAnchors::trusts(const Certificate& certificate) const {
    bool given = std::ranges::any_of(certificates,
                                     [&](const auto& anchor) { return anchor->der() == certificate.der(); });
    return given || std::ranges::find(sha256, certificate.sha256()) != sha256.end();
}

namespace {

std::string name_of(const Certificate& certificate) {
    std::string name = certificate.common_name();
    return name.empty() ? "a certificate without common name" : "\"" + name + "\"";
}

/// Depth first from the leaf. Work is bounded by the number of signatures tried, whatever the candidates are.
class PathBuilder {
  public:
    PathBuilder(const std::vector<CertificatePointer>& candidates, const TrustAnchors& anchors, Time now,
                SignatureMemory* memory)
        : candidates_(candidates), anchors_(anchors), now_(now), memory_(memory) {}

    PathResult from(const CertificatePointer& leaf) {
        path_.push_back(leaf);
        return extend();
    }

  private:
    /// The best continuation of `path_`: one that is good, else one that only time is against, else the first
    /// fault.
    PathResult extend() {
        const Certificate& last = *path_.back();
        std::string critical = last.unknown_critical_extension();
        if (!critical.empty())
            return fault(name_of(last) + " has the unknown critical extension " + critical);
        if (anchors_.trusts(last)) return complete();
        if (path_.size() == maximum_path)
            return fault("more than eight certificates from the leaf and no root yet");

        PathResult best =
            fault("no certificate of the issuer \"" + last.issuer_common_name() + "\" of " + name_of(last));
        if (equal(last.issuer(), last.subject()))
            best.message = name_of(last) + " is its own issuer and not among the trusted roots";
        bool named = false, signed_once = false;
        std::vector<const Certificate*> tried;
        for (const auto* list : {&anchors_.certificates, &candidates_}) {
            for (const CertificatePointer& issuer : *list) {
                if (!may_issue(*issuer, last, tried)) continue;
                tried.push_back(issuer.get());
                std::string why = unfit(*issuer);
                if (!why.empty()) {
                    if (!named) best = fault(why);
                    named = true;
                    continue;
                }
                if (++tries_ > maximum_tries)
                    return fault("no path within 64 signatures: too many candidates of equal names");
                if (!verify_signature(*issuer, last.signed_object(), memory_)) {
                    if (!named)
                        best = {{},
                                PathFault::forged,
                                name_of(last) + " is not signed by its issuer " + name_of(*issuer)};
                    named = true;
                    continue;
                }
                path_.push_back(issuer);
                PathResult result = extend();
                path_.pop_back();
                if (result.ok()) return result;
                if (!signed_once || (result.fault == PathFault::expired && best.fault != PathFault::expired))
                    best = std::move(result);
                named = signed_once = true;
            }
        }
        return best;
    }

    /// Of the issuer's name, not yet in the path (certificates may sign in circles), not yet tried here (or
    /// be there twice).
    bool may_issue(const Certificate& issuer, const Certificate& subject,
                   const std::vector<const Certificate*>& tried) const {
        if (!equal(issuer.subject(), subject.issuer())) return false;
        auto same = [&](const auto& other) { return other->der() == issuer.der(); };
        return std::ranges::none_of(path_, same) && std::ranges::none_of(tried, same);
    }

    /// Why this certificate may not issue the last one of the path; empty if it may.
    std::string unfit(const Certificate& issuer) const {
        if (!issuer.is_authority())
            return name_of(issuer) + " is no certificate authority (basicConstraints)";
        if (!issuer.allows(Certificate::key_cert_sign))
            return name_of(issuer) + " may not sign certificates (keyUsage)";
        // Authorities between it and the leaf.
        if (issuer.path_length() >= 0 && path_.size() - 1 > static_cast<size_t>(issuer.path_length())) {
            return name_of(issuer) + " allows fewer authorities below it than there are (pathLenConstraint)";
        }
        return {};
    }

    PathResult complete() const {
        for (const CertificatePointer& certificate : path_) {
            if (certificate->valid_at(now_)) continue;
            return {path_, PathFault::expired,
                    name_of(*certificate) + " is valid from " + to_string(certificate->not_before()) +
                        " to " + to_string(certificate->not_after()) + ", not at " + to_string(now_)};
        }
        return {path_, PathFault::none, {}};
    }

    static PathResult fault(std::string message) { return {{}, PathFault::untrusted, std::move(message)}; }

    const std::vector<CertificatePointer>& candidates_;
    const TrustAnchors& anchors_;
    Time now_;
    SignatureMemory* memory_;
    Path path_;
    size_t tries_ = 0;
};

}  // namespace

PathResult build_path(const CertificatePointer& leaf, const std::vector<CertificatePointer>& candidates,
                      const TrustAnchors& anchors, Time now, SignatureMemory* memory) {
    return PathBuilder(candidates, anchors, now, memory).from(leaf);
}

}  // namespace litebox::attest
