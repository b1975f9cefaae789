#include "supervisor/reports.h"

#include <unistd.h>

#include <cstdio>

namespace litebox::supervisor {

namespace {

constexpr size_t longest_line = 65536, most_calls = 512, most_file_bytes = 16 << 20;
/// Begins a line that is for us, not for the person.
constexpr char own_mark = '\x01';

std::string escaped(std::string_view line) {
    std::string text;
    text.reserve(line.size() + 1);
    char escape[8];
    for (char c : line) {
        if (c >= ' ' && c < 0x7f) {
            text += c;
        } else {
            snprintf(escape, sizeof(escape), "\\x%02x", static_cast<unsigned char>(c));
            text += escape;
        }
    }
    return text;
}

}  // namespace

void Reports::take(std::string_view bytes) {
    while (!bytes.empty()) {
        size_t end = bytes.find('\n');
        std::string_view part = bytes.substr(0, end);
        too_long_ = too_long_ || unfinished_.size() + part.size() > longest_line;
        if (too_long_)
            unfinished_.clear();
        else
            unfinished_ += part;
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        if (!too_long_) take_line(unfinished_);
        unfinished_.clear();
        too_long_ = false;
    }
}

void Reports::take_line(std::string_view line) {
    constexpr std::string_view open_mark = "\x01open ";
    if (line.empty() || line[0] != own_mark) {
        std::string text = escaped(line) + "\n";
        (void)!write(descriptor_, text.data(), text.size());
        return;
    }
    unsigned number;
    unsigned long long count, errors;
    if (sscanf(std::string(line).c_str(), "\001call %u %llu %llu", &number, &count, &errors) == 3) {
        if (calls_.size() < most_calls) calls_.push_back({number, count, errors});
    } else if (line.substr(0, open_mark.size()) == open_mark) {
        line.remove_prefix(open_mark.size());
        if (file_bytes_ + line.size() > most_file_bytes) return;
        // An entry costs more than its text.
        constexpr size_t entry_bytes = 96;
        if (files_.emplace(line).second) file_bytes_ += line.size() + entry_bytes;
    }
}

void Reports::hand_over(std::vector<CallCount>& calls, std::vector<std::string>& files) {
    calls = calls_;
    files.assign(files_.begin(), files_.end());
}

}  // namespace litebox::supervisor
