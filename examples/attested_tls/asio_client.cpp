// A Boost.Asio client that talks only to code that its policy accepts.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <fstream>
#include <iostream>

#include "attest/tls/peer.h"

namespace attest = litebox::attest;
namespace net = boost::asio;

namespace {

std::string read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) return std::cerr << "usage: asio_client HOST PORT POLICY ROOT COLLATERAL\n", 2;
    auto policy = attest::Policy::parse(read_file(argv[3]));
    auto loaded = attest::Collateral::load_directory(argv[5]);
    if (!policy.ok() || !loaded.ok())
        return std::cerr << (policy.ok() ? loaded.error() : policy.error()).message << "\n", 1;
    attest::Roots roots;
    roots.intel.push_back(attest::to_bytes(attest::as_bytes(read_file(argv[4]))));
    attest::PreparedCollateral collateral(*loaded);
    attest::tls::PeerVerifier verifier({&roots, &collateral, &*policy, attest::system_now, {}});

    net::io_context loop;
    net::ssl::context context(net::ssl::context::tls_client);
    if (auto installed = verifier.install(context.native_handle()); !installed.ok()) return 1;  // attested

    net::ssl::stream<net::ip::tcp::socket> stream(loop, context);
    boost::system::error_code error;
    net::connect(stream.next_layer(), net::ip::tcp::resolver(loop).resolve(argv[1], argv[2]), error);
    if (!error) stream.handshake(net::ssl::stream_base::client, error);

    const attest::Verdict* verdict = attest::tls::PeerVerifier::verdict(stream.native_handle());  // attested
    std::cout << (verdict ? attest::to_string(verdict->status()) : "no verdict") << "\n";
    return error ? 1 : 0;
}
