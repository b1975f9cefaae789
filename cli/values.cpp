#include "cli/values.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <vector>

namespace litebox::cli {

namespace {

/// A decimal number with an optional fraction, in thousandths; `text` keeps what follows it.
std::optional<uint64_t> take_thousandths(std::string_view& text) {
    uint64_t whole = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (problem != std::errc() || whole > UINT64_MAX / 1000 - 1) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    uint64_t value = whole * 1000;
    if (!text.empty() && text[0] == '.') {
        text.remove_prefix(1);
        if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
        for (uint64_t place = 100; !text.empty() && text[0] >= '0' && text[0] <= '9'; place /= 10) {
            value += place * static_cast<uint64_t>(text[0] - '0');
            text.remove_prefix(1);
        }
    }
    return value;
}

std::optional<uint64_t> scaled(uint64_t thousandths, uint64_t unit, uint64_t divisor) {
    uint64_t product;
    if (__builtin_mul_overflow(thousandths, unit, &product)) return std::nullopt;
    return product / divisor;
}

}  // namespace

std::optional<uint64_t> parse_size(std::string_view text, uint64_t whole) {
    auto value = take_thousandths(text);
    if (!value) return std::nullopt;
    if (text == "%") return whole && *value <= 100'000 ? scaled(*value, whole / 1000, 100) : std::nullopt;
    unsigned shift = 0;
    if (!text.empty()) {
        switch (text[0] | 0x20) {
            case 'k':
                shift = 10;
                break;
            case 'm':
                shift = 20;
                break;
            case 'g':
                shift = 30;
                break;
            case 't':
                shift = 40;
                break;
            case 'b':
                break;
            default:
                return std::nullopt;
        }
        text.remove_prefix(1);
        if (shift && (text == "iB" || text == "B" || text == "b")) text = {};
        if (!text.empty()) return std::nullopt;
    }
    return scaled(*value, uint64_t{1} << shift, 1000);
}

std::optional<uint64_t> parse_duration(std::string_view text) {
    auto value = take_thousandths(text);
    if (!value) return std::nullopt;
    if (text.empty() || text == "s") return *value;
    if (text == "ms") return *value / 1000;
    if (text == "m" || text == "min") return scaled(*value, 60, 1);
    if (text == "h") return scaled(*value, 3600, 1);
    return std::nullopt;
}

std::optional<uint64_t> parse_number(std::string_view text) {
    uint64_t value = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

std::optional<std::vector<uint8_t>> parse_bytes(std::string_view text, size_t count) {
    if (text.size() != 2 * count) return std::nullopt;
    std::vector<uint8_t> bytes(count);
    for (size_t i = 0; i < count; i++) {
        const char* digits = text.data() + 2 * i;
        auto [end, problem] = std::from_chars(digits, digits + 2, bytes[i], 16);
        if (problem != std::errc() || end != digits + 2) return std::nullopt;
    }
    return bytes;
}

std::optional<std::string> read_file(const std::string& path, size_t limit) {
    int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return std::nullopt;
    std::string text;
    char buffer[4096];
    ssize_t got = 0;
    while (text.size() < limit && (got = read(descriptor, buffer, sizeof buffer)) > 0)
        text.append(buffer, static_cast<size_t>(got));
    close(descriptor);
    if (got < 0) return std::nullopt;
    if (text.size() > limit) text.resize(limit);
    return text;
}

namespace {

template <typename Matches>
std::optional<Account> search_accounts(std::string_view passwd, Matches matches) {
    while (!passwd.empty()) {
        size_t end = passwd.find('\n');
        std::string_view line = passwd.substr(0, end);
        passwd.remove_prefix(end == std::string_view::npos ? passwd.size() : end + 1);
        std::vector<std::string_view> fields;
        for (size_t at = 0; at <= line.size();) {
            size_t colon = std::min(line.find(':', at), line.size());
            fields.push_back(line.substr(at, colon - at));
            at = colon + 1;
        }
        if (fields.size() < 7) continue;
        auto uid = parse_number(fields[2]), gid = parse_number(fields[3]);
        if (!uid || !gid || *uid > UINT32_MAX || *gid > UINT32_MAX) continue;
        Account account{std::string(fields[0]), static_cast<uint32_t>(*uid), static_cast<uint32_t>(*gid),
                        std::string(fields[5])};
        if (matches(account)) return account;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Account> find_account(std::string_view passwd, std::string_view name) {
    return search_accounts(passwd, [&](const Account& account) { return account.name == name; });
}

std::optional<Account> find_account(std::string_view passwd, uint32_t uid) {
    return search_accounts(passwd, [&](const Account& account) { return account.uid == uid; });
}

std::string absolute_path(std::string_view path, std::string_view directory) {
    std::string whole =
        path.starts_with('/') ? std::string(path) : std::string(directory) + "/" + std::string(path);
    std::string out;
    for (size_t at = 0; at < whole.size();) {
        size_t end = std::min(whole.find('/', at), whole.size());
        std::string_view part = std::string_view(whole).substr(at, end - at);
        at = end + 1;
        if (part.empty() || part == ".") continue;
        if (part == "..")
            out.resize(out.empty() ? 0 : out.rfind('/'));
        else
            out += "/" + std::string(part);
    }
    return out.empty() ? "/" : out;
}

bool is_beneath(std::string_view path, std::string_view above) {
    if (above == "/") return true;
    return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

}  // namespace litebox::cli
