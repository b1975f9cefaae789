#include "attest/broker/releaser.h"

#include <atomic>

#include "tests/unit/attest/broker/temporary.h"

namespace litebox::attest::broker {
namespace {

class ReleaserTest : public ::testing::Test {
  protected:
    ReleaserTest() {
        auto key = file_store_key(directory_.file("key"));
        store_ = take(Store::create(directory_.file("store"), *key, {signer_.spki}, test_time));
        EXPECT_TRUE(store_->add_policy(signer_.sign("web", 1, ""), test_time).ok());
        for (int i = 0; i < 100; i++) {
            SecretInfo info{.name = "a/b/" + std::to_string(i), .policy = "web"};
            EXPECT_TRUE(store_->put(info, as_bytes("value"), test_time).ok());
        }
    }
    std::unique_ptr<Releaser> releaser() {
        return std::make_unique<Releaser>(take(store_->connect(Database::Mode::write)),
                                          [this] { return Time{now_}; });
    }
    std::vector<std::string> entries_after(int64_t sequence) {
        std::vector<std::string> out;
        for (const AuditLine& line : take(audit_lines(store_->database(), sequence, 1000)))
            out.push_back(line.entry);
        return out;
    }
    int64_t head() { return take(audit_head(store_->database())).sequence; }

    TemporaryDirectory directory_;
    Signer signer_;
    std::unique_ptr<Store> store_;
    std::atomic<int64_t> now_ = test_time.seconds;
};

TEST_F(ReleaserTest, AFloodOfRefusalsIsCountedAndNotWritten) {
    int64_t before = head();
    {
        auto flooded = releaser();
        for (int i = 0; i < 100; i++) flooded->note(AuditEntry("refuse"));
        now_++;
        flooded->note(AuditEntry("refuse"));
    }
    std::vector<std::string> entries = entries_after(before);
    ASSERT_EQ(entries.size(), 21u);
    EXPECT_EQ(entries[19], R"({"event":"refuse"})");
    EXPECT_EQ(entries[20], R"({"event":"refuse","not_written_before":80})");
}

TEST_F(ReleaserTest, EachReleaseIsAuditedBeforeItIsHandedOn) {
    int64_t before = head();
    std::atomic<int> released = 0;
    {
        auto working = releaser();
        for (int i = 0; i < 100; i++) {
            ReleaseRequest request{
                .secret = "a/b/" + std::to_string(i), .policy = "web", .policy_version = 1};
            ASSERT_TRUE(working->submit(std::move(request), [&](ReleaseResult result) {
                // By a connection of its own: on disk, and not only in the writer's transaction.
                auto reader = take(store_->connect(Database::Mode::read));
                auto lines = take(audit_lines(reader->database(), before, 1000));
                bool found = false;
                for (const AuditLine& line : lines) {
                    found = found ||
                            line.entry.find("\"secret\":\"" + result.info.name + "\"") != std::string::npos;
                }
                released += result.outcome == ReleaseOutcome::released && found;
            }));
        }
    }
    EXPECT_EQ(released, 100) << "what was queued is finished when the releaser goes";
    EXPECT_TRUE(take(store_->check(std::nullopt)).problems.empty());
}

}  // namespace
}  // namespace litebox::attest::broker
