#include "linux/table.h"

#include "linux/calls.h"
#include "linux/invoke.h"

namespace litebox {

namespace {

#define FULL(number, name, room, arguments) PARTIAL(number, name, room, arguments, "")
#define PARTIAL(number, name, room, arguments, note)                                \
    Result<u64> invoke_##number(Thread& thread, const arch::RegisterFrame& frame) { \
        return invoke_handler(sys::name, thread, frame);                            \
    }
#define MISSING(number, name, room, note)
#include "linux/syscalls.def"
#undef FULL
#undef PARTIAL
#undef MISSING

constexpr CallTable make_table() {
    CallTable table{};
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

}  // namespace

constexpr CallTable call_table = make_table();

}  // namespace litebox
