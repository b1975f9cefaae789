#include "attest/broker/audit.h"

#include <map>

#include "attest/base/json.h"
#include "attest/broker/seal.h"

namespace litebox::attest::broker {

namespace {

std::array<uint8_t, 32> chain_hash(const AuditHead& before, Time now, std::string_view entry) {
    return sha256(label({"litebox broker audit v1", as_text(before.hash), std::to_string(before.sequence + 1),
                         std::to_string(now.seconds), entry}));
}

/// What the entries say that the store must look like.
struct Expectation {
    struct Secret {
        bool once = false, released = false;
    };
    std::map<std::string, Secret> secrets;
    std::map<std::string, int64_t> policies;
};

std::string member(const Json& json, std::string_view key) {
    const Json* found = json.find(key);
    return found && found->is(Json::Kind::string) ? found->string() : std::string();
}

int64_t number(const Json& json, std::string_view key) {
    const Json* found = json.find(key);
    return found && found->is(Json::Kind::integer) ? found->integer() : 0;
}

void apply(const std::string& entry, int64_t sequence, Expectation& expected,
           std::vector<std::string>& problems) {
    Result<Json> json = Json::parse(entry);
    if (!json.ok()) {
        problems.push_back("entry " + std::to_string(sequence) + " is not JSON");
        return;
    }
    std::string event = member(*json, "event"), secret = member(*json, "secret");
    if (event == "put") {
        expected.secrets[secret] = {.once = number(*json, "once") == 1, .released = false};
    } else if (event == "remove") {
        expected.secrets.erase(secret);
    } else if (event == "rearm") {
        expected.secrets[secret].released = false;
    } else if (event == "policy") {
        expected.policies[member(*json, "policy")] = number(*json, "policy_version");
    } else if (event == "release") {
        Expectation::Secret& state = expected.secrets[secret];
        if (state.once && state.released) {
            problems.push_back("entry " + std::to_string(sequence) + ": " + secret +
                               " was released twice without re-arming");
        }
        state.released = true;
    }
}

Result<void> compare(Database& database, const Expectation& expected, std::vector<std::string>& problems) {
    std::map<std::string, Expectation::Secret> left = expected.secrets;
    Query secrets(database, "SELECT name, once, released FROM secrets");
    while (ATTEST_TRY(secrets.step())) {
        std::string name = secrets.text(0);
        auto found = left.find(name);
        if (found == left.end()) {
            problems.push_back("secret " + name +
                               " is in the store, and no entry says that it was put there");
            continue;
        }
        bool once = secrets.number(1) != 0, released = secrets.number(2) != 0;
        if (once != found->second.once)
            problems.push_back("secret " + name + ": its \"once\" mark is not the one it was put with");
        if (once && released != found->second.released) {
            problems.push_back("secret " + name +
                               (released ? " is marked released, and no entry says so"
                                         : " was released once, and the store's mark of it is gone"));
        }
        left.erase(found);
    }
    for (auto& [name, state] : left)
        problems.push_back("secret " + name + " is gone, and no entry says that it was removed");

    std::map<std::string, int64_t> versions = expected.policies;
    Query policies(database, "SELECT name, max(version) FROM policies GROUP BY name");
    while (ATTEST_TRY(policies.step())) {
        auto found = versions.find(policies.text(0));
        int64_t version = policies.number(1);
        if (found == versions.end() || found->second != version) {
            problems.push_back("policy " + policies.text(0) + " is at version " + std::to_string(version) +
                               ", and the log says " +
                               (found == versions.end() ? "none" : std::to_string(found->second)));
        }
        if (found != versions.end()) versions.erase(found);
    }
    for (auto& [name, version] : versions) problems.push_back("policy " + name + " is gone");
    return {};
}

}  // namespace

AuditEntry::AuditEntry(std::string_view event) : text_("{\"event\":" + json_quote(event)) {}

AuditEntry& AuditEntry::add(std::string_view key, std::string_view value) {
    text_ += "," + json_quote(key) + ":" + json_quote(value);
    return *this;
}

AuditEntry& AuditEntry::add(std::string_view key, int64_t value) {
    text_ += "," + json_quote(key) + ":" + std::to_string(value);
    return *this;
}

Result<AuditHead> audit_head(Database& database) {
    Query query(database, "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1");
    AuditHead head;
    if (!ATTEST_TRY(query.step())) return head;
    head.sequence = query.number(0);
    Bytes hash = query.blob(1);
    if (hash.size() != head.hash.size())
        return Error{"the audit log's newest entry is damaged: run 'litebox broker audit'"};
    std::copy(hash.begin(), hash.end(), head.hash.begin());
    return head;
}

Result<void> append_audit(Database& database, AuditHead& head, ByteView key, Time now,
                          const std::string& entry) {
    AuditHead next{head.sequence + 1, chain_hash(head, now, entry)};
    std::array<uint8_t, 32> sealed = hmac_sha256(key, next.hash);
    Query query(database, "INSERT INTO audit (sequence, time, entry, hash, seal) VALUES (?, ?, ?, ?, ?)");
    query.bind(next.sequence)
        .bind(now.seconds)
        .bind(std::string_view(entry))
        .bind(ByteView(next.hash))
        .bind(ByteView(sealed));
    if (Result<void> done = query.run(); !done.ok()) return done;
    head = next;
    return {};
}

Result<AuditReport> check_audit(Database& database, const SecretBytes* key,
                                const std::optional<Bytes>& expected) {
    AuditReport report;
    report.sealed = key != nullptr;
    Expectation expectation;
    bool seen = !expected;
    // One view of log and tables, while a broker goes on writing.
    if (Result<void> begun = database.execute("BEGIN"); !begun.ok()) return begun.error();
    struct End {
        Database& database;
        ~End() { (void)database.execute("ROLLBACK"); }
    } end{database};
    Query query(database, "SELECT sequence, time, entry, hash, seal FROM audit ORDER BY sequence");
    while (ATTEST_TRY(query.step())) {
        std::string entry = query.text(2);
        std::array<uint8_t, 32> hash = chain_hash(report.head, Time{query.number(1)}, entry);
        std::string where = "entry " + std::to_string(query.number(0));
        if (query.number(0) != report.head.sequence + 1) {
            report.problems.push_back(where + " follows entry " + std::to_string(report.head.sequence) +
                                      ": entries are missing");
        } else if (!equal(query.blob(3), hash)) {
            report.problems.push_back(where + ": its hash does not follow from the entry before it: changed");
        } else if (key && !equal_secret(query.blob(4), hmac_sha256(*key, hash))) {
            report.problems.push_back(where + ": its seal was not made with this store's key");
        }
        if (!report.problems.empty()) return report;  // what follows a break proves nothing
        report.head = {query.number(0), hash};
        seen = seen || equal(*expected, hash);
        apply(entry, report.head.sequence, expectation, report.problems);
    }
    if (!seen)
        report.problems.push_back(
            "the hash that was noted down is not in the log: entries were cut off or replaced");
    if (Result<void> compared = compare(database, expectation, report.problems); !compared.ok())
        return compared.error();
    return report;
}

Result<std::vector<AuditLine>> audit_lines(Database& database, int64_t after, int64_t limit) {
    Query query(database,
                "SELECT sequence, time, entry, hash FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?");
    query.bind(after).bind(limit);
    std::vector<AuditLine> lines;
    while (ATTEST_TRY(query.step())) {
        lines.push_back({query.number(0), Time{query.number(1)}, query.text(2), to_hex(query.blob(3))});
    }
    return lines;
}

}  // namespace litebox::attest::broker
