// A policy as the broker holds it: what evidence must show (an attest policy), how it must be bound, and a
// version, signed by the policy signer. The private key of the signer need never be on the broker's machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attest/base/bytes.h"
#include "attest/policy.h"

namespace litebox::attest::broker {

struct BrokerPolicy {
    std::string name;
    int64_t version = 0;
    /// Evidence after the handshake, over nonce and TLS exporter: our own client.
    bool accept_channel = false;
    /// The TEE's key in the runtime data that report data hashes, and the secret encrypted to that key:
    /// Confidential Containers.
    bool accept_key = false;
    /// How many secrets one attested session of that protocol may fetch before it must attest anew. Over the
    /// channel binding it is always one: each release has evidence of its own.
    int64_t releases_per_attestation = 1;
    int64_t session_seconds = 300;
    std::string policy_text;  // TOML, as `litebox attest verify --policy` takes it
    Policy policy;
};

/// JSON of the statement, to be signed.
std::string policy_statement(const BrokerPolicy& policy);
/// Statement and signature as one JSON document. `private_key` is PEM: Ed25519, P-256 or P-384.
Result<std::string> sign_policy(std::string_view statement, std::string_view private_key);

/// A key that policies may be signed with: DER SubjectPublicKeyInfo, of PEM or DER.
Result<Bytes> parse_policy_signer(std::string_view text);

/// Checks signature, then every field, then the attest policy. The document was signed by one of `signers`.
Result<BrokerPolicy> open_policy(std::string_view document, const std::vector<Bytes>& signers);

}  // namespace litebox::attest::broker
