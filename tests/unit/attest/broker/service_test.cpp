// The whole broker in one process, and its clients, honest and other.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <thread>

#include "attest/broker/client.h"
#include "attest/broker/server.h"
#include "tests/attest/simulated_tee.h"
#include "tests/unit/attest/broker/temporary.h"

namespace litebox::attest::broker {
namespace {

class BrokerTest : public ::testing::Test {
  protected:
    BrokerTest() : judge_(tee().simulation().roots, system_now) {
        auto key = file_store_key(directory_.file("key"));
        store_ = take(Store::create(directory_.file("store"), *key, {signer_.spki}, system_now()));
        std::filesystem::create_directory(directory_.file("collateral"));
        for (const auto& file : tee().simulation().files)
            directory_.write("collateral/" + file.name, std::string(as_text(file.contents)));
        auto loaded = judge_.load_collateral(directory_.file("collateral"));
        EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
        policy("web", 1, SimulatedTee::policy("tdx"));
        put("a/b/c", "the secret");
        start();
    }
    ~BrokerTest() override {
        server_->stop();
        releaser_.reset();
    }
    static const SimulatedTee& tee() {
        static const SimulatedTee made("tdx");
        return made;
    }
    static Result<Bytes> honest(ByteView report_data) { return tee().evidence(report_data); }

    void policy(const std::string& name, int64_t version, const std::string& toml, bool channel = true,
                bool key = false) {
        auto added = store_->add_policy(signer_.sign(name, version, toml, channel, key), system_now());
        ASSERT_TRUE(added.ok()) << added.error().message;
    }
    void put(const std::string& name, const std::string& value, bool once = false,
             const std::string& policy = "web") {
        auto done =
            store_->put({.name = name, .policy = policy, .once = once}, as_bytes(value), system_now());
        ASSERT_TRUE(done.ok()) << done.error().message;
    }
    void start() {
        tls::PrivateKey key = take(tls::make_key(false));
        Bytes der =
            *tls::make_certificate(key.get(), {}, {.common_name = "broker", .host_names = {"127.0.0.1"}});
        pin_ = public_key_pin(tls::public_key_info(key.get()));
        std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
        SSL_CTX_use_certificate_ASN1(context.get(), static_cast<int>(der.size()), der.data());
        SSL_CTX_use_PrivateKey(context.get(), key.get());
        releaser_ = std::make_unique<Releaser>(take(store_->connect(Database::Mode::write)), system_now);
        ServiceParts parts{judge_, policies_, sessions_, *releaser_, tokens_, "https://broker"};
        auto started = Server::start({.threads = 2}, context, [&]() -> Result<std::unique_ptr<Service>> {
            return std::make_unique<Service>(parts, ATTEST_TRY(store_->connect(Database::Mode::read)));
        });
        ASSERT_TRUE(started.ok()) << started.error().message;
        server_ = std::move(*started);
    }
    std::unique_ptr<Client> connect() {
        auto client = Client::connect(
            {.host = "127.0.0.1", .port = std::to_string(server_->port()), .trust = {.pin = pin_}});
        EXPECT_TRUE(client.ok()) << (client.ok() ? "" : client.error().message);
        return client.ok() ? std::move(*client) : nullptr;
    }
    static std::string text(const Result<SecretBytes>& result) {
        return result.ok() ? std::string(as_text(*result)) : "refused: " + result.error().message;
    }
    std::string get(const std::string& name, const tls::Attester& attester = honest) {
        return text(connect()->get(name, attester));
    }
    void expect_refused(const std::string& answer, const std::string& part) {
        EXPECT_TRUE(answer.starts_with("refused: ") && answer.find(part) != answer.npos) << answer;
    }

    TemporaryDirectory directory_;
    Signer signer_;
    Judge judge_;
    PolicyCache policies_;
    Sessions sessions_;
    TokenSigner tokens_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Releaser> releaser_;
    std::unique_ptr<Server> server_;
    std::string pin_;
};

TEST_F(BrokerTest, TheRightCodeGetsTheSecret) {
    auto client = connect();
    for (int i = 0; i < 5; i++) EXPECT_EQ(text(client->get("a/b/c", honest)), "the secret");
    auto report = store_->check(std::nullopt);
    ASSERT_TRUE(report.ok());
    EXPECT_TRUE(report->problems.empty());
    EXPECT_EQ(report->head.sequence, 3 + 5);
}

TEST_F(BrokerTest, TheWrongCodeGetsNothing) {
    static const SimulatedTee other("tdx", 0x22);
    expect_refused(get("a/b/c", [](ByteView data) -> Result<Bytes> { return other.evidence(data); }),
                   "out-of-policy");
}

TEST_F(BrokerTest, ReplayedEvidenceIsRefused) {
    Bytes kept;
    auto keeping = [&](ByteView data) -> Result<Bytes> { return kept = tee().evidence(data); };
    auto client = connect();
    EXPECT_EQ(text(client->get("a/b/c", keeping)), "the secret");
    auto replaying = [&](ByteView) -> Result<Bytes> { return kept; };
    expect_refused(text(client->get("a/b/c", replaying)), "report");
    expect_refused(get("a/b/c", replaying), "report");
}

TEST_F(BrokerTest, RelayedEvidenceIsRefused) {
    // Someone in between has a connection of his own to the broker, and asks a genuine TEE for evidence over
    // his nonce, with the TEE's own connection to him: nonce and code are right, the channel is not.
    auto relaying = [&](ByteView) -> Result<Bytes> {
        return tee().evidence(tls::channel_report_data(tls::Role::client, Bytes(32, 1), Bytes(32, 2)));
    };
    expect_refused(get("a/b/c", relaying), "report");
}

TEST_F(BrokerTest, EvidenceOfTheServersSideIsNotTheClients) {
    auto reflected = [&](ByteView data) -> Result<Bytes> {
        Bytes other = to_bytes(data);
        other[63] ^= 1;
        return tee().evidence(other);
    };
    expect_refused(get("a/b/c", reflected), "report");
}

TEST_F(BrokerTest, NoEvidenceAndGarbageAreRefused) {
    expect_refused(get("a/b/c", [](ByteView) -> Result<Bytes> { return Bytes{1, 2, 3}; }), "broker refuses");
    expect_refused(get("a/b/c", [](ByteView) -> Result<Bytes> { return Bytes(300 << 10, 0x41); }),
                   "broker refuses");
    expect_refused(get("a/b/c", [](ByteView) -> Result<Bytes> { return Bytes(700 << 10, 0x41); }), "");
}

TEST_F(BrokerTest, AnUnknownSecretIsSaidToBeUnknown) {
    expect_refused(get("a/b/d"), "there is no secret");
}

TEST_F(BrokerTest, OnceIsOnceForAllClientsTogether) {
    put("a/b/once", "only once", true);
    std::atomic<int> got = 0, refused = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++) {
        threads.emplace_back([&] {
            std::string answer = get("a/b/once");
            answer == "only once" ? got++ : refused++;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(got, 1);
    EXPECT_EQ(refused, 7);
    ASSERT_TRUE(store_->rearm("a/b/once", system_now()).ok());
    EXPECT_EQ(get("a/b/once"), "only once");
    expect_refused(get("a/b/once"), "re-arm");
}

TEST_F(BrokerTest, ANewPolicyCountsFromItsFirstMoment) {
    auto client = connect();
    EXPECT_EQ(text(client->get("a/b/c", honest)), "the secret");
    policy("web", 2, SimulatedTee::policy("tdx", 0x33));
    expect_refused(text(client->get("a/b/c", honest)), "out-of-policy");
}

TEST_F(BrokerTest, APolicyThatWantsTheKeyBindingRefusesTheChannel) {
    policy("kbs", 1, SimulatedTee::policy("tdx"), false, true);
    put("k/b/s", "x", false, "kbs");
    expect_refused(get("k/b/s"), "accepts no channel binding");
}

TEST_F(BrokerTest, AWrongPinIsNoBroker) {
    auto client = Client::connect(
        {.host = "127.0.0.1", .port = std::to_string(server_->port()), .trust = {.pin = "sha256//AAAA"}});
    EXPECT_FALSE(client.ok());
    EXPECT_FALSE(Client::connect({.host = "127.0.0.1", .port = std::to_string(server_->port())}).ok())
        << "nobody said whom to trust";
}

TEST_F(BrokerTest, RefusalsAreAudited) {
    (void)get("a/b/c", [](ByteView) -> Result<Bytes> { return Bytes{1}; });
    server_->stop();
    releaser_.reset();
    auto lines = audit_lines(store_->database(), 3, 10);
    ASSERT_TRUE(lines.ok());
    ASSERT_EQ(lines->size(), 1u);
    EXPECT_NE((*lines)[0].entry.find(R"("event":"refuse","secret":"a/b/c","binding":"channel")"),
              std::string::npos)
        << (*lines)[0].entry;
    start();
}

TEST_F(BrokerTest, ASecretChangedInTheFileIsNotReleased) {
    ASSERT_TRUE(store_->database().execute("UPDATE secrets SET sealed = zeroblob(60)").ok());
    expect_refused(get("a/b/c"), "changed in the store");
}

TEST(ParseUrlTest, UrlsOfBrokers) {
    ClientOptions options;
    ASSERT_TRUE(parse_url("https://broker.example:9443", options).ok());
    EXPECT_EQ(options.host + " " + options.port, "broker.example 9443");
    ASSERT_TRUE(parse_url("https://[::1]/", options).ok());
    EXPECT_EQ(options.host + " " + options.port, "::1 8443");
    for (const char* wrong : {"http://a", "https://", "https://a:", "https://a:b", "https://[::1", "a"}) {
        EXPECT_FALSE(parse_url(wrong, options).ok()) << wrong;
    }
}

}  // namespace
}  // namespace litebox::attest::broker
