#include "attest/broker/names.h"

#include <algorithm>

namespace litebox::attest::broker {

bool is_segment(std::string_view text) {
    if (text.empty() || text.size() > 128 || text == "." || text == "..") return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == '-';
    });
}

bool is_secret_name(std::string_view text) {
    size_t first = text.find('/');
    size_t second = first == text.npos ? text.npos : text.find('/', first + 1);
    if (second == text.npos) return false;
    return is_segment(text.substr(0, first)) && is_segment(text.substr(first + 1, second - first - 1)) &&
           is_segment(text.substr(second + 1));
}

Error bad_secret_name(std::string_view text) {
    return Error{"\"" + std::string(text.substr(0, 80)) +
                 "\" names no secret: write repository/type/tag, each of letters, digits, '.', '_' and '-'"};
}

}  // namespace litebox::attest::broker
