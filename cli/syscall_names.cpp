#include "cli/syscall_names.h"

namespace litebox::cli {

namespace {

// The table's file writes C++ keywords and macros with a trailing underscore.
constexpr std::string_view bare(std::string_view name) {
    while (name.ends_with('_')) name.remove_suffix(1);
    return name;
}

constexpr CallName rows[] = {
#define FULL(number, name, room, arguments) {number, bare(#name), #room, "", Support::full},
#define PARTIAL(number, name, room, arguments, note) {number, bare(#name), #room, note, Support::partial},
#define MISSING(number, name, room, note) {number, bare(#name), #room, note, Support::absent},
#include "linux/syscalls.def"
#undef FULL
#undef PARTIAL
#undef MISSING
};

}  // namespace

std::span<const CallName> call_names() {
    return rows;
}

const CallName* call_by_name(std::string_view name) {
    for (const CallName& row : rows)
        if (row.name == name) return &row;
    return nullptr;
}

const CallName* call_by_number(uint64_t number) {
    for (const CallName& row : rows)
        if (row.number == number) return &row;
    return nullptr;
}

}  // namespace litebox::cli
