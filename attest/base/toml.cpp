#include "attest/base/toml.h"

#include <algorithm>
#include <string>

namespace litebox::attest {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// The line of the first character that is not ASCII and stands neither in a comment nor in a string of one
/// line; 0: none. Follows comments and strings as TOML 1.0 delimits them.
size_t misplaced_line(std::string_view text) {
    std::string_view end;  // what ends the comment or string that `text` begins in
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    for (size_t line = 1; !text.empty();) {
        char c = text.front();
        size_t length = 1;
        if (static_cast<unsigned char>(c) >= 0x80 && end.size() != 1) return line;
        if (c == '\n') line++;
        if (end.empty()) {
            for (std::string_view mark : {"\"\"\"", "'''", "\"", "'", "#"})
                if (end.empty() && text.starts_with(mark)) end = mark;
            length = std::max(length, end.size());
            if (end == "#") end = "\n";
        } else if (end[0] == '"' && (text.starts_with("\\\"") || text.starts_with("\\\\"))) {
            length = 2;
        } else if (text.starts_with(end)) {
            length = end.size();
            if (length == 3)  // up to two quotes before the last three belong to the string
                while (length < 5 && text.substr(length).starts_with(end[0])) length++;
            end = {};
        } else if (c == '\n' && end.size() == 1) {
            end = {};
        }
        text.remove_prefix(length);
    }
    return 0;
}

}  // namespace

Result<toml::table> parse_toml(std::string_view text) {
    // toml++ 3.3 takes most characters above U+00A0 for impossible where it asks whether one is white space,
    // and tells the compiler so. It asks everywhere but in comments and strings of one line.
    if (size_t line = misplaced_line(text))
        return Error{"line " + std::to_string(line) +
                     ": a character that is not ASCII stands outside of comments and strings of one line"};
    try {  // toml++ without exceptions would be another one, in a program whose other parts use it with them
        return toml::table(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return Error{"line " + std::to_string(error.source().begin.line) + ": " +
                     std::string(error.description())};
    }
}

}  // namespace litebox::attest
