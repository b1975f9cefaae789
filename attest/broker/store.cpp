#include "attest/broker/store.h"

#include "attest/broker/names.h"
#include "attest/broker/seal.h"

namespace litebox::attest::broker {

struct Store::Keys {
    SecretBytes data;   // seals secrets and own keys
    SecretBytes audit;  // seals audit entries
    std::vector<Bytes> signers;
    explicit Keys(SecretBytes root)
        : data(derive_key(root, "litebox broker data v1")),
          audit(derive_key(root, "litebox broker audit v1")) {}
};

namespace {

constexpr const char* schema = R"(
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE policies (name TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL, PRIMARY KEY (name, version));
CREATE TABLE secrets (name TEXT PRIMARY KEY, policy TEXT NOT NULL, once INTEGER NOT NULL, released INTEGER NOT NULL,
                      version INTEGER NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE audit (sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, entry TEXT NOT NULL, hash BLOB NOT NULL,
                    seal BLOB NOT NULL);
CREATE TRIGGER policies_stay BEFORE DELETE ON policies BEGIN SELECT RAISE(ABORT, 'policies are only added'); END;
CREATE TRIGGER policies_rest BEFORE UPDATE ON policies BEGIN SELECT RAISE(ABORT, 'policies are only added'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_rests BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
PRAGMA user_version = 1;
)";

Result<void> set_meta(Database& database, std::string_view key, ByteView value) {
    Query query(database, "INSERT INTO meta (key, value) VALUES (?, ?)");
    return query.bind(key).bind(value).run();
}

Result<std::optional<Bytes>> get_meta(Database& database, std::string_view key) {
    Query query(database, "SELECT value FROM meta WHERE key = ?");
    query.bind(key);
    if (!ATTEST_TRY(query.step())) return std::optional<Bytes>();
    return std::optional<Bytes>(query.blob(0));
}

Result<Bytes> required_meta(Database& database, std::string_view key) {
    std::optional<Bytes> value = ATTEST_TRY(get_meta(database, key));
    if (!value) return Error{"not a broker's store: it has no " + std::string(key)};
    return std::move(*value);
}

/// The signers' SPKIs, each with its length before it.
Bytes encode_signers(const std::vector<Bytes>& signers) {
    Bytes out;
    for (const Bytes& signer : signers) {
        Bytes part = label({as_text(signer)});
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

std::vector<Bytes> decode_signers(ByteView bytes) {
    std::vector<Bytes> signers;
    Reader reader(bytes);
    while (reader.remaining() && !reader.failed()) {
        uint32_t size = 0;
        for (int i = 0; i < 4; i++) size = size << 8 | reader.u8();
        signers.push_back(to_bytes(reader.take(size)));
    }
    return signers;
}

/// Name, policy, mark and version are sealed with the secret: none can be changed in the file.
Bytes secret_label(const SecretInfo& info) {
    return label({"litebox broker secret v1", info.name, info.policy, info.once ? "once" : "any",
                  std::to_string(info.version)});
}

Bytes meta_label(std::string_view key) {
    return label({"litebox broker meta v1", key});
}

SecretInfo read_info(const Query& query) {
    return {query.text(0), query.text(1), query.number(2) != 0, query.number(3) != 0, query.number(4)};
}

Error no_such_secret(std::string_view name) {
    return Error{"the store has no secret " + std::string(name) +
                 ": 'litebox broker list' shows what it has"};
}

}  // namespace

Store::Store(std::string path, std::unique_ptr<Database> database, std::shared_ptr<const Keys> keys)
    : path_(std::move(path)), database_(std::move(database)), keys_(std::move(keys)) {}

Result<std::unique_ptr<Store>> Store::create(const std::string& path, StoreKey& key,
                                             const std::vector<Bytes>& signers, Time now) {
    if (signers.empty()) return Error{"a store needs the public key of at least one policy signer"};
    SecretBytes root = random_key();
    Bytes wrapped = ATTEST_TRY(key.wrap(root));
    auto keys = std::make_shared<Keys>(root);
    keys->signers = signers;
    std::unique_ptr<Database> database = ATTEST_TRY(Database::open(path, Database::Mode::create));
    {
        Transaction transaction(*database);
        AuditHead head;
        Bytes sealed_signers = seal(keys->data, meta_label("policy_signers"), encode_signers(signers));
        AuditEntry entry("created");
        for (const Bytes& signer : signers) entry.add("policy_signer", to_hex(sha256(signer)));
        Result<void> done = transaction.begin();
        if (done.ok()) done = database->execute(schema);
        if (done.ok()) done = set_meta(*database, "key_kind", as_bytes(key.kind()));
        if (done.ok()) done = set_meta(*database, "wrapped_key", wrapped);
        if (done.ok()) done = set_meta(*database, "policy_signers", sealed_signers);
        if (done.ok()) done = append_audit(*database, head, keys->audit, now, entry.text());
        if (done.ok()) done = transaction.commit();
        if (!done.ok()) return done.error();
    }
    return std::unique_ptr<Store>(new Store(path, std::move(database), std::move(keys)));
}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, StoreKey& key) {
    std::unique_ptr<Database> database = ATTEST_TRY(Database::open(path, Database::Mode::write));
    Bytes kind = ATTEST_TRY(required_meta(*database, "key_kind"));
    if (as_text(kind) != key.kind()) {
        return Error{path + " is locked with a " + std::string(as_text(kind)) + " key, not with a " +
                     std::string(key.kind()) + " key"};
    }
    SecretBytes root = ATTEST_TRY(key.unwrap(ATTEST_TRY(required_meta(*database, "wrapped_key"))));
    auto keys = std::make_shared<Keys>(std::move(root));
    Bytes sealed_signers = ATTEST_TRY(required_meta(*database, "policy_signers"));
    Result<SecretBytes> signers = unseal(keys->data, meta_label("policy_signers"), sealed_signers);
    if (!signers.ok()) return Error{path + ": the list of policy signers was changed: do not use this store"};
    keys->signers = decode_signers(*signers);
    return std::unique_ptr<Store>(new Store(path, std::move(database), std::move(keys)));
}

Result<std::unique_ptr<Store>> Store::connect(Database::Mode mode) const {
    std::unique_ptr<Database> database = ATTEST_TRY(Database::open(path_, mode));
    return std::unique_ptr<Store>(new Store(path_, std::move(database), keys_));
}

Result<void> Store::append(Time now, const AuditEntry& entry) {
    AuditHead head = ATTEST_TRY(audit_head(*database_));
    return append_audit(*database_, head, keys_->audit, now, entry.text());
}

Result<void> Store::put(const SecretInfo& given, ByteView value, Time now) {
    if (!is_secret_name(given.name)) return bad_secret_name(given.name);
    Transaction transaction(*database_);
    if (Result<void> begun = transaction.begin(); !begun.ok()) return begun;
    if (ATTEST_TRY(policy_version(given.policy)) == 0) {
        return Error{"the store has no policy " + given.policy +
                     ": add it first with 'litebox broker policy add'"};
    }
    SecretInfo info = given;
    std::optional<SecretInfo> before = ATTEST_TRY(find(info.name));
    info.version = before ? before->version + 1 : 1;
    Bytes sealed = seal(keys_->data, secret_label(info), value);
    Query query(
        *database_,
        "INSERT INTO secrets (name, policy, once, released, version, sealed) VALUES (?, ?, ?, 0, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET policy = excluded.policy, once = excluded.once, released = 0, "
        "version = excluded.version, sealed = excluded.sealed");
    query.bind(std::string_view(info.name)).bind(std::string_view(info.policy)).bind(int64_t{info.once});
    if (Result<void> done = query.bind(info.version).bind(ByteView(sealed)).run(); !done.ok()) return done;
    AuditEntry entry("put");
    entry.add("secret", info.name)
        .add("policy", info.policy)
        .add("version", info.version)
        .add("once", int64_t{info.once});
    if (Result<void> done = append(now, entry); !done.ok()) return done;
    return transaction.commit();
}

Result<void> Store::remove(std::string_view name, Time now) {
    Transaction transaction(*database_);
    if (Result<void> begun = transaction.begin(); !begun.ok()) return begun;
    Query query(*database_, "DELETE FROM secrets WHERE name = ?");
    if (Result<void> done = query.bind(name).run(); !done.ok()) return done;
    if (database_->changes() == 0) return no_such_secret(name);
    if (Result<void> done = append(now, AuditEntry("remove").add("secret", name)); !done.ok()) return done;
    return transaction.commit();
}

Result<void> Store::rearm(std::string_view name, Time now) {
    Transaction transaction(*database_);
    if (Result<void> begun = transaction.begin(); !begun.ok()) return begun;
    std::optional<SecretInfo> info = ATTEST_TRY(find(name));
    if (!info) return no_such_secret(name);
    if (!info->once) return Error{std::string(name) + " is not marked once: there is nothing to re-arm"};
    if (!info->released) return Error{std::string(name) + " was not released: there is nothing to re-arm"};
    Query query(*database_, "UPDATE secrets SET released = 0 WHERE name = ?");
    if (Result<void> done = query.bind(name).run(); !done.ok()) return done;
    if (Result<void> done = append(now, AuditEntry("rearm").add("secret", name)); !done.ok()) return done;
    return transaction.commit();
}

Result<BrokerPolicy> Store::add_policy(std::string_view document, Time now) {
    BrokerPolicy policy = ATTEST_TRY(open_policy(document, keys_->signers));
    Transaction transaction(*database_);
    if (Result<void> begun = transaction.begin(); !begun.ok()) return begun.error();
    int64_t newest = ATTEST_TRY(policy_version(policy.name));
    if (policy.version <= newest) {
        return Error{"policy " + policy.name + " is at version " + std::to_string(newest) + "; version " +
                     std::to_string(policy.version) + " would be a rollback: sign it with a higher version"};
    }
    Query query(*database_, "INSERT INTO policies (name, version, document) VALUES (?, ?, ?)");
    Result<void> done = query.bind(std::string_view(policy.name)).bind(policy.version).bind(document).run();
    if (!done.ok()) return done.error();
    AuditEntry entry("policy");
    entry.add("policy", policy.name)
        .add("policy_version", policy.version)
        .add("document", to_hex(sha256(as_bytes(document))));
    if (done = append(now, entry); !done.ok()) return done.error();
    if (done = transaction.commit(); !done.ok()) return done.error();
    return policy;
}

Result<bool> Store::has_policy(std::string_view document) {
    BrokerPolicy policy = ATTEST_TRY(open_policy(document, keys_->signers));
    Query query(*database_, "SELECT document FROM policies WHERE name = ? ORDER BY version DESC LIMIT 1");
    query.bind(std::string_view(policy.name));
    return ATTEST_TRY(query.step()) && query.text(0) == document;
}

Result<std::vector<SecretInfo>> Store::list() {
    Query query(*database_, "SELECT name, policy, once, released, version FROM secrets ORDER BY name");
    std::vector<SecretInfo> out;
    while (ATTEST_TRY(query.step())) out.push_back(read_info(query));
    return out;
}

Result<std::optional<SecretInfo>> Store::find(std::string_view name) {
    Query query(*database_, "SELECT name, policy, once, released, version FROM secrets WHERE name = ?");
    query.bind(name);
    if (!ATTEST_TRY(query.step())) return std::optional<SecretInfo>();
    return std::optional<SecretInfo>(read_info(query));
}

Result<int64_t> Store::policy_version(std::string_view name) {
    Query query(*database_, "SELECT coalesce(max(version), 0) FROM policies WHERE name = ?");
    query.bind(name);
    if (!ATTEST_TRY(query.step())) return int64_t{0};
    return query.number(0);
}

Result<std::optional<BrokerPolicy>> Store::policy(std::string_view name) {
    std::string document;
    int64_t version = 0;
    {
        Query query(*database_,
                    "SELECT document, version FROM policies WHERE name = ? ORDER BY version DESC LIMIT 1");
        query.bind(name);
        if (!ATTEST_TRY(query.step())) return std::optional<BrokerPolicy>();
        document = query.text(0);
        version = query.number(1);
    }
    BrokerPolicy policy = ATTEST_TRY(open_policy(document, keys_->signers));
    if (policy.name != name || policy.version != version) {
        return Error{"policy " + std::string(name) +
                     " in the store is not the one that was signed under this name and version"};
    }
    return std::optional<BrokerPolicy>(std::move(policy));
}

Result<std::vector<std::string>> Store::policy_names() {
    Query query(*database_, "SELECT DISTINCT name FROM policies ORDER BY name");
    std::vector<std::string> names;
    while (ATTEST_TRY(query.step())) names.push_back(query.text(0));
    return names;
}

Result<std::vector<BrokerPolicy>> Store::policies() {
    std::vector<BrokerPolicy> out;
    for (const std::string& name : ATTEST_TRY(policy_names())) {
        std::optional<BrokerPolicy> found = ATTEST_TRY(policy(name));
        if (found) out.push_back(std::move(*found));
    }
    return out;
}

Result<ReleaseResult> Store::release_one(const ReleaseRequest& request, AuditHead& head, Time now) {
    ReleaseResult result;
    {
        Query query(*database_,
                    "SELECT name, policy, once, released, version, sealed FROM secrets WHERE name = ?");
        query.bind(std::string_view(request.secret));
        if (!ATTEST_TRY(query.step())) {
            result.outcome = ReleaseOutcome::no_such_secret;
            return result;
        }
        result.info = read_info(query);
        result.sealed = query.blob(5);
    }
    if (result.info.policy != request.policy ||
        ATTEST_TRY(policy_version(request.policy)) != request.policy_version) {
        result.outcome = ReleaseOutcome::changed;
        return result;
    }
    if (result.info.once) {
        Query mark(*database_, "UPDATE secrets SET released = 1 WHERE name = ? AND released = 0");
        if (Result<void> done = mark.bind(std::string_view(request.secret)).run(); !done.ok())
            return done.error();
        if (database_->changes() != 1) {
            result.outcome = ReleaseOutcome::already_released;
            return result;
        }
    }
    AuditEntry entry = request.audit;
    entry.add("secret", request.secret)
        .add("policy", request.policy)
        .add("policy_version", request.policy_version);
    Result<void> done = append_audit(*database_, head, keys_->audit, now, entry.text());
    if (!done.ok()) return done.error();
    result.outcome = ReleaseOutcome::released;
    return result;
}

std::vector<ReleaseResult> Store::release(std::span<const ReleaseRequest> requests,
                                          std::span<const std::string> notes, Time now) {
    std::vector<ReleaseResult> results(requests.size());
    auto attempt = [&]() -> Result<void> {
        Transaction transaction(*database_);
        if (Result<void> begun = transaction.begin(); !begun.ok()) return begun;
        AuditHead head = ATTEST_TRY(audit_head(*database_));
        for (size_t i = 0; i < requests.size(); i++)
            results[i] = ATTEST_TRY(release_one(requests[i], head, now));
        for (const std::string& note : notes) {
            if (Result<void> done = append_audit(*database_, head, keys_->audit, now, note); !done.ok())
                return done;
        }
        return transaction.commit();
    };
    Result<void> done = attempt();
    if (!done.ok()) {
        // Nothing of the batch is on disk, so nothing of it may leave.
        results.assign(requests.size(), ReleaseResult{.message = done.error().message});
    }
    return results;
}

Result<SecretBytes> Store::unseal_secret(const SecretInfo& info, ByteView sealed) const {
    Result<SecretBytes> value = unseal(keys_->data, secret_label(info), sealed);
    if (!value.ok()) return Error{"secret " + info.name + " was changed in the store's file: put it anew"};
    return value;
}

Result<AuditReport> Store::check(const std::optional<Bytes>& expected) {
    return check_audit(*database_, &keys_->audit, expected);
}

Result<SecretBytes> Store::own_key(std::string_view name,
                                   const std::function<Result<SecretBytes>()>& create) {
    Transaction transaction(*database_);
    if (Result<void> begun = transaction.begin(); !begun.ok()) return begun.error();
    std::string key = "own_key_" + std::string(name);
    if (std::optional<Bytes> sealed = ATTEST_TRY(get_meta(*database_, key))) {
        return unseal(keys_->data, meta_label(key), *sealed);
    }
    SecretBytes made = ATTEST_TRY(create());
    Bytes sealed = seal(keys_->data, meta_label(key), made);
    if (Result<void> done = set_meta(*database_, key, sealed); !done.ok()) return done.error();
    if (Result<void> done = transaction.commit(); !done.ok()) return done.error();
    return made;
}

}  // namespace litebox::attest::broker
