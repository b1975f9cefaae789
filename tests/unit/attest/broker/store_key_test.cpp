#include <sys/stat.h>

#include "tests/unit/attest/broker/temporary.h"

namespace litebox::attest::broker {
namespace {

void expect_error(const std::string& description, std::string_view part) {
    auto opened = open_store_key(description);
    ASSERT_FALSE(opened.ok()) << description;
    EXPECT_NE(opened.error().message.find(part), std::string::npos) << opened.error().message;
}

/// A store that is made with one key opens with it again, and with no other.
void expect_locks(StoreKey& key, StoreKey& other) {
    TemporaryDirectory directory;
    Signer signer;
    auto made = Store::create(directory.file("store"), key, {signer.spki}, test_time);
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_TRUE(Store::open(directory.file("store"), key).ok());
    auto wrong = Store::open(directory.file("store"), other);
    ASSERT_FALSE(wrong.ok());
    EXPECT_NE(wrong.error().message.find("lock"), std::string::npos) << wrong.error().message;
}

TEST(StoreKeyTest, AFileOfOthersIsRefused) {
    TemporaryDirectory directory;
    ASSERT_TRUE(write_key_file(directory.file("key")).ok());
    EXPECT_FALSE(write_key_file(directory.file("key")).ok()) << "an existing key must not be overwritten";
    chmod(directory.file("key").c_str(), 0640);
    expect_error("file:" + directory.file("key"), "chmod 600");
    expect_error("file:" + directory.file("missing"), "No such file");
    expect_error("file:" + directory.write("short", "0123"), "32 bytes or 64 hexadecimal digits");
    expect_error("something", "a store key is file:PATH");
}

TEST(StoreKeyTest, HexadecimalAndRawFilesAreTheSameKey) {
    TemporaryDirectory directory;
    directory.write("raw", std::string(32, 'A'));
    directory.write("hex", to_hex(Bytes(32, 'A')) + "\n");
    auto raw = open_store_key("file:" + directory.file("raw")),
         hex = open_store_key("file:" + directory.file("hex"));
    ASSERT_TRUE(raw.ok() && hex.ok());
    auto wrapped = (*raw)->wrap(Bytes(32, 9));
    ASSERT_TRUE(wrapped.ok());
    auto unwrapped = (*hex)->unwrap(*wrapped);
    ASSERT_TRUE(unwrapped.ok());
    EXPECT_TRUE(equal(*unwrapped, Bytes(32, 9)));
}

TEST(StoreKeyTest, APassphraseLocksAStore) {
    TemporaryDirectory directory;
    auto key = open_store_key("passphrase-file:" + directory.write("p", "correct horse battery\n"));
    auto other = open_store_key("passphrase-file:" + directory.write("q", "correct horse batterz\n"));
    ASSERT_TRUE(key.ok() && other.ok());
    expect_locks(**key, **other);
    expect_error("passphrase-file:" + directory.write("r", "short\n"), "fewer than 8");
}

TEST(StoreKeyTest, AKeyOfAnotherKindIsNamed) {
    TemporaryDirectory directory;
    auto passphrase = open_store_key("passphrase-file:" + directory.write("p", "correct horse battery\n"));
    ASSERT_TRUE(passphrase.ok());
    auto file = file_store_key(directory.file("key"));
    expect_locks(*file, **passphrase);
}

/// A token of SoftHSM with two AES keys.
class TokenTest : public ::testing::Test {
  protected:
    static constexpr const char* module = "/usr/lib/softhsm/libsofthsm2.so";
    void SetUp() override {
        if (!std::filesystem::exists(module) ||
            system("command -v softhsm2-util pkcs11-tool >/dev/null") != 0) {
            GTEST_SKIP() << "no software token: Debian packages softhsm2 and opensc";
        }
        std::filesystem::create_directory(directory_.file("tokens"));
        directory_.write("softhsm.conf",
                         "directories.tokendir = " + directory_.file("tokens") + "\nlog.level = ERROR\n");
        setenv("SOFTHSM2_CONF", directory_.file("softhsm.conf").c_str(), 1);
        run("softhsm2-util --init-token --free --label store --so-pin 12345678 --pin 87654321");
        for (const char* name : {"key-a", "key-b"}) {
            run(std::string("pkcs11-tool --module ") + module +
                " --token-label store --login --pin 87654321 --keygen --key-type AES:32 --label " + name);
        }
        pin_ = directory_.write("pin", "87654321\n");
    }
    void run(const std::string& command) {
        ASSERT_EQ(system((command + " >/dev/null 2>&1").c_str()), 0) << command;
    }
    std::string uri(const std::string& object) const {
        return "pkcs11:token=store" + object + "?module-path=" + module + "&pin-source=file:" + pin_;
    }
    TemporaryDirectory directory_;
    std::string pin_;
};

TEST_F(TokenTest, AKeyInsideATokenLocksAStore) {
    auto key = open_store_key(uri(";object=key-a")), other = open_store_key(uri(";object=key-b"));
    ASSERT_TRUE(key.ok()) << key.error().message;
    ASSERT_TRUE(other.ok()) << other.error().message;
    expect_locks(**key, **other);
}

TEST_F(TokenTest, WhatTheUriDoesNotSettleIsAsked) {
    expect_error(uri(""), "several AES keys");
    expect_error(uri(";object=none"), "no such AES key");
    expect_error("pkcs11:token=other;object=key-a?module-path=" + std::string(module), "no token fits");
    expect_error("pkcs11:token=store;object=key-a", "module-path");
    directory_.write("pin", "00000000");
    expect_error(uri(";object=key-a"), "logging in");
}

}  // namespace
}  // namespace litebox::attest::broker
