#include "attest/broker/server.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <thread>

#include "attest/broker/connections.h"
#include "attest/tls/peer.h"

namespace litebox::attest::broker {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

using SecretBody = http::vector_body<uint8_t, WipingAllocator<uint8_t>>;

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}
beast::string_view boost_view(std::string_view text) {
    return {text.data(), text.size()};
}

/// One thread: its event loop, its service.
struct Worker {
    net::io_context loop{1};
    std::unique_ptr<Service> service;
    std::thread thread;
};

/// One connection, from accepting to closing. Lives as long as something waits for it; all of it runs on its
/// worker's thread.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
  public:
    ClientConnection(tcp::socket&& socket, std::string address, net::ssl::context& tls, Worker& worker,
                     const ServerOptions& options, Connections& connections)
        : stream_(std::move(socket), tls),
          address_(std::move(address)),
          worker_(worker),
          options_(options),
          connections_(connections) {}

    ~ClientConnection() {
        if (ticket_) connections_.remove(*ticket_);
    }

    /// On the acceptor's thread: whether there is room. Then `run` goes on on the worker's.
    bool admit() {
        std::weak_ptr<ClientConnection> weak = weak_from_this();
        ticket_ = connections_.admit(address_, [weak, &loop = worker_.loop] {
            if (auto self = weak.lock()) net::post(loop, [self] { self->close(); });
        });
        return ticket_.has_value();
    }

    void run() {
        ErrorCode ignored;
        auto endpoint = beast::get_lowest_layer(stream_).socket().remote_endpoint(ignored);
        connection_.peer = address_ + ":" + std::to_string(endpoint.port());
        connection_.channel_report_data = [this](ByteView nonce) {
            return tls::channel_report_data(stream_.native_handle(), tls::Role::client, nonce);
        };
        connection_.post = [self = weak_from_this(), &loop = worker_.loop](std::function<void()> work) {
            if (auto alive = self.lock()) net::post(loop, [alive, work = std::move(work)] { work(); });
        };
        beast::get_lowest_layer(stream_).socket().set_option(tcp::no_delay(true), ignored);
        deadline(options_.handshake_seconds);
        stream_.async_handshake(net::ssl::stream_base::server, [self = shared_from_this()](ErrorCode error) {
            if (!error) self->read();
        });
    }

    void close() {
        ErrorCode ignored;
        beast::get_lowest_layer(stream_).socket().close(ignored);
    }

  private:
    void deadline(int seconds) {
        beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(seconds));
    }

    void read() {
        parser_.emplace();
        parser_->header_limit(static_cast<uint32_t>(options_.maximum_header));
        parser_->body_limit(options_.maximum_body);
        deadline(options_.request_seconds);
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](ErrorCode error, size_t) { self->on_read(error); });
    }

    void on_read(ErrorCode error) {
        if (error == http::error::body_limit || error == http::error::header_limit) {
            keep_alive_ = false;
            return answer(problem(error == http::error::body_limit ? 413 : 431, "InvalidRequestPath",
                                  "the request is too long"));
        }
        bool not_http = error.category() == http::make_error_code(http::error::bad_method).category();
        if (not_http && error != http::error::end_of_stream && error != http::error::partial_message) {
            keep_alive_ = false;
            return answer(problem(400, "InvalidRequestPath", "this is not HTTP/1.1"));
        }
        if (error) return finish();
        // No answer has a deadline of its own while the broker works: it is the broker's time, not the
        // client's.
        beast::get_lowest_layer(stream_).expires_never();
        if (ticket_) connections_.at_work(*ticket_);
        const auto& message = parser_->get();
        // The answer to HEAD has a body here, which no client reads: nothing may come after it.
        keep_alive_ = message.keep_alive() && message.method() != http::verb::head;
        version_ = message.version();
        Request request{view(message.method_string()), view(message.target()),
                        view(message[http::field::cookie]), view(message[http::field::authorization]),
                        message.body()};
        worker_.service->handle(request, connection_, [self = shared_from_this()](Response response) {
            self->answer(std::move(response));
        });
    }

    void answer(Response given) {
        response_.emplace(static_cast<http::status>(given.status), version_);
        response_->set(http::field::server, "litebox-broker");
        response_->set(http::field::cache_control, "no-store");
        if (given.status != 204)
            response_->set(http::field::content_type,
                           given.json ? "application/json" : "application/octet-stream");
        if (!given.set_cookie.empty()) response_->set(http::field::set_cookie, boost_view(given.set_cookie));
        if (!given.nonce.empty()) response_->set("Litebox-Nonce", boost_view(given.nonce));
        response_->keep_alive(keep_alive_);
        response_->body() = std::move(given.body);
        if (given.status != 204) response_->content_length(response_->body().size());
        deadline(options_.response_seconds);
        serializer_.emplace(*response_);
        serializer_->split(true);
        http::async_write_header(stream_, *serializer_, [self = shared_from_this()](ErrorCode error, size_t) {
            if (error || self->response_->body().empty()) return self->on_sent(error);
            // The body as one buffer of its own: several would be copied into one on their way, and nothing
            // would wipe that.
            net::async_write(self->stream_, net::buffer(self->response_->body()),
                             [self](ErrorCode failed, size_t) { self->on_sent(failed); });
        });
    }

    void on_sent(ErrorCode error) {
        serializer_.reset();
        response_.reset();  // wipes the body
        if (error) return;
        if (ticket_) connections_.answered(*ticket_);
        keep_alive_ ? read() : finish();
    }

    void finish() {
        deadline(options_.response_seconds);
        stream_.async_shutdown([self = shared_from_this()](ErrorCode) { self->close(); });
    }

    beast::ssl_stream<beast::tcp_stream> stream_;
    std::string address_;
    Worker& worker_;
    const ServerOptions& options_;
    Connections& connections_;
    std::optional<Connections::Ticket> ticket_;
    Connection connection_;
    beast::flat_buffer buffer_{1 << 20};
    std::optional<http::request_parser<http::string_body>> parser_;
    std::optional<http::response<SecretBody>> response_;
    std::optional<http::response_serializer<SecretBody>> serializer_;
    bool keep_alive_ = false;
    unsigned version_ = 11;
};

}  // namespace

struct Server::State {
    State(const ServerOptions& given, std::shared_ptr<ssl_ctx_st> context)
        : options(given),
          tls(context.get()),
          connections(given.maximum_connections, given.maximum_connections_per_address) {
        SSL_CTX_up_ref(context.get());  // asio's context takes one reference over
    }

    /// Each connection goes to the next worker.
    void accept() {
        Worker& worker = *workers[next++ % workers.size()];
        acceptor->async_accept(worker.loop, [this, &worker](ErrorCode error, tcp::socket socket) {
            if (error == net::error::operation_aborted) return;
            if (!error) admit(std::move(socket), worker);
            if (error) {
                // Out of descriptors, most likely: wait a little for connections to end.
                pause.expires_after(std::chrono::milliseconds(50));
                return pause.async_wait([this](ErrorCode stopped) {
                    if (!stopped) accept();
                });
            }
            accept();
        });
    }

    void admit(tcp::socket socket, Worker& worker) {
        ErrorCode error;
        auto endpoint = socket.remote_endpoint(error);
        if (error) return;
        auto session = std::make_shared<ClientConnection>(std::move(socket), endpoint.address().to_string(),
                                                          tls, worker, options, connections);
        if (session->admit()) net::post(worker.loop, [session] { session->run(); });
    }

    ServerOptions options;
    net::ssl::context tls;
    Connections connections;
    std::vector<std::unique_ptr<Worker>> workers;
    net::io_context accept_loop{1};
    net::steady_timer pause{accept_loop};
    std::optional<tcp::acceptor> acceptor;
    std::thread accept_thread;
    size_t next = 0;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::start(
    const ServerOptions& options, std::shared_ptr<ssl_ctx_st> tls,
    const std::function<Result<std::unique_ptr<Service>>()>& new_service) {
    auto state = std::make_unique<State>(options, std::move(tls));
    ErrorCode error;
    net::ip::address address = net::ip::make_address(options.address, error);
    if (error) return Error{"\"" + options.address + "\" is no address to listen on"};
    tcp::endpoint endpoint(address, options.port);
    state->acceptor.emplace(state->accept_loop);
    tcp::acceptor& acceptor = *state->acceptor;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(1024, error);
    if (error)
        return Error{"cannot listen on " + options.address + " port " + std::to_string(options.port) + ": " +
                     error.message()};
    for (unsigned i = 0; i < std::max(1u, options.threads); i++) {
        auto worker = std::make_unique<Worker>();
        worker->service = ATTEST_TRY(new_service());
        state->workers.push_back(std::move(worker));
    }
    for (auto& worker : state->workers) {
        worker->thread = std::thread([&loop = worker->loop] {
            auto work = net::make_work_guard(loop);
            loop.run();
        });
    }
    state->accept();
    state->accept_thread = std::thread([&loop = state->accept_loop] { loop.run(); });
    return std::unique_ptr<Server>(new Server(std::move(state)));
}

uint16_t Server::port() const {
    return state_->acceptor->local_endpoint().port();
}

void Server::stop() {
    state_->accept_loop.stop();
    if (state_->accept_thread.joinable()) state_->accept_thread.join();
    for (auto& worker : state_->workers) worker->loop.stop();
    for (auto& worker : state_->workers) {
        if (worker->thread.joinable()) worker->thread.join();
    }
}

Server::~Server() {
    stop();
}

Result<std::shared_ptr<ssl_ctx_st>> make_server_context(std::string_view certificate_chain,
                                                        std::string_view private_key) {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1)
        return Error{"this OpenSSL has no TLS 1.3"};
    SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    auto bio = [](std::string_view text) {
        return std::unique_ptr<BIO, decltype(&BIO_free_all)>(
            BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all);
    };
    auto chain = bio(certificate_chain), key_text = bio(private_key);
    for (bool first = true;; first = false) {
        X509* certificate = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr);
        if (!certificate && first) return Error{"the TLS certificate is not PEM"};
        if (!certificate) break;
        int used = first ? SSL_CTX_use_certificate(context.get(), certificate)
                         : SSL_CTX_add1_chain_cert(context.get(), certificate);
        X509_free(certificate);
        if (used != 1) return Error{"the TLS certificate cannot be used"};
    }
    ERR_clear_error();
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    if (!key) return Error{"the TLS key is not a private key in PEM"};
    if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
        return Error{"the TLS key is not the certificate's"};
    return context;
}

}  // namespace litebox::attest::broker
