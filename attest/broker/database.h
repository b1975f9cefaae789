// SQLite as the store uses it: statements prepared once per connection, errors as values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "attest/base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace litebox::attest::broker {

class Database;

/// One execution of a prepared statement; reset when it goes. Parameters are bound in order, columns read by
/// index.
class Query {
  public:
    Query(Database& database, const char* sql);
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    Query& bind(std::string_view text);
    Query& bind(ByteView blob);
    Query& bind(int64_t number);
    /// True: there is a row to read. False: the end.
    Result<bool> step();
    /// For statements that give no rows.
    Result<void> run();

    int64_t number(int column) const;
    std::string text(int column) const;
    Bytes blob(int column) const;

  private:
    Database& database_;
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
    bool failed_ = false;
};

/// A connection, for one thread at a time.
class Database {
  public:
    enum class Mode : uint8_t { create, write, read };
    /// Created files have mode 0600. Writing connections commit durably: write-ahead log, synchronised at
    /// each commit.
    static Result<std::unique_ptr<Database>> open(const std::string& path, Mode mode);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    Result<void> execute(const char* sql);
    /// Rows that the last statement changed.
    int64_t changes() const;
    Error error() const;

  private:
    friend class Query;
    Database() = default;
    struct Statements;
    sqlite3* handle_ = nullptr;
    std::string path_;
    std::unique_ptr<Statements> statements_;
};

/// BEGIN IMMEDIATE now; rolled back when it goes, unless committed.
class Transaction {
  public:
    explicit Transaction(Database& database) : database_(database) {}
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Result<void> begin();
    Result<void> commit();

  private:
    Database& database_;
    bool open_ = false;
};

}  // namespace litebox::attest::broker
