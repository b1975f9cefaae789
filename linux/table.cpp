#include "linux/table.h"

#include "linux/calls.h"
#include "linux/invoke.h"

namespace litebox {

namespace {

#define FULL(number, name, room, arguments) PARTIAL(number, name, room, arguments, "")
#define PARTIAL(number, name, room, arguments, note)              \
    Result<u64> invoke_##number(Thread& thread, const u64* raw) { \
        return invoke_handler(sys::name, thread, raw);            \
    }
#define MISSING(number, name, room, note)
#include "linux/syscalls.def"
#undef FULL
#undef PARTIAL
#undef MISSING

struct Table {
    CallRow rows[call_count];
};

constexpr Table make_table() {
    Table table{};
#define FULL(number, name, room, arguments) \
    table.rows[number] = {invoke_##number, #name, #room, arguments, "", CallSupport::full};
#define PARTIAL(number, name, room, arguments, note) \
    table.rows[number] = {invoke_##number, #name, #room, arguments, note, CallSupport::partial};
#define MISSING(number, name, room, note) \
    table.rows[number] = {nullptr, #name, #room, "", note, CallSupport::missing};
#include "linux/syscalls.def"
#undef FULL
#undef PARTIAL
#undef MISSING
    return table;
}

constexpr Table table = make_table();

}  // namespace

const CallRow* call_row(u64 number) {
    if (number >= call_count || table.rows[number].name == nullptr) return nullptr;
    return &table.rows[number];
}

}  // namespace litebox
