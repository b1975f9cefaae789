#include "platform/vm/device/discovery.h"

#include "platform/vm/device/virtio_device.h"

namespace litebox::vm {

namespace {

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n';
}

std::string_view without_quotes(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
    return text;
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 16;
}

/// The number at the front of `text`, which then begins behind it.
Result<u64> take_number(std::string_view& text) {
    constexpr u64 octal = 8, decimal = 10, hexadecimal = 16;
    u64 base = decimal, value = 0;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = hexadecimal;
        text.remove_prefix(2);
    } else if (text.starts_with("0")) {
        base = octal;
    }
    usize digits = 0;
    for (; digits < text.size() && static_cast<u64>(digit_of(text[digits])) < base; digits++)
        if (!checked_mul(value, base, &value) ||
            !checked_add(value, static_cast<u64>(digit_of(text[digits])), &value))
            return Errno::einval;
    if (digits == 0) return Errno::einval;
    text.remove_prefix(digits);
    return value;
}

Result<u64> take_size(std::string_view& text) {
    u64 value = TRY(take_number(text));
    constexpr std::string_view units = "KkMmGg";
    if (text.empty() || units.find(text[0]) == std::string_view::npos) return value;
    u64 shift = 10 * (units.find(text[0]) / 2 + 1);
    text.remove_prefix(1);
    if (!checked_mul(value, u64{1} << shift, &value)) return Errno::einval;
    return value;
}

Result<void> take_character(std::string_view& text, char expected) {
    if (text.empty() || text[0] != expected) return Errno::einval;
    text.remove_prefix(1);
    return {};
}

}  // namespace

bool CommandLine::next(Word& word) {
    while (!rest_.empty() && blank(rest_[0])) rest_.remove_prefix(1);
    if (rest_.empty()) return false;
    usize end = 0;
    bool quoted = false;
    for (; end < rest_.size() && (quoted || !blank(rest_[end])); end++)
        if (rest_[end] == '"') quoted = !quoted;
    std::string_view whole = rest_.substr(0, end);
    rest_.remove_prefix(end);
    word.text = without_quotes(whole);
    usize equals = word.text.find('=');
    word.name = word.text.substr(0, min(equals, word.text.size()));
    word.value =
        equals == std::string_view::npos ? std::string_view() : without_quotes(word.text.substr(equals + 1));
    return true;
}

Result<DeviceWindow> parse_window(std::string_view value) {
    constexpr u64 longest = u64{1} << 20, highest_line = 255;
    DeviceWindow window{};
    window.length = TRY(take_size(value));
    TRY(take_character(value, '@'));
    window.address = TRY(take_number(value));
    TRY(take_character(value, ':'));
    u64 line = TRY(take_number(value));
    if (!value.empty()) {
        TRY(take_character(value, ':'));
        (void)TRY(take_number(value));
    }
    u64 end;
    bool placed = checked_add(window.address, window.length, &end) && window.address % sizeof(u64) == 0;
    if (!value.empty() || !placed || window.length < register_window || window.length > longest ||
        line > highest_line)
        return Errno::einval;
    window.line = static_cast<u32>(line);
    return window;
}

Result<usize> find_windows(std::string_view command_line, std::span<DeviceWindow, most_windows> to) {
    CommandLine words(command_line);
    CommandLine::Word word;
    usize count = 0;
    while (words.next(word)) {
        if (word.name != device_word) continue;
        if (count == to.size()) return Errno::e2big;
        to[count++] = TRY(parse_window(word.value));
    }
    return count;
}

DeviceWindow microvm_window(usize index, bool many) {
    constexpr u64 first = 0xfeb00000;
    constexpr u32 few_line = 5, many_line = 24;
    return {first + index * register_window, register_window,
            (many ? many_line : few_line) + static_cast<u32>(index)};
}

}  // namespace litebox::vm
