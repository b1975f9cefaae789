// What the broker answers, apart from how bytes come and go: our own protocol and the Confidential Containers
// protocol.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/broker/judge.h"
#include "attest/broker/releaser.h"
#include "attest/broker/sessions.h"

namespace litebox::attest::broker {

struct Request {
    std::string_view method, target, cookie, authorization, body;
};

struct Response {
    unsigned status = 200;
    bool json = true;  // else bytes
    SecretBytes body;  // wiped when it has been sent
    std::string set_cookie;
    std::string nonce;  // for the client's next release over this connection
};

/// What outlives a request on one connection.
struct Connection {
    std::string peer;  // "192.0.2.7:41234"
    /// Report data that binds evidence to this TLS connection and a nonce.
    std::function<Result<Bytes>(ByteView nonce)> channel_report_data;
    /// Runs something on the connection's own thread, the connection being alive.
    std::function<void(std::function<void()>)> post;
    Bytes nonce;  // given out, not yet used; empty: none
    Time nonce_made;
};

struct ServiceParts {
    Judge& judge;
    PolicyCache& policies;
    Sessions& sessions;
    Releaser& releaser;
    const TokenSigner& tokens;
    std::string issuer;  // the broker's URL, for tokens
};

/// For one thread; the parts are shared.
class Service {
  public:
    using Done = std::function<void(Response)>;
    Service(const ServiceParts& parts, std::unique_ptr<Store> store)
        : parts_(parts), store_(std::move(store)) {}

    /// `done` is called once, on the connection's thread: before this returns, or later. `request` need not
    /// outlive the call.
    void handle(const Request& request, Connection& connection, Done done);

  private:
    // Our own protocol: service_channel.cpp.
    void give_nonce(Connection& connection, Response& response);
    void release_over_channel(std::string_view secret, const Request& request, Connection& connection,
                              Done done);
    // The Confidential Containers protocol: service_kbs.cpp.
    Response kbs_auth(const Request& request);
    Response kbs_attest(const Request& request, Connection& connection);
    void kbs_resource(std::string_view secret, const Request& request, Connection& connection, Done done);
    Result<Session> kbs_judge(const Json& body, const Challenge& challenge, Connection& connection);
    Result<std::string> kbs_session_name(const Request& request) const;
    std::string kbs_token(const std::string& name, const Session& session, const Verdict& verdict,
                          const Json& key) const;

    using Deliver = std::function<Response(SecretBytes)>;
    /// Has the store release the secret; then `deliver` makes the answer of it.
    void release(ReleaseRequest request, Connection& connection, Deliver deliver, Done done);
    void note_refusal(std::string_view secret, std::string_view binding, const Connection& connection,
                      std::string_view evidence_hash, const Verdict* verdict, std::string_view reason);

    ServiceParts parts_;
    std::unique_ptr<Store> store_;
};

/// A refusal in the form of RFC 7807, as the Confidential Containers protocol has it.
Response problem(unsigned status, std::string_view type, std::string_view detail);
Response json_response(std::string_view text);
/// Why evidence was not accepted, for the client: status, check, reason and hint.
std::string explain(const Verdict& verdict);

}  // namespace litebox::attest::broker
