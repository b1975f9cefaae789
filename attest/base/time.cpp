#include "attest/base/time.h"

#include <chrono>
#include <cstdio>

namespace litebox::attest {

namespace {

using namespace std::chrono;

/// `count` decimal digits at the front of `text`, which they leave; -1 where there are none.
int digits(std::string_view& text, size_t count) {
    if (text.size() < count) return -1;
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
}

bool symbol(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) return false;
    text.remove_prefix(1);
    return true;
}

bool fraction(std::string_view& text) {
    if (!symbol(text, '.')) return true;
    size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') count++;
    text.remove_prefix(count);
    return count > 0;
}

}  // namespace

Result<Time> parse_time(std::string_view text) {
    Error wrong{"not a time like 2025-06-10T00:00:00Z: \"" + std::string(text.substr(0, 40)) + "\""};
    int y = digits(text, 4);
    bool form = symbol(text, '-');
    int m = digits(text, 2);
    form = form && symbol(text, '-');
    int d = digits(text, 2);
    if (!form || y < 0 || m < 0 || d < 0) return wrong;
    year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
    if (!date.ok()) return wrong;
    int64_t seconds = int64_t{sys_days{date}.time_since_epoch().count()} * 86400;
    if (text.empty()) return Time{seconds};
    form = symbol(text, 'T');
    int hour = digits(text, 2);
    form = form && symbol(text, ':');
    int minute = digits(text, 2);
    form = form && symbol(text, ':');
    int second = digits(text, 2);
    form = form && fraction(text) && symbol(text, 'Z') && text.empty();
    if (!form || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return wrong;
    return Time{seconds + hour * 3600 + minute * 60 + second};
}

std::string to_string(Time time) {
    sys_seconds point{seconds{time.seconds}};
    auto midnight = floor<days>(point);
    year_month_day date{midnight};
    auto of_day = (point - midnight).count();
    char text[48];
    snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", int{date.year()}, unsigned{date.month()},
             unsigned{date.day()}, static_cast<int>(of_day / 3600), static_cast<int>(of_day / 60 % 60),
             static_cast<int>(of_day % 60));
    return text;
}

Time system_now() {
    return {duration_cast<seconds>(system_clock::now().time_since_epoch()).count()};
}

}  // namespace litebox::attest
