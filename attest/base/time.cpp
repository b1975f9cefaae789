#include "attest/base/time.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace litebox::attest {

namespace {

using namespace std::chrono;

/// Whether `text` begins as `form`, in which each 0 stands for any digit.
bool begins_as(std::string_view text, std::string_view form) {
    return text.size() >= form.size() &&
           std::ranges::equal(text.substr(0, form.size()), form, [](char is, char wanted) {
               return wanted == '0' ? is >= '0' && is <= '9' : is == wanted;
           });
}

/// The decimal number of `count` digits at `at`.
int number(std::string_view text, size_t at, size_t count) {
    int value = 0;
    for (char digit : text.substr(at, count)) value = value * 10 + (digit - '0');
    return value;
}

/// Nothing, or a point and digits; then "Z".
bool ends_well(std::string_view text) {
    if (begins_as(text, ".0"))
        text.remove_prefix(std::min(text.find_first_not_of("0123456789", 1), text.size()));
    return text == "Z";
}

}  // namespace

Result<Time> parse_time(std::string_view text) {
    constexpr std::string_view date_form = "0000-00-00", form = "0000-00-00T00:00:00";
    Error wrong{"not a time like 2025-06-10T00:00:00Z: \"" + std::string(text.substr(0, 40)) + "\""};
    bool date_alone = text.size() == date_form.size();
    if (!begins_as(text, date_alone ? date_form : form)) return wrong;
    year_month_day date{year{number(text, 0, 4)}, month{static_cast<unsigned>(number(text, 5, 2))},
                        day{static_cast<unsigned>(number(text, 8, 2))}};
    if (!date.ok()) return wrong;
    int64_t midnight = int64_t{sys_days{date}.time_since_epoch().count()} * 86400;
    if (date_alone) return Time{midnight};
    int hour = number(text, 11, 2), minute = number(text, 14, 2), second = number(text, 17, 2);
    if (hour > 23 || minute > 59 || second > 59 || !ends_well(text.substr(form.size()))) return wrong;
    return Time{midnight + hour * 3600 + minute * 60 + second};
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
