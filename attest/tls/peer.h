// Judging a peer by the evidence in its certificate, or by evidence over the channel itself.
//
//     PeerVerifier verifier({.roots = &roots, .collateral = &collateral, .policy = &policy, .clock =
//     system_now}); if (auto installed = verifier.install(ssl_context); !installed.ok()) ...
//     SSL_connect(ssl);                        // fails where the evidence is not accepted
//     PeerVerifier::verdict(ssl);              // says why
//
// `install` takes the place of path building: the certificate is its own authority, by its evidence.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "attest/verify.h"

struct ssl_st;
struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace litebox::attest::tls {

struct CertificateOptions {
    const Roots* roots = nullptr;
    const PreparedCollateral* collateral = nullptr;
    const Policy* policy = nullptr;
    Time now;
    Bytes nonce;  // must be in the claims; empty: none was given out. The legacy form cannot carry one.
};

/// The verdict on the evidence, with three checks more: that there is evidence, that report data binds it to
/// the whole public key, that the nonce is the one asked for. The certificate's own times are not judged: an
/// attested key is as good as its evidence. What this proves: the private key lives in what was measured. Not
/// that this connection ends there: that is what the handshake shows, and for relays the channel binding
/// below.
Verdict verify_certificate(ByteView der, const CertificateOptions& options);

/// The evidence that the certificate carries, not judged.
Result<Bytes> certificate_evidence(const Certificate& certificate);

struct PeerOptions {
    const Roots* roots = nullptr;
    const PreparedCollateral* collateral = nullptr;
    const Policy* policy = nullptr;
    std::function<Time()> clock;
    Bytes nonce;
};

/// Judges every peer of the contexts that it is installed in. Thread-safe; must outlive them.
class PeerVerifier {
  public:
    explicit PeerVerifier(PeerOptions options) : options_(std::move(options)) {}
    PeerVerifier(const PeerVerifier&) = delete;
    PeerVerifier& operator=(const PeerVerifier&) = delete;

    /// For a client's context, or for a server's that wants its clients attested: on both sides it is mutual
    /// attestation.
    Result<void> install(ssl_ctx_st* context) const;
    /// The verdict of a connection's handshake; null where none was made (a resumed session has none: install
    /// turns them off).
    static const Verdict* verdict(const ssl_st* connection);

  private:
    bool judge(x509_store_ctx_st* store) const;
    static int callback(x509_store_ctx_st* store, void* self);
    PeerOptions options_;
};

enum class Role : uint8_t { client, server };

/// The 64 bytes of report data that bind evidence to this connection and a nonce: the attester asks its TEE
/// for evidence over them, the verifier, at the other end, expects them. `attester` is the side that attests.
/// Relaying evidence to another connection changes them, since the exporter's secret is each connection's
/// own. TLS 1.3 alone, after the handshake.
Result<Bytes> channel_report_data(ssl_st* connection, Role attester, ByteView nonce);
/// The same, of an exported secret (see `channel_exporter_label`) that was taken from the connection by other
/// means.
Bytes channel_report_data(Role attester, ByteView nonce, ByteView exported);
inline constexpr std::string_view channel_exporter_label = "EXPORTER-litebox-attest-channel-v1";

}  // namespace litebox::attest::tls
