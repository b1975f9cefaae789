// The broker's client: one TLS connection, any number of secrets over it, each for evidence made for that
// connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "attest/broker/secret_bytes.h"
#include "attest/tls/identity.h"
#include "attest/tls/peer.h"

namespace litebox::attest::broker {

/// How the client knows that it talks to the right broker; the first that is set counts. None: refused.
struct BrokerTrust {
    const tls::PeerVerifier* attested =
        nullptr;      // the broker's certificate carries evidence: mutual attestation
    std::string pin;  // "sha256//" and base64 of SHA-256 of the broker's public key, as curl's --pinnedpubkey
    std::string ca_certificates;  // PEM; the certificate must then be for the host as well
};

struct ClientOptions {
    std::string host;
    std::string port;
    BrokerTrust trust;
    int timeout_seconds = 30;  // for each step
};

class Client {
  public:
    static Result<std::unique_ptr<Client>> connect(const ClientOptions& options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// `attester` is asked for evidence over the channel's report data. The error of a refusal is what the
    /// broker said.
    Result<SecretBytes> get(std::string_view secret, const tls::Attester& attester);

  private:
    struct State;
    explicit Client(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// "https://host[:port]" into host and port (8443 where none is given).
Result<void> parse_url(std::string_view url, ClientOptions& options);
/// The pin of a public key (DER SubjectPublicKeyInfo).
std::string public_key_pin(ByteView spki);

}  // namespace litebox::attest::broker
