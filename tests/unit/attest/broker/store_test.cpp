#include <sys/stat.h>

#include "tests/unit/attest/broker/temporary.h"

namespace litebox::attest::broker {
namespace {

class StoreTest : public ::testing::Test {
  protected:
    StoreTest() {
        key_ = file_store_key(directory_.file("key"));
        auto made = Store::create(path(), *key_, {signer_.spki}, test_time);
        EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
        store_ = std::move(*made);
        add_policy("web", 1);
    }
    std::string path() const { return directory_.file("store"); }
    void add_policy(const std::string& name, int64_t version) {
        auto added = store_->add_policy(signer_.sign(name, version, ""), test_time);
        EXPECT_TRUE(added.ok()) << (added.ok() ? "" : added.error().message);
    }
    void put(const std::string& name, const std::string& value, bool once = false) {
        auto done = store_->put({.name = name, .policy = "web", .once = once}, as_bytes(value), test_time);
        EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().message);
    }
    ReleaseResult release(const std::string& name, int64_t version = 1) {
        ReleaseRequest request{.secret = name, .policy = "web", .policy_version = version};
        return store_->release({&request, 1}, {}, test_time)[0];
    }
    std::string value_of(const ReleaseResult& result) {
        auto value = store_->unseal_secret(result.info, result.sealed);
        return value.ok() ? std::string(as_text(*value)) : "cannot be unsealed";
    }
    std::vector<std::string> problems() {
        auto report = store_->check(std::nullopt);
        return report.ok() ? report->problems : std::vector<std::string>{report.error().message};
    }
    /// What someone does who can write the file but has no key.
    void tamper(const char* sql) {
        auto done = store_->database().execute(sql);
        ASSERT_TRUE(done.ok()) << done.error().message;
    }

    TemporaryDirectory directory_;
    Signer signer_;
    std::unique_ptr<StoreKey> key_;
    std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, GivesBackWhatWasPut) {
    put("web/tls/key", "a secret");
    ReleaseResult result = release("web/tls/key");
    ASSERT_EQ(result.outcome, ReleaseOutcome::released);
    EXPECT_EQ(value_of(result), "a secret");
    EXPECT_TRUE(problems().empty());
}

TEST_F(StoreTest, FilesAreForTheirOwnerAlone) {
    put("a/b/c", "x");
    for (const char* name : {"store", "store-wal", "store-shm", "key"}) {
        struct stat status {};
        ASSERT_EQ(stat(directory_.file(name).c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
    }
    chmod(path().c_str(), 0644);
    EXPECT_FALSE(Store::open(path(), *key_).ok());
}

TEST_F(StoreTest, NoSecretLiesInTheFileInClear) {
    std::string needle = "needle-in-the-store-0123456789";
    put("a/b/c", needle);
    store_.reset();
    for (const char* name : {"store", "store-wal"}) {
        std::ifstream file(directory_.file(name), std::ios::binary);
        std::string text(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(text.find(needle), std::string::npos) << name;
    }
}

TEST_F(StoreTest, AnotherKeyIsSaidToBeAnother) {
    auto other = file_store_key(directory_.file("other"));
    auto opened = Store::open(path(), *other);
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.error().message.find("not locked with this key file"), std::string::npos)
        << opened.error().message;
}

TEST_F(StoreTest, OnceIsOnceUntilRearmed) {
    put("a/b/c", "x", true);
    EXPECT_EQ(release("a/b/c").outcome, ReleaseOutcome::released);
    EXPECT_EQ(release("a/b/c").outcome, ReleaseOutcome::already_released);
    store_ = take(Store::open(path(), *key_));  // as after a restart
    EXPECT_EQ(release("a/b/c").outcome, ReleaseOutcome::already_released);
    ASSERT_TRUE(store_->rearm("a/b/c", test_time).ok());
    EXPECT_EQ(release("a/b/c").outcome, ReleaseOutcome::released);
    EXPECT_EQ(release("a/b/c").outcome, ReleaseOutcome::already_released);
    EXPECT_TRUE(problems().empty());
}

TEST_F(StoreTest, OnceHoldsWithinOneBatch) {
    put("a/b/c", "x", true);
    std::vector<ReleaseRequest> requests(3, {.secret = "a/b/c", .policy = "web", .policy_version = 1});
    auto results = store_->release(requests, {}, test_time);
    EXPECT_EQ(results[0].outcome, ReleaseOutcome::released);
    EXPECT_EQ(results[1].outcome, ReleaseOutcome::already_released);
    EXPECT_EQ(results[2].outcome, ReleaseOutcome::already_released);
}

TEST_F(StoreTest, PolicyRollbackIsRefused) {
    add_policy("web", 5);
    auto same = store_->add_policy(signer_.sign("web", 5, "allow_debug = true\n"), test_time);
    auto older = store_->add_policy(signer_.sign("web", 4, ""), test_time);
    ASSERT_FALSE(same.ok());
    ASSERT_FALSE(older.ok());
    EXPECT_NE(older.error().message.find("rollback"), std::string::npos);
    EXPECT_EQ(*store_->policy_version("web"), 5);
}

TEST_F(StoreTest, AStrangersPolicyIsRefused) {
    auto added = store_->add_policy(Signer().sign("web", 9, ""), test_time);
    ASSERT_FALSE(added.ok());
    EXPECT_NE(added.error().message.find("not signed"), std::string::npos);
}

TEST_F(StoreTest, AChangedPolicyDocumentIsRefused) {
    std::string document = signer_.sign("web", 2, "");
    size_t at = document.find("channel");
    document.replace(at, 7, "key\\\",\\\"");  // whatever it says now, it was not signed
    EXPECT_FALSE(store_->add_policy(document, test_time).ok());
}

TEST_F(StoreTest, EvidenceJudgedByAnOlderPolicyReleasesNothing) {
    put("a/b/c", "x");
    add_policy("web", 2);
    EXPECT_EQ(release("a/b/c", 1).outcome, ReleaseOutcome::changed);
    EXPECT_EQ(release("a/b/c", 2).outcome, ReleaseOutcome::released);
}

TEST_F(StoreTest, ASecretCannotBePutUnderAnUnknownPolicy) {
    EXPECT_FALSE(store_->put({.name = "a/b/c", .policy = "none"}, as_bytes("x"), test_time).ok());
    EXPECT_FALSE(store_->put({.name = "../b/c", .policy = "web"}, as_bytes("x"), test_time).ok());
    EXPECT_FALSE(store_->put({.name = "a/b", .policy = "web"}, as_bytes("x"), test_time).ok());
}

TEST_F(StoreTest, ASecretMovedToAnotherNamePolicyOrMarkIsNotUnsealed) {
    put("a/b/c", "x", true);
    add_policy("lax", 1);
    tamper("UPDATE secrets SET policy = 'lax'");
    ReleaseRequest request{.secret = "a/b/c", .policy = "lax", .policy_version = 1};
    ReleaseResult moved = store_->release({&request, 1}, {}, test_time)[0];
    ASSERT_EQ(moved.outcome, ReleaseOutcome::released);
    EXPECT_EQ(value_of(moved), "cannot be unsealed");
    tamper("UPDATE secrets SET policy = 'web', once = 0");
    EXPECT_EQ(value_of(release("a/b/c")), "cannot be unsealed");
    tamper("UPDATE secrets SET once = 1, name = 'a/b/d'");
    EXPECT_EQ(value_of(release("a/b/d")), "cannot be unsealed");
}

TEST_F(StoreTest, TheLogShowsWhoTookTheReleasedMarkAway) {
    put("a/b/c", "x", true);
    release("a/b/c");
    tamper("UPDATE secrets SET released = 0");
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_NE(problems()[0].find("mark of it is gone"), std::string::npos) << problems()[0];
}

TEST_F(StoreTest, TheLogShowsASecretThatVanishedAndAPolicyThatWentBack) {
    put("a/b/c", "x");
    add_policy("web", 2);
    tamper("DELETE FROM secrets");
    tamper("DROP TRIGGER policies_stay; DELETE FROM policies WHERE version = 2");
    ASSERT_EQ(problems().size(), 2u);
    EXPECT_NE(problems()[0].find("is gone"), std::string::npos) << problems()[0];
    EXPECT_NE(problems()[1].find("at version 1"), std::string::npos) << problems()[1];
}

TEST_F(StoreTest, EntriesAreNeitherChangedNorRemovedByTheStore) {
    EXPECT_FALSE(store_->database().execute("DELETE FROM audit").ok());
    EXPECT_FALSE(store_->database().execute("UPDATE audit SET entry = '{}'").ok());
    EXPECT_FALSE(store_->database().execute("UPDATE policies SET document = ''").ok());
}

/// Each change on a copy of its own.
TEST_F(StoreTest, EveryKindOfTamperingWithTheLogIsFound) {
    put("a/b/c", "x");
    release("a/b/c");
    Bytes head(32);
    {
        auto report = store_->check(std::nullopt);
        ASSERT_TRUE(report.ok() && report->problems.empty());
        head.assign(report->head.hash.begin(), report->head.hash.end());
    }
    store_.reset();
    const char* changes[] = {
        "UPDATE audit SET entry = replace(entry, 'web', 'wed') WHERE sequence = 2",
        "UPDATE audit SET time = time + 1 WHERE sequence = 3",
        "DELETE FROM audit WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = 4",
        "UPDATE audit SET seal = zeroblob(32) WHERE sequence = 1",
        "UPDATE audit SET sequence = 7 WHERE sequence = 4",
        "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 4",
    };
    for (const char* change : changes) {
        std::string copy = directory_.file("copy");
        std::filesystem::remove(copy);
        std::filesystem::copy_file(path(), copy);
        auto opened = Store::open(copy, *key_);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        ASSERT_TRUE((*opened)->database().execute("DROP TRIGGER audit_stays; DROP TRIGGER audit_rests").ok());
        ASSERT_TRUE((*opened)->database().execute(change).ok()) << change;
        auto report = (*opened)->check(head);
        ASSERT_TRUE(report.ok());
        EXPECT_FALSE(report->problems.empty()) << change;
    }
}

TEST_F(StoreTest, AChainMadeAnewWithoutTheKeyIsFound) {
    // Whoever has the file can hash; the seals he cannot make.
    auto forged = audit_head(store_->database());
    ASSERT_TRUE(forged.ok());
    Bytes not_the_key(32, 7);
    ASSERT_TRUE(
        append_audit(store_->database(), *forged, not_the_key, test_time, AuditEntry("refuse").text()).ok());
    ASSERT_EQ(problems().size(), 1u);
    EXPECT_NE(problems()[0].find("seal"), std::string::npos);
    auto unkeyed = check_audit(store_->database(), nullptr, std::nullopt);
    EXPECT_TRUE(unkeyed.ok() && unkeyed->problems.empty()) << "the chain alone holds";
}

TEST_F(StoreTest, WritersOfTwoProcessesShareOneChain) {
    auto other = Store::open(path(), *key_);
    ASSERT_TRUE(other.ok());
    for (int i = 0; i < 10; i++) {
        put("a/b/c" + std::to_string(i), "x");
        ASSERT_TRUE(
            (*other)
                ->put({.name = "o/b/c" + std::to_string(i), .policy = "web"}, as_bytes("y"), test_time)
                .ok());
    }
    EXPECT_TRUE(problems().empty());
}

}  // namespace
}  // namespace litebox::attest::broker
