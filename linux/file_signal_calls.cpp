#include "linux/file_signal_calls.h"

#include "core/kernel.h"
#include "core/memory/user.h"
#include "core/task/process.h"
#include "core/task/task_table.h"

namespace litebox::sys {

namespace {

using Kind = SignalOwner::Kind;

struct OwnerEx {  // struct f_owner_ex
    i32 type, pid;
};

bool exists(Kind kind, i32 id) {
    if (kind != Kind::group) return tasks().find_thread(id) || tasks().find_process(id);
    LockGuard guard(tasks().mutex);
    for (Process& process : tasks().processes)
        if (process.group_id == id) return true;
    return false;
}

Result<u64> set_owner(Thread& thread, File& file, Kind kind, i32 id) {
    if (id != 0 && !exists(kind, id)) return Errno::esrch;
    FileSignals* signals = TRY(signals_of(file));
    SignalOwner owner{kind, id, thread.credentials->uid, thread.credentials->euid};
    TRY(signals->set_owner(id == 0 ? SignalOwner{} : owner));
    return u64{0};
}

Result<u64> set_owner(Thread& thread, File& file, i32 who) {
    if (who == INT32_MIN) return Errno::einval;
    return set_owner(thread, file, who < 0 ? Kind::group : Kind::process, who < 0 ? -who : who);
}

SignalOwner owner_of(File& file) {
    FileSignals* signals = file.signals.load(std::memory_order_acquire);
    return signals == nullptr ? SignalOwner{} : signals->owner();
}

i64 owner_number(File& file) {
    SignalOwner owner = owner_of(file);
    return owner.kind == Kind::group ? -i64{owner.id} : i64{owner.id};
}

}  // namespace

Result<u64> owner_command(Thread& thread, File& file, int command, u64 argument) {
    switch (command) {
        case fcntl_set_owner:
            return set_owner(thread, file, static_cast<i32>(argument));
        case fcntl_get_owner:
            return static_cast<u64>(owner_number(file));
        case fcntl_set_signal:
            if (argument > signal_max) return Errno::einval;
            TRY(signals_of(file))->set_signal(static_cast<int>(argument));
            return u64{0};
        case fcntl_get_signal: {
            FileSignals* signals = file.signals.load(std::memory_order_acquire);
            return static_cast<u64>(signals == nullptr ? 0 : signals->signal());
        }
        case fcntl_set_owner_ex: {
            auto owner = TRY(UserPtr<const OwnerEx>(argument).read());
            if (owner.type < 0 || owner.type > static_cast<i32>(Kind::group)) return Errno::einval;
            return set_owner(thread, file, static_cast<Kind>(owner.type), owner.pid);
        }
        default: {
            SignalOwner owner = owner_of(file);
            TRY(UserPtr<OwnerEx>(argument).write({static_cast<i32>(owner.kind), owner.id}));
            return u64{0};
        }
    }
}

Result<u64> owner_ioctl(Thread& thread, File& file, u32 command, u64 argument) {
    enum : u32 { set_owner_of_file = 0x8901, set_group, get_owner_of_file, get_group };
    if (command == set_owner_of_file || command == set_group)
        return set_owner(thread, file, TRY(UserPtr<const i32>(argument).read()));
    if (command != get_owner_of_file && command != get_group) return Errno::enotty;
    TRY(UserPtr<i32>(argument).write(static_cast<i32>(owner_number(file))));
    return u64{0};
}

Result<void> set_async(Thread& thread, File& file, int descriptor, bool on) {
    FileSignals* signals = TRY(signals_of(file));
    // A terminal has an owner without being asked to.
    if (on && file.as_terminal() != nullptr && signals->owner().id == 0)
        TRY(set_owner(thread, file, thread.process->pid));
    TRY(signals->set_async(on, descriptor));
    u32 others = file.flags() & ~static_cast<u32>(open_async);
    file.set_flags(on ? others | open_async : others);
    return {};
}

}  // namespace litebox::sys
