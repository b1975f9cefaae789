#include "attest/broker/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

namespace litebox::attest::broker {

struct Database::Statements {
    std::map<const char*, sqlite3_stmt*> by_text;  // by address: every statement is a literal
    ~Statements() {
        for (auto& [text, statement] : by_text) sqlite3_finalize(statement);
    }
};

Query::Query(Database& database, const char* sql) : database_(database) {
    sqlite3_stmt*& cached = database.statements_->by_text[sql];
    if (!cached) {
        failed_ = sqlite3_prepare_v3(database.handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &cached,
                                     nullptr) != SQLITE_OK;
    }
    statement_ = cached;
}

Query::~Query() {
    if (!statement_) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

// The bound views outlive the query in every use, so nothing is copied (SQLITE_STATIC).
Query& Query::bind(std::string_view text) {
    static const char empty[] = "";
    const char* data = text.empty() ? empty : text.data();
    failed_ = failed_ || sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_STATIC,
                                             SQLITE_UTF8) != SQLITE_OK;
    return *this;
}

Query& Query::bind(ByteView blob) {
    failed_ = failed_ || (blob.empty() ? sqlite3_bind_zeroblob(statement_, ++bound_, 0)
                                       : sqlite3_bind_blob64(statement_, ++bound_, blob.data(), blob.size(),
                                                             SQLITE_STATIC)) != SQLITE_OK;
    return *this;
}

Query& Query::bind(int64_t number) {
    failed_ = failed_ || sqlite3_bind_int64(statement_, ++bound_, number) != SQLITE_OK;
    return *this;
}

Result<bool> Query::step() {
    if (failed_) return database_.error();
    int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return database_.error();
}

Result<void> Query::run() {
    Result<bool> row = step();
    if (!row.ok()) return row.error();
    return {};
}

int64_t Query::number(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string Query::text(int column) const {
    const unsigned char* data = sqlite3_column_text(statement_, column);
    size_t size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
    return data ? std::string(reinterpret_cast<const char*>(data), size) : std::string();
}

Bytes Query::blob(int column) const {
    auto data = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, column));
    size_t size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
    return data ? Bytes(data, data + size) : Bytes();
}

Database::~Database() {
    statements_.reset();
    sqlite3_close(handle_);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, Mode mode) {
    if (mode == Mode::create) {
        // SQLite gives its log and shared-memory files the mode of the database.
        int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0) return Error{path + ": " + strerror(errno)};
        close(fd);
    }
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return Error{path + ": " + strerror(errno)};
    if (status.st_mode & 077) return Error{path + ": others than its owner may open the store: chmod 600 it"};
    std::unique_ptr<Database> database(new Database);
    database->path_ = path;
    database->statements_ = std::make_unique<Statements>();
    // A reading connection opens for writing too: only so can it recover the log that a killed broker left
    // behind.
    if (sqlite3_open_v2(path.c_str(), &database->handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK) {
        return database->error();
    }
    sqlite3_busy_timeout(database->handle_, 10000);
    const char* setup = mode == Mode::read
                            ? "PRAGMA query_only=ON"
                            : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; "
                              "PRAGMA foreign_keys=ON";
    if (Result<void> done = database->execute(setup); !done.ok()) return done.error();
    return database;
}

Result<void> Database::execute(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
    return {};
}

int64_t Database::changes() const {
    return sqlite3_changes64(handle_);
}

Error Database::error() const {
    return Error{"store " + path_ + ": " + (handle_ ? sqlite3_errmsg(handle_) : "out of memory")};
}

Result<void> Transaction::begin() {
    Result<void> done = database_.execute("BEGIN IMMEDIATE");
    open_ = done.ok();
    return done;
}

Result<void> Transaction::commit() {
    Result<void> done = database_.execute("COMMIT");
    if (done.ok()) open_ = false;
    return done;
}

Transaction::~Transaction() {
    if (open_) (void)database_.execute("ROLLBACK");
}

}  // namespace litebox::attest::broker
