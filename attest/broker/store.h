// The store: secrets sealed at rest, signed policies, the audit log. One SQLite file; every change and its
// audit entry are one durable transaction, so that a broker killed at any moment has done all of a step or
// none of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attest/broker/audit.h"
#include "attest/broker/database.h"
#include "attest/broker/signed_policy.h"
#include "attest/broker/store_key.h"

namespace litebox::attest::broker {

struct SecretInfo {
    std::string name;
    std::string policy;
    bool once = false;
    bool released = false;  // meaningful for `once`
    int64_t version = 0;    // grows with each put
};

enum class ReleaseOutcome : uint8_t {
    released,
    no_such_secret,
    already_released,  // marked once, and released: an operator may re-arm it
    changed,           // the secret's policy is no longer the one that the evidence was judged by
    failed,            // the store: see message
};

/// A release that evidence has earned; the store decides in the end.
struct ReleaseRequest {
    std::string secret;
    std::string policy;
    int64_t policy_version = 0;
    AuditEntry audit{"release"};  // secret, policy and version are added by the store
};

struct ReleaseResult {
    ReleaseOutcome outcome = ReleaseOutcome::failed;
    SecretInfo info;
    Bytes sealed;
    std::string message;
};

class Store {
  public:
    /// A new store at `path`, which must not exist, locked with `key`; policies are accepted from `signers`
    /// alone.
    static Result<std::unique_ptr<Store>> create(const std::string& path, StoreKey& key,
                                                 const std::vector<Bytes>& signers, Time now);
    static Result<std::unique_ptr<Store>> open(const std::string& path, StoreKey& key);
    /// Another connection to the same store, for another thread.
    Result<std::unique_ptr<Store>> connect(Database::Mode mode) const;

    // What an operator does; each is audited.
    Result<void> put(const SecretInfo& info, ByteView value, Time now);
    Result<void> remove(std::string_view name, Time now);
    /// Lets a secret that was released once be released once more.
    Result<void> rearm(std::string_view name, Time now);
    /// Refuses a signature of a stranger, and a version not above the policy's newest.
    Result<BrokerPolicy> add_policy(std::string_view document, Time now);

    /// Whether this very document is the newest version of its policy.
    Result<bool> has_policy(std::string_view document);

    Result<std::vector<SecretInfo>> list();
    Result<std::optional<SecretInfo>> find(std::string_view name);
    /// The newest version of each policy, and of one. Signatures are checked at each reading.
    Result<std::vector<std::string>> policy_names();
    Result<std::vector<BrokerPolicy>> policies();
    Result<std::optional<BrokerPolicy>> policy(std::string_view name);
    /// 0: no such policy. Cheap; for asking whether a policy that was read is still the newest.
    Result<int64_t> policy_version(std::string_view name);

    /// Releases, in one durable transaction: on return, what is `released` is marked and audited on disk.
    /// `notes` are appended too.
    std::vector<ReleaseResult> release(std::span<const ReleaseRequest> requests,
                                       std::span<const std::string> notes, Time now);
    Result<SecretBytes> unseal_secret(const SecretInfo& info, ByteView sealed) const;

    Result<AuditReport> check(const std::optional<Bytes>& expected);
    Database& database() { return *database_; }

    /// For keys of the broker's own, kept sealed in the store: made by `create` at the first asking.
    Result<SecretBytes> own_key(std::string_view name, const std::function<Result<SecretBytes>()>& create);

  private:
    struct Keys;
    Store(std::string path, std::unique_ptr<Database> database, std::shared_ptr<const Keys> keys);
    Result<ReleaseResult> release_one(const ReleaseRequest& request, AuditHead& head, Time now);
    Result<void> append(Time now, const AuditEntry& entry);

    std::string path_;
    std::unique_ptr<Database> database_;
    std::shared_ptr<const Keys> keys_;
};

}  // namespace litebox::attest::broker
