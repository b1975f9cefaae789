#include "platform/process/boot/confine.h"

#include "platform/process/boot/raw.h"

namespace litebox::process {

namespace {

enum Prctl : u64 { set_dumpable = 4, set_no_new_privileges = 38 };

bool failed(i64 result) {
    return result < 0 && result > -4096;
}

}  // namespace

void fail(Step step) {
    raw::call(raw::nr_exit_group, static_cast<u64>(step));
    __builtin_trap();
}

void drop_privileges() {
    struct Header {
        u32 version;
        i32 pid;
    } header{0x20080522, 0};
    u32 none[6] = {};
    if (failed(raw::call(raw::nr_capset, reinterpret_cast<u64>(&header), reinterpret_cast<u64>(none))))
        fail(no_privileges);
    if (failed(raw::call(raw::nr_prctl, set_no_new_privileges, 1))) fail(no_privileges);
    raw::call(raw::nr_prctl, set_dumpable, 0);
    u64 no_core[2] = {0, 0};
    raw::call(raw::nr_prlimit64, 0, 4, reinterpret_cast<u64>(no_core), 0);
}

void put_on_filter(std::span<const FilterInstruction> filter) {
    struct Program {
        u16 length;
        const FilterInstruction* code;
    } program{static_cast<u16>(filter.size()), filter.data()};
    constexpr u64 set_mode_filter = 1;
    if (failed(raw::call(raw::nr_seccomp, set_mode_filter, 0, reinterpret_cast<u64>(&program))))
        fail(no_filter);
}

}  // namespace litebox::process
