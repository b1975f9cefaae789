// Requests to a terminal: ioctl_tty(2).

#include "core/file/terminal/terminal.h"
#include "core/task/task_table.h"

namespace litebox {

namespace {

enum Request : u32 {
    get_settings = 0x5401,
    set_settings_now,
    set_settings_drained,
    set_settings_flushed,
    get_settings_old = 0x5405,
    set_old_now,
    set_old_drained,
    set_old_flushed,
    send_break = 0x5409,
    flow = 0x540a,
    flush_queues = 0x540b,
    exclusive_on = 0x540c,
    exclusive_off = 0x540d,
    set_controlling = 0x540e,
    get_foreground = 0x540f,
    set_foreground = 0x5410,
    output_pending = 0x5411,
    push_input = 0x5412,
    get_size = 0x5413,
    set_window = 0x5414,
    input_pending = 0x541b,
    give_up_controlling = 0x5422,
    set_discipline = 0x5423,
    get_discipline = 0x5424,
    send_break_posix = 0x5425,
    get_session = 0x5429,
    get_settings2 = 0x802c542a,
    set_settings2 = 0x402c542b,
    set_settings2_drained = 0x402c542c,
    set_settings2_flushed = 0x402c542d,
    get_exclusive = 0x80045440
};

/// struct termios2: the settings with two speeds behind.
struct Termios2 {
    Termios settings;
    u32 input_speed, output_speed;
};
static_assert(sizeof(Termios2) == 44);

}  // namespace

Result<u64> Terminal::session_ioctl(u32 command, u64 argument) {
    Process& process = *current_thread()->process;
    switch (command) {
        case set_controlling: {
            LockGuard guard(tasks().mutex);
            if (!process.session || process.session->id != process.pid) return Errno::eperm;
            if (process.session->terminal == this) return u64{0};
            if (process.session->terminal != nullptr) return Errno::eperm;
            for (Process& other : tasks().processes) {
                if (!other.session || other.session->terminal != this) continue;
                if (argument != 1 || !current_thread()->credentials->capable(cap_sys_admin))
                    return Errno::eperm;
                other.session->terminal = nullptr;
            }
            process.session->terminal = this;
            process.session->foreground_group = process.group_id;
            return u64{0};
        }
        case give_up_controlling: {
            LockGuard guard(tasks().mutex);
            if (!process.session || process.session->terminal != this) return Errno::enotty;
            if (process.session->id == process.pid) process.session->terminal = nullptr;
            return u64{0};
        }
        case get_foreground: {
            i32 group;
            {
                LockGuard guard(tasks().mutex);
                if (!process.session || process.session->terminal != this) return Errno::enotty;
                group = process.session->foreground_group;
            }
            TRY(UserPtr<i32>(argument).write(group));
            return u64{0};
        }
        case set_foreground: {
            i32 group = TRY(UserPtr<const i32>(argument).read());
            TRY(check_background(sigttou));
            LockGuard guard(tasks().mutex);
            if (!process.session || process.session->terminal != this) return Errno::enotty;
            if (group < 0) return Errno::einval;
            if (!tasks().group_exists(group)) return Errno::esrch;
            if (!tasks().group_exists(group, process.session.get())) return Errno::eperm;
            process.session->foreground_group = group;
            return u64{0};
        }
        case get_session: {
            i32 id;
            {
                LockGuard guard(tasks().mutex);
                if (!process.session || process.session->terminal != this) return Errno::enotty;
                id = process.session->id;
            }
            TRY(UserPtr<i32>(argument).write(id));
            return u64{0};
        }
        default:
            return Errno::enotty;
    }
}

Result<u64> Terminal::ioctl(u32 command, u64 argument) {
    switch (command) {
        case get_settings:
            TRY(UserPtr<Termios>(argument).write(settings()));
            return u64{0};
        case set_settings_now:
        case set_settings_drained:
        case set_settings_flushed:
            TRY(set_settings(TRY(UserPtr<const Termios>(argument).read()), command == set_settings_flushed));
            return u64{0};
        case get_settings2: {
            constexpr u32 speed = 38400;
            TRY(UserPtr<Termios2>(argument).write({settings(), speed, speed}));
            return u64{0};
        }
        case set_settings2:
        case set_settings2_drained:
        case set_settings2_flushed:
            TRY(set_settings(TRY(UserPtr<const Termios2>(argument).read()).settings,
                             command == set_settings2_flushed));
            return u64{0};
        case get_size:
            TRY(UserPtr<AbiWindowSize>(argument).write(size()));
            return u64{0};
        case set_window:
            set_size(TRY(UserPtr<const AbiWindowSize>(argument).read()));
            return u64{0};
        case flush_queues:
            if (argument > 2) return Errno::einval;
            TRY(check_background(sigttou));
            flush(argument);
            return u64{0};
        case input_pending: {
            i32 bytes;
            {
                LockGuard guard(mutex_);
                bytes = static_cast<i32>(ready_bytes());
            }
            TRY(UserPtr<i32>(argument).write(bytes));
            return u64{0};
        }
        case output_pending:
            TRY(UserPtr<i32>(argument).write(0));
            return u64{0};
        case flow: {
            if (argument > 3) return Errno::einval;
            LockGuard guard(mutex_);
            if (argument == 0) stopped_ = true;
            if (argument == 1) stopped_ = false;
            return u64{0};
        }
        case send_break:
        case send_break_posix:
            return u64{0};
        case push_input: {
            u8 byte = TRY(UserPtr<const u8>(argument).read());
            if (!current_thread()->credentials->capable(cap_sys_admin)) return Errno::eperm;
            (void)type({&byte, 1});
            return u64{0};
        }
        case exclusive_on:
            exclusive_.store(true);
            return u64{0};
        case exclusive_off:
            exclusive_.store(false);
            return u64{0};
        case get_exclusive:
            TRY(UserPtr<i32>(argument).write(exclusive_.load() ? 1 : 0));
            return u64{0};
        case get_discipline:
            TRY(UserPtr<i32>(argument).write(0));
            return u64{0};
        case set_discipline:
            return TRY(UserPtr<const i32>(argument).read()) == 0 ? Result<u64>(u64{0}) : Errno::einval;
        default:
            return session_ioctl(command, argument);
    }
}

}  // namespace litebox
