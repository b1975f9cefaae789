#include "attest/broker/client.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "attest/base/json.h"
#include "attest/broker/names.h"

namespace litebox::attest::broker {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using ErrorCode = boost::system::error_code;
using SecretBody = http::vector_body<uint8_t, WipingAllocator<uint8_t>>;

namespace {

constexpr size_t maximum_secret = 4 << 20;

/// What the broker said of a refusal.
Error refusal(unsigned status, const SecretBytes& body) {
    Result<Json> json = Json::parse(as_text(body));
    Result<std::string> detail = json.ok() ? json->text_member("detail") : Result<std::string>(Error{});
    return Error{detail.ok() ? "the broker refuses: " + *detail
                             : "the broker answers with status " + std::to_string(status)};
}

int check_pin(X509_STORE_CTX* store, void* pin) {
    X509* peer = X509_STORE_CTX_get0_cert(store);
    EVP_PKEY* key = peer ? X509_get0_pubkey(peer) : nullptr;
    bool right = key && public_key_pin(tls::public_key_info(key)) == *static_cast<const std::string*>(pin);
    X509_STORE_CTX_set_error(store, right ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return right ? 1 : 0;
}

}  // namespace

struct Client::State {
    explicit State(const ClientOptions& given) : options(given) {}

    Result<void> connect();
    Result<void> set_trust();
    Result<void> step(std::string_view what,
                      const std::function<void(std::function<void(ErrorCode)>)>& start);
    Result<http::response<SecretBody>> post(const std::string& target, ByteView body);
    Result<void> need_nonce();

    ClientOptions options;
    net::io_context loop{1};
    net::ssl::context tls{net::ssl::context::tls_client};
    std::optional<beast::ssl_stream<beast::tcp_stream>> stream;
    beast::basic_flat_buffer<WipingAllocator<char>> buffer{maximum_secret + (64 << 10)};
    std::string nonce;  // base64, of the last answer; empty: none
};

/// One asynchronous operation, run to its end or to the deadline.
Result<void> Client::State::step(std::string_view what,
                                 const std::function<void(std::function<void(ErrorCode)>)>& start) {
    ErrorCode outcome = net::error::would_block;
    beast::get_lowest_layer(*stream).expires_after(std::chrono::seconds(options.timeout_seconds));
    start([&](ErrorCode error) { outcome = error; });
    loop.restart();
    loop.run();
    if (!outcome) return {};
    if (const Verdict* verdict = tls::PeerVerifier::verdict(stream->native_handle());
        verdict && !verdict->accepted()) {
        const Check* check = verdict->reason();
        return Error{
            "the broker's own evidence is not accepted: " + std::string(to_string(verdict->status())) +
            (check ? ", " + check->id + ": " + check->reason : "")};
    }
    return Error{"broker " + options.host + ": " + std::string(what) + ": " + outcome.message()};
}

Result<void> Client::State::set_trust() {
    SSL_CTX* context = tls.native_handle();
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);  // of what was received: the secret
    BrokerTrust& trust = options.trust;
    if (trust.attested) return trust.attested->install(context);
    if (!trust.pin.empty()) {
        if (!trust.pin.starts_with("sha256//"))
            return Error{"a pin is \"sha256//\" and base64, as the broker prints it"};
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set_cert_verify_callback(context, check_pin, &trust.pin);
        return {};
    }
    if (trust.ca_certificates.empty())
        return Error{"nothing says which broker is trusted: give a pin, a CA or a policy for it"};
    ErrorCode error;
    tls.add_certificate_authority(net::buffer(trust.ca_certificates), error);
    if (error) return Error{"the CA certificates are not PEM: " + error.message()};
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    return {};
}

Result<void> Client::State::connect() {
    if (Result<void> set = set_trust(); !set.ok()) return set;
    stream.emplace(loop, tls);
    if (!options.trust.ca_certificates.empty()) {
        SSL* connection = stream->native_handle();
        SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
        if (X509_VERIFY_PARAM_set1_ip_asc(parameters, options.host.c_str()) != 1 &&
            SSL_set1_host(connection, options.host.c_str()) != 1) {
            return Error{"\"" + options.host + "\" is no host name"};
        }
    }
    SSL_set_tlsext_host_name(stream->native_handle(), options.host.c_str());
    ErrorCode error;
    auto found = tcp::resolver(loop).resolve(options.host, options.port, error);
    if (error) return Error{"broker " + options.host + ": " + error.message()};
    Result<void> done = step("connecting", [&](auto finished) {
        beast::get_lowest_layer(*stream).async_connect(
            found, [finished](ErrorCode code, const tcp::endpoint&) { finished(code); });
    });
    if (!done.ok()) return done;
    beast::get_lowest_layer(*stream).socket().set_option(tcp::no_delay(true), error);
    return step("TLS handshake",
                [&](auto finished) { stream->async_handshake(net::ssl::stream_base::client, finished); });
}

Result<http::response<SecretBody>> Client::State::post(const std::string& target, ByteView body) {
    http::request<http::span_body<const char>> request(http::verb::post, target, 11);
    request.set(http::field::host, options.host);
    request.set(http::field::content_type, "application/octet-stream");
    request.body() = {reinterpret_cast<const char*>(body.data()), body.size()};
    request.prepare_payload();
    Result<void> done = step("sending", [&](auto finished) {
        http::async_write(*stream, request, [finished](ErrorCode code, size_t) { finished(code); });
    });
    if (!done.ok()) return done.error();
    http::response_parser<SecretBody> parser;
    parser.body_limit(maximum_secret);
    done = step("reading", [&](auto finished) {
        http::async_read(*stream, buffer, parser, [finished](ErrorCode code, size_t) { finished(code); });
    });
    if (!done.ok()) return done.error();
    nonce = std::string(parser.get()["Litebox-Nonce"]);
    return parser.release();
}

Result<void> Client::State::need_nonce() {
    if (!nonce.empty()) return {};
    auto response = post("/litebox/v1/nonce", {});
    if (!response.ok()) return response.error();
    if (nonce.empty()) return refusal(response->result_int(), response->body());
    return {};
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(const ClientOptions& options) {
    auto state = std::make_unique<State>(options);
    if (Result<void> done = state->connect(); !done.ok()) return done.error();
    return std::unique_ptr<Client>(new Client(std::move(state)));
}

Result<SecretBytes> Client::get(std::string_view secret, const tls::Attester& attester) {
    if (!is_secret_name(secret)) return bad_secret_name(secret);
    if (Result<void> had = state_->need_nonce(); !had.ok()) return had.error();
    Bytes nonce = ATTEST_TRY(from_base64(std::exchange(state_->nonce, {})));
    Bytes report_data =
        ATTEST_TRY(tls::channel_report_data(state_->stream->native_handle(), tls::Role::client, nonce));
    Bytes evidence = ATTEST_TRY(attester(report_data));
    auto response = state_->post("/litebox/v1/release/" + std::string(secret), evidence);
    if (!response.ok()) return response.error();
    if (response->result() != http::status::ok) return refusal(response->result_int(), response->body());
    return std::move(response->body());
}

Result<void> parse_url(std::string_view url, ClientOptions& options) {
    constexpr std::string_view scheme = "https://";
    Error wrong{"a broker's URL is https://HOST[:PORT], not \"" + std::string(url.substr(0, 80)) + "\""};
    if (!url.starts_with(scheme)) return wrong;
    url.remove_prefix(scheme.size());
    while (url.ends_with('/')) url.remove_suffix(1);
    size_t end = url.starts_with('[') ? url.find(']') : url.find(':');
    if (url.starts_with('[')) {
        if (end == url.npos) return wrong;
        options.host = url.substr(1, end - 1);
        end++;
    } else {
        options.host = url.substr(0, end);
    }
    std::string_view rest = end < url.size() ? url.substr(end) : std::string_view();
    options.port = rest.empty() ? "8443" : std::string(rest.substr(1));
    bool digits = !options.port.empty() && options.port.find_first_not_of("0123456789") == options.port.npos;
    if (options.host.empty() || (!rest.empty() && rest[0] != ':') || !digits) return wrong;
    return {};
}

std::string public_key_pin(ByteView spki) {
    return "sha256//" + to_base64(sha256(spki));
}

}  // namespace litebox::attest::broker
