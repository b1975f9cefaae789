#include "attest/broker/signed_policy.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "attest/base/json.h"
#include "attest/broker/names.h"

namespace litebox::attest::broker {

namespace {

constexpr std::string_view statement_type = "litebox-broker-policy-v1";
constexpr std::string_view signing_prefix = "litebox broker policy v1\n";

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

/// The one hash for each kind of key; false for kinds that sign no policy.
bool hash_for(EVP_PKEY* key, const EVP_MD*& hash) {
    hash = nullptr;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return true;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
    int bits = EVP_PKEY_get_bits(key);
    hash = bits == 256 ? EVP_sha256() : EVP_sha384();
    return bits == 256 || bits == 384;
}

Error wrong_key() {
    return Error{"a policy is signed with Ed25519, P-256 or P-384; this key is none of these"};
}

std::string signed_text(std::string_view statement) {
    return std::string(signing_prefix) + std::string(statement);
}

bool verifies(ByteView signer, std::string_view statement, ByteView signature) {
    const uint8_t* at = signer.data();
    Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(signer.size())));
    const EVP_MD* hash = nullptr;
    if (!key || !hash_for(key.get(), hash)) return false;
    std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    std::string text = signed_text(statement);
    return EVP_DigestVerifyInit(context.get(), nullptr, hash, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), as_bytes(text).data(),
                            text.size()) == 1;
}

Result<int64_t> bounded(const Json& json, std::string_view key, int64_t low, int64_t high) {
    int64_t value = ATTEST_TRY(json.integer_member(key));
    if (value < low || value > high) {
        return Error{"policy statement: " + std::string(key) + " is " + std::to_string(value) + ", wanted " +
                     std::to_string(low) + " to " + std::to_string(high)};
    }
    return value;
}

Result<void> read_bindings(const Json& statement, BrokerPolicy& policy) {
    const Json* bindings = ATTEST_TRY(statement.member("bindings", Json::Kind::array));
    for (const Json& item : bindings->items()) {
        if (item.is(Json::Kind::string) && item.string() == "channel") {
            policy.accept_channel = true;
        } else if (item.is(Json::Kind::string) && item.string() == "key") {
            policy.accept_key = true;
        } else {
            return Error{"policy statement: a binding is \"channel\" or \"key\""};
        }
    }
    if (!policy.accept_channel && !policy.accept_key)
        return Error{"policy statement: no binding is accepted"};
    return {};
}

}  // namespace

std::string policy_statement(const BrokerPolicy& policy) {
    std::string bindings;
    if (policy.accept_channel) bindings += "\"channel\"";
    if (policy.accept_key) bindings += bindings.empty() ? "\"key\"" : ",\"key\"";
    return "{\"type\":" + json_quote(statement_type) + ",\"name\":" + json_quote(policy.name) +
           ",\"version\":" + std::to_string(policy.version) + ",\"bindings\":[" + bindings +
           "],\"releases_per_attestation\":" + std::to_string(policy.releases_per_attestation) +
           ",\"session_seconds\":" + std::to_string(policy.session_seconds) +
           ",\"policy\":" + json_quote(policy.policy_text) + "}";
}

Result<std::string> sign_policy(std::string_view statement, std::string_view private_key) {
    std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(private_key.data(), static_cast<int>(private_key.size())));
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    const EVP_MD* hash = nullptr;
    if (!key) return Error{"the signing key is not a private key in PEM"};
    if (!hash_for(key.get(), hash)) return wrong_key();
    std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    std::string text = signed_text(statement);
    size_t size = 0;
    if (EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, as_bytes(text).data(), text.size()) != 1) {
        return Error{"the policy could not be signed with this key"};
    }
    Bytes signature(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, as_bytes(text).data(), text.size()) != 1) {
        return Error{"the policy could not be signed with this key"};
    }
    signature.resize(size);
    return "{\"statement\":" + json_quote(statement) + ",\"signature\":" + json_quote(to_base64(signature)) +
           "}\n";
}

Result<Bytes> parse_policy_signer(std::string_view text) {
    std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key) {
        const uint8_t* at = as_bytes(text).data();
        key.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(text.size())));
    }
    const EVP_MD* hash = nullptr;
    if (!key)
        return Error{
            "the policy signer is not a public key in PEM or DER: make one with 'openssl pkey -pubout'"};
    if (!hash_for(key.get(), hash)) return wrong_key();
    Bytes out(static_cast<size_t>(i2d_PUBKEY(key.get(), nullptr)));
    uint8_t* end = out.data();
    i2d_PUBKEY(key.get(), &end);
    return out;
}

Result<BrokerPolicy> open_policy(std::string_view document, const std::vector<Bytes>& signers) {
    Json outer = ATTEST_TRY(Json::parse(document));
    std::string text = ATTEST_TRY(outer.text_member("statement"));
    Bytes signature = ATTEST_TRY(from_base64(ATTEST_TRY(outer.text_member("signature"))));
    bool known = false;
    for (const Bytes& signer : signers) known = known || verifies(signer, text, signature);
    if (!known) return Error{"the policy is not signed by a signer that this store trusts"};

    Json statement = ATTEST_TRY(Json::parse(text));
    if (ATTEST_TRY(statement.text_member("type")) != statement_type)
        return Error{"not a policy statement of this broker"};
    if (statement.members().size() != 7) return Error{"policy statement: a member too many or too few"};
    BrokerPolicy policy;
    policy.name = ATTEST_TRY(statement.text_member("name"));
    if (!is_segment(policy.name))
        return Error{"policy statement: \"" + policy.name.substr(0, 80) + "\" is no policy name"};
    policy.version = ATTEST_TRY(bounded(statement, "version", 1, INT64_MAX));
    if (Result<void> read = read_bindings(statement, policy); !read.ok()) return read.error();
    policy.releases_per_attestation = ATTEST_TRY(bounded(statement, "releases_per_attestation", 1, 1000000));
    policy.session_seconds = ATTEST_TRY(bounded(statement, "session_seconds", 1, 86400));
    policy.policy_text = ATTEST_TRY(statement.text_member("policy"));
    policy.policy = ATTEST_TRY(Policy::parse(policy.policy_text));
    return policy;
}

}  // namespace litebox::attest::broker
