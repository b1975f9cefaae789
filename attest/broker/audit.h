// The audit log: what was stored, released, refused and changed, each entry chained to the one before by
// SHA-256, and sealed with a key of the store so that whoever can only write the file cannot make a chain of
// his own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/base/time.h"
#include "attest/broker/database.h"
#include "attest/broker/secret_bytes.h"

namespace litebox::attest::broker {

/// One entry as JSON text: {"event":"release","secret":"a/b/c",...}. Values are quoted here; no secret
/// belongs in one.
class AuditEntry {
  public:
    explicit AuditEntry(std::string_view event);
    AuditEntry& add(std::string_view key, std::string_view value);
    AuditEntry& add(std::string_view key, int64_t value);
    std::string text() const { return text_ + "}"; }

  private:
    std::string text_;
};

struct AuditHead {
    int64_t sequence = 0;
    std::array<uint8_t, 32> hash{};
};

/// The newest entry of the log; of an empty log sequence 0 and a hash of zeros.
Result<AuditHead> audit_head(Database& database);
/// Appends, inside the transaction that the caller holds.
Result<void> append_audit(Database& database, AuditHead& head, ByteView key, Time now,
                          const std::string& entry);

struct AuditLine {
    int64_t sequence = 0;
    Time time;
    std::string entry;
    std::string hash;
};

struct AuditReport {
    AuditHead head;
    bool sealed = false;                // the seals were checked as well: the store's key was there
    std::vector<std::string> problems;  // empty: the log is whole
};
/// Checks the whole chain, and that the store agrees with it: current policy versions, secrets that may be
/// released once, secrets that are there. `key` null: without the seals. `expected`: a hash that the operator
/// noted down and that must be in the log.
Result<AuditReport> check_audit(Database& database, const SecretBytes* key,
                                const std::optional<Bytes>& expected);
Result<std::vector<AuditLine>> audit_lines(Database& database, int64_t after, int64_t limit);

}  // namespace litebox::attest::broker
