#include "core/task/task_table.h"
#include "linux/task_calls.h"

namespace litebox::sys {

namespace {

enum Option : int {
    set_pdeathsig = 1,
    get_pdeathsig,
    get_dumpable,
    set_dumpable,
    get_unalign = 5,
    set_unalign,
    get_keepcaps,
    set_keepcaps,
    get_timing = 13,
    set_timing,
    set_name = 15,
    get_name = 16,
    get_endian = 19,
    get_seccomp = 21,
    set_seccomp,
    capbset_read = 23,
    capbset_drop,
    get_tsc,
    set_tsc,
    get_securebits,
    set_securebits,
    set_timerslack,
    get_timerslack,
    mce_kill = 33,
    mce_kill_get,
    set_mm,
    set_child_subreaper,
    get_child_subreaper,
    set_no_new_privs,
    get_no_new_privs,
    get_tid_address,
    set_thp_disable,
    get_thp_disable,
    cap_ambient = 47,
    get_speculation = 52,
    set_io_flusher = 57,
    get_io_flusher = 58,
    set_vma = 0x53564d41,
    set_ptracer = 0x59616d61,
};

constexpr u32 securebit_keep_caps = 16;

Result<u64> with_credentials(Thread& thread, auto&& change) {
    auto fresh = TRY(thread.credentials->copy());
    TRY(change(*fresh));
    replace_shared(thread, &Thread::credentials, std::move(fresh));
    return u64{0};
}

Result<u64> ambient(Thread& thread, u64 action, u64 capability, u64 c, u64 d) {
    constexpr u64 is_set = 1, raise = 2, lower = 3, clear_all = 4;
    if (c != 0 || d != 0) return Errno::einval;
    if (action == clear_all) {
        if (capability != 0) return Errno::einval;
        return with_credentials(thread, [](Credentials& who) -> Result<void> {
            who.ambient = 0;
            return {};
        });
    }
    if (capability > 40) return Errno::einval;
    u64 bit = u64{1} << capability;
    if (action == is_set) return u64{(thread.credentials->ambient & bit) != 0};
    if (action != raise && action != lower) return Errno::einval;
    return with_credentials(thread, [&](Credentials& who) -> Result<void> {
        if (action == lower) {
            who.ambient &= ~bit;
            return {};
        }
        if ((who.permitted & who.inheritable & bit) == 0) return Errno::eperm;
        who.ambient |= bit;
        return {};
    });
}

Result<u64> bounding_drop(Thread& thread, u64 capability) {
    if (!thread.credentials->capable(cap_setpcap)) return Errno::eperm;
    if (capability > 40) return Errno::einval;
    return with_credentials(thread, [&](Credentials& who) -> Result<void> {
        who.bounding &= ~(u64{1} << capability);
        return {};
    });
}

Result<u64> name_of(Thread& thread, int option, u64 address) {
    if (option == get_name) {
        TRY(copy_to_user(address, thread.name, sizeof(thread.name)));
        return u64{0};
    }
    char name[sizeof(thread.name)] = {};
    for (usize i = 0; i < sizeof(name) - 1; i++) {
        name[i] = TRY(UserPtr<const char>(address + i).read());
        if (name[i] == '\0') break;
    }
    memcpy(thread.name, name, sizeof(name));
    return u64{0};
}

Result<u64> set_flag(bool& flag, u64 value) {
    if (value > 1) return Errno::einval;
    flag = value != 0;
    return u64{0};
}

}  // namespace

Result<u64> prctl(Thread& thread, int option, u64 a, u64 b, u64 c, u64 d) {
    Process& process = *thread.process;
    switch (option) {
        case set_pdeathsig:
            if (a > signal_max) return Errno::einval;
            thread.parent_death_signal = static_cast<i32>(a);
            return u64{0};
        case get_pdeathsig:
            TRY(UserPtr<i32>(a).write(thread.parent_death_signal));
            return u64{0};
        case get_dumpable:
            return u64{process.dumpable};
        case set_dumpable:
            return set_flag(process.dumpable, a);
        case get_keepcaps:
            return u64{(thread.credentials->securebits & securebit_keep_caps) != 0};
        case set_keepcaps:
            if (a > 1) return Errno::einval;
            return with_credentials(thread, [&](Credentials& who) -> Result<void> {
                who.securebits = (who.securebits & ~securebit_keep_caps) | (a != 0 ? securebit_keep_caps : 0);
                return {};
            });
        case set_name:
        case get_name:
            return name_of(thread, option, a);
        case get_timing:
            return u64{0};
        case set_timing:
            return a == 0 ? Result<u64>(u64{0}) : Errno::einval;
        case get_seccomp:
            return u64{0};
        case capbset_read:
            return a > 40 ? Result<u64>(Errno::einval) : u64{(thread.credentials->bounding >> a & 1) != 0};
        case capbset_drop:
            return bounding_drop(thread, a);
        case get_tsc:
            TRY(UserPtr<i32>(a).write(1));
            return u64{0};
        case set_tsc:
            return a == 1 ? Result<u64>(u64{0}) : Errno::einval;
        case get_securebits:
            return u64{thread.credentials->securebits};
        case set_timerslack:
            thread.timer_slack_ns = a == 0 ? 50000 : a;
            thread.tell_scheduling();
            return u64{0};
        case get_timerslack:
            return thread.timer_slack_ns;
        case set_child_subreaper:
            process.child_subreaper = a != 0;
            return u64{0};
        case get_child_subreaper:
            TRY(UserPtr<i32>(a).write(process.child_subreaper ? 1 : 0));
            return u64{0};
        case set_no_new_privs:
            if (a != 1 || b != 0 || c != 0 || d != 0) return Errno::einval;
            return with_credentials(thread, [](Credentials& who) -> Result<void> {
                who.no_new_privileges = true;
                return {};
            });
        case get_no_new_privs:
            if ((a | b | c | d) != 0) return Errno::einval;
            return u64{thread.credentials->no_new_privileges};
        case get_tid_address:
            TRY(UserPtr<u64>(a).write(thread.clear_child_tid));
            return u64{0};
        case set_thp_disable:
            return (b | c | d) != 0 ? Errno::einval : set_flag(process.huge_pages_disabled, a);
        case get_thp_disable:
            return (a | b | c | d) != 0 ? Result<u64>(Errno::einval) : u64{process.huge_pages_disabled};
        case cap_ambient:
            return ambient(thread, a, b, c, d);
        case mce_kill_get:
            return u64{2};
        case set_ptracer:
            return u64{0};
        default:
            return Errno::einval;
    }
}

}  // namespace litebox::sys
