// A directory for one test, and a store in it.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "attest/broker/store.h"
#include "tests/unit/attest/take.h"

namespace litebox::attest::broker {

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        char name[] = "/tmp/litebox-broker-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(file(name)) << text;
        std::filesystem::permissions(
            file(name), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return file(name);
    }

  private:
    std::string path_;
};

/// A policy signer of its own.
struct Signer {
    std::string private_pem;
    Bytes spki;
    Signer() {
        EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
        BIO* bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
        char* text = nullptr;
        long size = BIO_get_mem_data(bio, &text);
        private_pem.assign(text, static_cast<size_t>(size));
        BIO_free(bio);
        spki.resize(static_cast<size_t>(i2d_PUBKEY(key, nullptr)));
        uint8_t* end = spki.data();
        i2d_PUBKEY(key, &end);
        EVP_PKEY_free(key);
    }
    std::string sign(const std::string& name, int64_t version, const std::string& toml, bool channel = true,
                     bool key = false, int64_t releases = 1) const {
        BrokerPolicy policy;
        policy.name = name;
        policy.version = version;
        policy.accept_channel = channel;
        policy.accept_key = key;
        policy.releases_per_attestation = releases;
        policy.policy_text = toml;
        return *sign_policy(policy_statement(policy), private_pem);
    }
};

inline std::unique_ptr<StoreKey> file_store_key(const std::string& path) {
    if (!std::filesystem::exists(path)) (void)write_key_file(path);
    return take(open_store_key("file:" + path));
}

inline constexpr Time test_time{1780000000};

}  // namespace litebox::attest::broker
