#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "attest/tls/identity.h"
#include "attest/tls/peer.h"
#include "tests/attest/simulated_tee.h"
#include "tests/unit/attest/take.h"

namespace litebox::attest::tls {
namespace {

const SimulatedTee& tee() {
    static const SimulatedTee made("tdx");
    return made;
}
Result<Bytes> attest_honestly(ByteView report_data) {
    return tee().evidence(report_data);
}

/// Two ends of a connection in memory.
class Handshake {
  public:
    Handshake(SSL_CTX* client_context, SSL_CTX* server_context)
        : client_(SSL_new(client_context)), server_(SSL_new(server_context)) {
        BIO *one = nullptr, *other = nullptr;
        BIO_new_bio_pair(&one, 1 << 17, &other, 1 << 17);
        SSL_set_bio(client_, one, one);
        SSL_set_bio(server_, other, other);
        SSL_set_connect_state(client_);
        SSL_set_accept_state(server_);
    }
    ~Handshake() {
        SSL_free(client_);
        SSL_free(server_);
    }
    bool run() {
        for (int i = 0; i < 10; i++) {
            int client = SSL_do_handshake(client_), server = SSL_do_handshake(server_);
            if (client == 1 && server == 1) return true;
            if (fatal(client_, client) || fatal(server_, server)) return false;
        }
        return false;
    }
    SSL* client() { return client_; }
    SSL* server() { return server_; }

  private:
    static bool fatal(SSL* ssl, int result) {
        return result != 1 && SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ;
    }
    SSL *client_, *server_;
};

struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextFree>;

class HandshakeTest : public ::testing::Test {
  protected:
    HandshakeTest()
        : collateral_(tee().simulation().collateral),
          policy_(*Policy::parse(SimulatedTee::policy("tdx"))),
          verifier_({&tee().simulation().roots, &collateral_, &policy_, system_now, {}}) {}

    Context context(bool client, const Attester& attester, bool verifies = true) {
        Context made(SSL_CTX_new(client ? TLS_client_method() : TLS_server_method()));
        bool good = (!attester || take(make_identity(attester, {})).use(made.get()).ok()) &&
                    (!verifies || verifier_.install(made.get()).ok());
        EXPECT_TRUE(good);
        return made;
    }
    PreparedCollateral collateral_;
    Policy policy_;
    PeerVerifier verifier_;
};

TEST_F(HandshakeTest, BothSidesAttestEachOther) {
    Context client = context(true, attest_honestly), server = context(false, attest_honestly);
    Handshake handshake(client.get(), server.get());
    ASSERT_TRUE(handshake.run());
    for (SSL* end : {handshake.client(), handshake.server()}) {
        ASSERT_NE(PeerVerifier::verdict(end), nullptr);
        EXPECT_TRUE(PeerVerifier::verdict(end)->accepted());
    }
}

TEST_F(HandshakeTest, AServerWithOtherCodeIsRefusedAndTheVerdictSaysWhy) {
    static const SimulatedTee other("tdx", 0x22);
    Context client = context(true, {}),
            server = context(
                false, [](ByteView data) -> Result<Bytes> { return other.evidence(data); }, false);
    Handshake handshake(client.get(), server.get());
    EXPECT_FALSE(handshake.run());
    ASSERT_NE(PeerVerifier::verdict(handshake.client()), nullptr);
    EXPECT_EQ(PeerVerifier::verdict(handshake.client())->status(), Status::out_of_policy);
}

TEST_F(HandshakeTest, AClientWithoutEvidenceIsRefused) {
    Context client = context(true, {}), server = context(false, attest_honestly);
    EXPECT_FALSE(Handshake(client.get(), server.get()).run()) << "no certificate at all";
    Context plain = context(true, {});
    PrivateKey key = take(make_key(false));
    Bytes der = *make_certificate(key.get(), {}, {});
    ASSERT_EQ(SSL_CTX_use_certificate_ASN1(plain.get(), static_cast<int>(der.size()), der.data()), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey(plain.get(), key.get()), 1);
    EXPECT_FALSE(Handshake(plain.get(), server.get()).run()) << "a certificate without evidence";
}

TEST_F(HandshakeTest, AStolenCertificateIsWorthNothingWithoutItsKey) {
    auto genuine = make_identity(attest_honestly, {});
    Context server(SSL_CTX_new(TLS_server_method()));
    PrivateKey own = take(make_key(false));
    SSL_CTX_use_certificate_ASN1(server.get(), static_cast<int>(genuine->certificate.size()),
                                 genuine->certificate.data());
    EXPECT_NE(SSL_CTX_use_PrivateKey(server.get(), own.get()), 1);
}

TEST_F(HandshakeTest, ChannelBindingIsTheSameAtBothEndsAndNowhereElse) {
    Context client = context(true, {}), server = context(false, attest_honestly, false);
    Handshake one(client.get(), server.get()), two(client.get(), server.get());
    ASSERT_TRUE(one.run());
    ASSERT_TRUE(two.run());
    Bytes nonce(32, 3);
    Bytes here = *channel_report_data(one.client(), Role::client, nonce);
    EXPECT_EQ(here.size(), 64u);
    EXPECT_TRUE(equal(here, *channel_report_data(one.server(), Role::client, nonce)));
    EXPECT_FALSE(equal(here, *channel_report_data(two.server(), Role::client, nonce)))
        << "a relay's other connection";
    EXPECT_FALSE(equal(here, *channel_report_data(one.server(), Role::server, nonce)))
        << "reflected to the other side";
    EXPECT_FALSE(equal(here, *channel_report_data(one.server(), Role::client, Bytes(32, 4))))
        << "another nonce";
}

TEST_F(HandshakeTest, NoChannelBindingBeforeTheHandshakeOrBelowTls13) {
    Context client = context(true, {}), server = context(false, attest_honestly, false);
    Handshake unfinished(client.get(), server.get());
    EXPECT_FALSE(channel_report_data(unfinished.client(), Role::client, Bytes(32, 3)).ok());
    Context old_client(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(old_client.get(), TLS1_2_VERSION);
    Context any_server = context(false, attest_honestly, false);
    Handshake old(old_client.get(), any_server.get());
    ASSERT_TRUE(old.run());
    EXPECT_FALSE(channel_report_data(old.client(), Role::client, Bytes(32, 3)).ok());
}

TEST_F(HandshakeTest, AVerifierWithoutAPolicyIsNotInstalled) {
    PeerVerifier empty({});
    Context context(SSL_CTX_new(TLS_client_method()));
    EXPECT_FALSE(empty.install(context.get()).ok());
}

}  // namespace
}  // namespace litebox::attest::tls
