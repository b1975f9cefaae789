// open, close, dup, fcntl, ioctl and pipe.
#include "core/file/locks.h"
#include "core/file/pipe/pipe.h"
#include "core/file/tmpfs/tmpfs.h"
#include "core/task/process.h"
#include "linux/file_calls.h"
#include "linux/file_signal_calls.h"

namespace litebox::sys {

namespace {

constexpr u32 known_open_flags = open_access_mode | open_create | open_exclusive |
                                 open_no_controlling_terminal | open_truncate | open_append |
                                 open_non_blocking | open_data_sync | open_async | open_direct |
                                 open_large_file | open_directory | open_no_follow | open_no_access_time |
                                 open_close_on_exec | open_sync | open_path | open_temporary;

Result<u64> open_at(Thread& thread, int directory, UserText path, u32 flags, u32 mode, u64 resolve) {
    PathName name;
    TRY(name.fetch(path));
    Ref<File> file = TRY(open_file(thread, directory, name.view(), flags, mode, resolve));
    return static_cast<u64>(TRY(thread.files->add(std::move(file), (flags & open_close_on_exec) != 0)));
}

}  // namespace

Result<u64> open(Thread& thread, UserText path, int flags, u32 mode) {
    return openat(thread, at_working_directory, path, flags, mode);
}
Result<u64> openat(Thread& thread, int directory, UserText path, int flags, u32 mode) {
    u32 wanted = (static_cast<u32>(flags) & known_open_flags) | open_large_file;
    return open_at(thread, directory, path, wanted, mode, 0);
}
Result<u64> creat(Thread& thread, UserText path, u32 mode) {
    return openat(thread, at_working_directory, path, open_create | open_write_only | open_truncate, mode);
}

Result<u64> openat2(Thread& thread, int directory, UserText path, u64 how_address, u64 size) {
    constexpr u64 known_resolve = 0x3f;
    if (size < sizeof(abi::OpenHow)) return Errno::einval;
    if (size > page_size) return Errno::e2big;
    auto how = TRY(UserPtr<const abi::OpenHow>(how_address).read());
    for (u64 at = sizeof(how); at < size; at++)
        if (TRY(UserPtr<const u8>(how_address + at).read()) != 0) return Errno::e2big;
    if ((how.flags & ~u64{known_open_flags}) != 0 || (how.resolve & ~known_resolve) != 0)
        return Errno::einval;
    if ((how.resolve & 24) == 24) return Errno::einval;  // BENEATH and IN_ROOT
    auto flags = static_cast<u32>(how.flags);
    bool creates = (flags & open_create) != 0 || (flags & open_temporary) == open_temporary;
    if (creates ? (how.mode & ~u64{mode_permissions}) != 0 : how.mode != 0) return Errno::einval;
    constexpr u32 with_path = open_path | open_directory | open_no_follow | open_close_on_exec;
    if ((flags & open_path) != 0 && (flags & ~with_path) != 0) return Errno::einval;
    constexpr u64 cached = 32;
    if ((how.resolve & cached) != 0 && (creates || (flags & open_truncate) != 0)) return Errno::eagain;
    return open_at(thread, directory, path, flags | open_large_file, static_cast<u32>(how.mode), how.resolve);
}

Result<u64> close(Thread& thread, int descriptor) {
    TRY(thread.files->close(descriptor));
    return u64{0};
}

Result<u64> close_range(Thread& thread, u32 first, u32 last, u32 flags) {
    constexpr u32 unshare = 2, close_on_exec = 4;
    if ((flags & ~(unshare | close_on_exec)) != 0 || first > last) return Errno::einval;
    if ((flags & unshare) != 0 && thread.files->ref_count() > 1)
        replace_shared(thread, &Thread::files, TRY(thread.files->copy()));
    if ((flags & close_on_exec) != 0)
        TRY(thread.files->mark_range_close_on_exec(first, last));
    else
        TRY(thread.files->close_range(first, last));
    return u64{0};
}

Result<u64> dup(Thread& thread, int descriptor) {
    Ref<File> file = TRY(thread.files->get(descriptor));
    return static_cast<u64>(TRY(thread.files->add(std::move(file), false)));
}

Result<u64> dup2(Thread& thread, int from, int to) {
    Ref<File> file = TRY(thread.files->get(from));
    if (from != to) TRY(thread.files->set(to, std::move(file), false));
    return static_cast<u64>(to);
}

Result<u64> dup3(Thread& thread, int from, int to, int flags) {
    if ((flags & ~static_cast<int>(open_close_on_exec)) != 0 || from == to) return Errno::einval;
    Ref<File> file = TRY(thread.files->get(from));
    TRY(thread.files->set(to, std::move(file), (flags & open_close_on_exec) != 0));
    return static_cast<u64>(to);
}

namespace {

enum FcntlCommand : int {
    duplicate = 0,
    get_descriptor_flags = 1,
    set_descriptor_flags = 2,
    get_flags = 3,
    set_flags = 4,
    get_lock = 5,
    set_lock = 6,
    set_lock_wait = 7,
    get_file_lock = 36,
    set_file_lock = 37,
    set_file_lock_wait = 38,
    get_lease = 1025,
    duplicate_close_on_exec = 1030,
    set_pipe_size = 1031,
    get_pipe_size = 1032,
    add_file_seals = 1033,
    get_file_seals = 1034
};

Result<RecordLock> decode_lock(File& file, const abi::Flock& from) {
    RecordLock lock;
    i64 base = 0;
    if (from.whence == 1) {
        LockGuard guard(file.position_mutex);
        base = static_cast<i64>(file.position);
    } else if (from.whence == 2) {
        base = static_cast<i64>(TRY(file.attributes()).size);
    } else if (from.whence != 0) {
        return Errno::einval;
    }
    i64 start, end;
    if (!checked_add(base, from.start, &start)) return Errno::eoverflow;
    if (start < 0) return Errno::einval;
    if (from.length > 0) {
        if (!checked_add(start, from.length - 1, &end)) return Errno::eoverflow;
        lock.end = static_cast<u64>(end) + 1;
    } else if (from.length < 0) {
        lock.end = static_cast<u64>(start);
        if (!checked_add(start, from.length, &start) || start < 0) return Errno::einval;
    }
    lock.start = static_cast<u64>(start);
    if (from.type < 0 || from.type > 2) return Errno::einval;
    lock.type = static_cast<RecordLock::Type>(from.type);
    return lock;
}

Result<u64> record_lock(Thread& thread, File& file, int command, u64 argument) {
    UserPtr<abi::Flock> user(argument);
    abi::Flock request = TRY(user.read());
    bool of_file = command >= get_file_lock;
    if (of_file && request.pid != 0) return Errno::einval;
    RecordLock lock = TRY(decode_lock(file, request));
    lock.of_file = of_file;
    lock.owner = of_file ? static_cast<const void*>(&file) : thread.files.get();
    lock.pid = of_file ? -1 : thread.process->pid;
    using Type = RecordLock::Type;
    if (command == get_lock || command == get_file_lock) {
        if (lock.type == Type::unlock) return Errno::einval;
        RecordLock other = TRY(find_record_lock(file, lock));
        request.type = static_cast<i16>(other.type);
        if (other.type != Type::unlock) {
            request.whence = 0;
            request.start = static_cast<i64>(other.start);
            request.length = other.end == ~u64{0} ? 0 : static_cast<i64>(other.end - other.start);
            request.pid = other.pid;
        }
        TRY(user.write(request));
        return u64{0};
    }
    if (lock.type == Type::read && !file.readable()) return Errno::ebadf;
    if (lock.type == Type::write && !file.writable()) return Errno::ebadf;
    bool wait = command == set_lock_wait || command == set_file_lock_wait;
    TRY(set_record_lock(thread, file, lock, wait));
    return u64{0};
}

Result<u64> set_status_flags(Thread& thread, File& file, int descriptor, u32 flags) {
    constexpr u32 settable = open_append | open_non_blocking | open_direct | open_no_access_time;
    if ((flags & open_no_access_time & ~file.flags()) != 0) {
        Attributes attributes = TRY(file.attributes());
        if (attributes.uid != thread.credentials->fsuid && !thread.credentials->capable(cap_fowner))
            return Errno::eperm;
    }
    if (((flags ^ file.flags()) & open_async) != 0 && sends_signals(file))
        TRY(set_async(thread, file, descriptor, (flags & open_async) != 0));
    file.set_flags((file.flags() & ~settable) | (flags & settable));
    return u64{0};
}

Result<u64> pipe_or_seal_command(File& file, int command, u64 argument) {
    switch (command) {
        case set_pipe_size:
            if (file.as_pipe() == nullptr) return Errno::ebadf;
            return file.as_pipe()->set_capacity(static_cast<u32>(argument));
        case get_pipe_size:
            if (file.as_pipe() == nullptr) return Errno::ebadf;
            return file.as_pipe()->capacity();
        case add_file_seals:
            TRY(add_seals(file, static_cast<u32>(argument)));
            return u64{0};
        default:
            return static_cast<u64>(TRY(get_seals(file)));
    }
}

Result<u64> duplicate_from(Thread& thread, Ref<File> file, u64 lowest, bool close_on_exec) {
    if (lowest >= thread.process->limit(limit_nofile) || lowest > INT32_MAX) return Errno::einval;
    return static_cast<u64>(TRY(thread.files->add(std::move(file), close_on_exec, static_cast<int>(lowest))));
}

}  // namespace

Result<u64> fcntl(Thread& thread, int descriptor, int command, u64 argument) {
    Ref<File> file = TRY(thread.files->get(descriptor));
    switch (command) {
        case duplicate:
            return duplicate_from(thread, std::move(file), static_cast<u32>(argument), false);
        case duplicate_close_on_exec:
            return duplicate_from(thread, std::move(file), static_cast<u32>(argument), true);
        case get_descriptor_flags:
            return static_cast<u64>(TRY(thread.files->close_on_exec(descriptor)));
        case set_descriptor_flags:
            TRY(thread.files->set_close_on_exec(descriptor, (argument & 1) != 0));
            return u64{0};
        case get_flags:
            return static_cast<u64>(file->flags());
        default:
            break;
    }
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    switch (command) {
        case set_flags:
            return set_status_flags(thread, *file, descriptor, static_cast<u32>(argument));
        case get_lock:
        case set_lock:
        case set_lock_wait:
        case get_file_lock:
        case set_file_lock:
        case set_file_lock_wait:
            return record_lock(thread, *file, command, argument);
        case fcntl_set_owner:
        case fcntl_get_owner:
        case fcntl_set_signal:
        case fcntl_get_signal:
        case fcntl_set_owner_ex:
        case fcntl_get_owner_ex:
            return owner_command(thread, *file, command, argument);
        case set_pipe_size:
        case get_pipe_size:
        case add_file_seals:
        case get_file_seals:
            return pipe_or_seal_command(*file, command, argument);
        case get_lease:
            return u64{2};  // F_UNLCK
        default:
            return Errno::einval;
    }
}

Result<u64> flock(Thread& thread, int descriptor, int operation) {
    constexpr int non_blocking = 4, mandatory = 32;
    if ((operation & mandatory) != 0) return u64{0};  // LOCK_MAND: ignored, as Linux does
    int kind = operation & ~non_blocking;
    if (kind != 1 && kind != 2 && kind != 8) return Errno::einval;
    Ref<File> file = TRY(thread.files->get(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    TRY(lock_whole_file(thread, *file, kind, (operation & non_blocking) == 0));
    return u64{0};
}

Result<u64> ioctl(Thread& thread, int descriptor, u32 command, u64 argument) {
    enum : u32 {
        set_exec = 0x5451,    // FIOCLEX
        clear_exec = 0x5450,  // FIONCLEX
        non_blocking = 0x5421,
        async = 0x5452,
        readable = 0x541b,
        block_size = 2
    };
    Ref<File> file = TRY(thread.files->get(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    if (command == set_exec || command == clear_exec) {
        TRY(thread.files->set_close_on_exec(descriptor, command == set_exec));
        return u64{0};
    }
    if (command == non_blocking || command == async) {
        bool on = TRY(UserPtr<const i32>(argument).read()) != 0;
        if (command == async) {
            if (!sends_signals(*file)) return Errno::enotty;
            TRY(set_async(thread, *file, descriptor, on));
        } else {
            file->set_flags(on ? file->flags() | open_non_blocking
                               : file->flags() & ~static_cast<u32>(open_non_blocking));
        }
        return u64{0};
    }
    if (file->as_socket() != nullptr) {
        auto done = owner_ioctl(thread, *file, command, argument);
        if (done.ok() || done.error() != Errno::enotty) return done;
    }
    Ref<Inode> inode = file->inode();
    bool regular = inode && inode->type() == mode_regular;
    if (command == readable && regular) {
        u64 size = TRY(file->attributes()).size;
        u64 left = size > file->position ? size - file->position : 0;
        TRY(UserPtr<i32>(argument).write(static_cast<i32>(left)));
        return u64{0};
    }
    if (command == block_size && regular) {
        TRY(UserPtr<i32>(argument).write(static_cast<i32>(TRY(file->attributes()).block_size)));
        return u64{0};
    }
    return file->ioctl(command, argument);
}

Result<u64> pipe(Thread& thread, UserPtr<i32> ends) {
    return pipe2(thread, ends, 0);
}

Result<u64> pipe2(Thread& thread, UserPtr<i32> ends, int flags) {
    constexpr int known = open_close_on_exec | open_non_blocking | open_direct;
    if ((flags & ~known) != 0) return Errno::einval;
    bool close_on_exec = (flags & open_close_on_exec) != 0;
    PipeEnds made = TRY(make_pipe(static_cast<u32>(flags)));
    int first = TRY(thread.files->add(std::move(made.read_end), close_on_exec));
    auto second = thread.files->add(std::move(made.write_end), close_on_exec);
    Result<void> told = second.ok() ? Result<void>() : second.error();
    if (told.ok()) {
        i32 pair[2] = {first, second.value()};
        told = ends.write_array(pair);
        if (!told.ok()) (void)thread.files->close(second.value()).ok();
    }
    if (told.ok()) return u64{0};
    (void)thread.files->close(first).ok();
    return told.error();
}

}  // namespace litebox::sys
