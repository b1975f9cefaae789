// Values of options and of the host, read from text. Each gives nothing when the text is not such a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace litebox::cli {

/// Bytes: a number with K, M, G or T (powers of 1024), or `50%` of `whole` when that is not 0.
std::optional<uint64_t> parse_size(std::string_view text, uint64_t whole = 0);

/// Milliseconds: a number with ms, s, m or h; without a unit, seconds. Fractions are allowed.
std::optional<uint64_t> parse_duration(std::string_view text);

std::optional<uint64_t> parse_number(std::string_view text);

/// `count` bytes, each as two hexadecimal digits.
std::optional<std::vector<uint8_t>> parse_bytes(std::string_view text, size_t count);

/// The whole file, up to `limit` bytes; nothing when it cannot be read.
std::optional<std::string> read_file(const std::string& path, size_t limit = 1 << 20);

struct Account {
    std::string name;
    uint32_t uid, gid;
    std::string home;
};

/// From the text of a passwd file; read here since a static program cannot use the name service.
std::optional<Account> find_account(std::string_view passwd, std::string_view name);
std::optional<Account> find_account(std::string_view passwd, uint32_t uid);

/// The path made absolute against `directory`, without `.`, `..` and double slashes; symbolic links are not
/// looked at.
std::string absolute_path(std::string_view path, std::string_view directory);

/// Whether `path` is `above` itself or lies beneath it. Both absolute and clean.
bool is_beneath(std::string_view path, std::string_view above);

}  // namespace litebox::cli
