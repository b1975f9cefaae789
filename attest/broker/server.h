// HTTPS for the service: TLS 1.3, HTTP/1.1 with kept-alive connections. No thread ever waits for a client;
// every part of a message has a limit, every wait a deadline, and who stalls gives way to who works.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "attest/broker/service.h"

struct ssl_ctx_st;

namespace litebox::attest::broker {

struct ServerOptions {
    std::string address = "127.0.0.1";
    uint16_t port = 0;  // 0: any free one; see Server::port
    unsigned threads = 1;
    size_t maximum_connections = 1024;
    size_t maximum_connections_per_address = 256;
    size_t maximum_body = 512 << 10;
    size_t maximum_header = 16 << 10;
    int handshake_seconds = 10;  // from accepting to the handshake's end
    int request_seconds =
        30;  // from the end of one answer to the end of the next request, however it dribbles in
    int response_seconds = 10;  // for the client to take the answer
};

class Server {
  public:
    /// `tls` is a server context with certificate and key; `new_service` gives each thread its own service.
    static Result<std::unique_ptr<Server>> start(
        const ServerOptions& options, std::shared_ptr<ssl_ctx_st> tls,
        const std::function<Result<std::unique_ptr<Service>>()>& new_service);
    ~Server();
    /// Stops accepting and answering, joins the threads; connections close when the server goes. What the
    /// services use (the releaser above all, which may still hand results to connections) goes between the
    /// two.
    void stop();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    uint16_t port() const;

  private:
    struct State;
    explicit Server(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// A TLS 1.3 server context from PEM.
Result<std::shared_ptr<ssl_ctx_st>> make_server_context(std::string_view certificate_chain,
                                                        std::string_view private_key);

}  // namespace litebox::attest::broker
