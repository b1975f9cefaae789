#include "linux/memory_calls.h"

#include "core/file/file.h"
#include "core/file/tmpfs/tmpfs.h"
#include "core/kernel.h"
#include "core/task/pidfd.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"

namespace litebox::sys {

namespace {

enum MapFlag : u32 {
    map_shared = 1,
    map_private = 2,
    map_shared_validate = 3,
    map_type = 15,
    map_fixed = 0x10,
    map_anonymous = 0x20,
    map_32bit = 0x40,
    map_grows_down = 0x100,
    map_deny_write = 0x800,
    map_executable = 0x1000,
    map_locked = 0x2000,
    map_no_reserve = 0x4000,
    map_populate = 0x8000,
    map_non_block = 0x10000,
    map_stack = 0x20000,
    map_huge_tlb = 0x40000,
    map_sync = 0x80000,
    map_fixed_no_replace = 0x100000,
};
/// What MAP_SHARED_VALIDATE accepts: the flags that mmap has always known.
constexpr u32 validated_flags = map_type | map_fixed | map_anonymous | map_32bit | 0x80 | map_grows_down |
                                map_deny_write | map_executable | map_locked | map_no_reserve | map_populate |
                                map_non_block | map_stack | map_huge_tlb | 0x4000000;
constexpr u32 known_protection = 7, grows_down = 0x01000000, grows_up = 0x02000000;

bool denied_write_execute(u32 protection) {
    return kernel().deny_write_execute && (protection & 6) == 6;
}

Result<void> use_file(Thread& thread, MapRequest& request, int descriptor, u64 offset, bool shared) {
    auto file = TRY(thread.files->get(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    if (!file->readable()) return Errno::eacces;
    bool writes = (request.protection & platform::prot_write) != 0;
    if (shared && writes && !file->writable()) return Errno::eacces;
    if (shared && !file->writable()) request.max_protection &= static_cast<u8>(~platform::prot_write);
    u64 end;
    if (!checked_add(offset, page_up(request.length), &end) || end > u64{1} << 62) return Errno::eoverflow;
    request.source = TRY(file->map(offset, request.length, shared));
    if (!request.source.file) request.source.file = file;
    return file->may_map(shared, request.protection, &request.max_protection);
}

}  // namespace

Result<u64> mmap(Thread& thread, u64 address, u64 length, u32 protection, u32 flags, int descriptor,
                 u64 offset) {
    if (!page_aligned(offset) || length == 0) return Errno::einval;
    if (length > platform::space_limits().end) return Errno::enomem;
    if (denied_write_execute(protection)) return Errno::eacces;
    u32 type = flags & map_type;
    if (type != map_shared && type != map_private && type != map_shared_validate) return Errno::einval;
    if (type == map_shared_validate) {
        if ((flags & map_anonymous) != 0) return Errno::einval;
        if ((flags & ~validated_flags) != 0) return Errno::eopnotsupp;
    }
    if ((flags & map_huge_tlb) != 0) return (flags & map_anonymous) != 0 ? Errno::enomem : Errno::einval;
    MapRequest request;
    request.address = address;
    request.length = length;
    request.protection = static_cast<u8>(protection & known_protection);
    request.shared = type != map_private;
    request.fixed = (flags & (map_fixed | map_fixed_no_replace)) != 0;
    request.no_replace = (flags & map_fixed_no_replace) != 0;
    request.low_32bit = (flags & map_32bit) != 0;
    request.grows_down = (flags & map_grows_down) != 0 && !request.shared;
    request.populate = (flags & map_populate) != 0 && (flags & map_non_block) == 0;
    request.locked = (flags & map_locked) != 0;
    request.no_reserve = (flags & map_no_reserve) != 0;
    if ((flags & map_anonymous) == 0) TRY(use_file(thread, request, descriptor, offset, request.shared));
    return thread.space->map(std::move(request));
}

Result<u64> munmap(Thread& thread, u64 address, u64 length) {
    TRY(thread.space->unmap(address, length));
    return u64{0};
}

Result<u64> mprotect(Thread& thread, u64 address, u64 length, u32 protection) {
    if ((protection & (grows_down | grows_up)) == (grows_down | grows_up)) return Errno::einval;
    if ((protection & ~(known_protection | 8 | grows_down | grows_up)) != 0) return Errno::einval;
    if (denied_write_execute(protection)) return Errno::eacces;
    bool to_start = (protection & grows_down) != 0;
    if ((protection & grows_up) != 0) return Errno::einval;  // no stack grows upwards here
    TRY(thread.space->protect(address, length, static_cast<u8>(protection & known_protection), to_start));
    return u64{0};
}

Result<u64> pkey_mprotect(Thread& thread, u64 address, u64 length, u32 protection, int key) {
    if (key != -1) return Errno::einval;
    return mprotect(thread, address, length, protection);
}
Result<u64> pkey_alloc(Thread&, u32 flags, u32 rights) {
    if (flags != 0 || (rights & ~3u) != 0) return Errno::einval;
    return Errno::enospc;  // as on a processor without protection keys
}
Result<u64> pkey_free(Thread&, int) {
    return Errno::einval;
}

Result<u64> mremap(Thread& thread, u64 address, u64 old_length, u64 new_length, u64 flags, u64 new_address) {
    return thread.space->remap(address, old_length, new_length, flags, new_address);
}

Result<u64> madvise(Thread& thread, u64 address, u64 length, int advice) {
    TRY(thread.space->advise(address, length, advice));
    return u64{0};
}

Result<u64> msync(Thread& thread, u64 address, u64 length, int flags) {
    TRY(thread.space->sync(address, length, flags));
    return u64{0};
}

Result<u64> mincore(Thread& thread, u64 address, u64 length, UserPtr<u8> vector) {
    TRY(thread.space->resident(address, length, vector));
    return u64{0};
}

Result<u64> mlock(Thread& thread, u64 address, u64 length) {
    return mlock2(thread, address, length, 0);
}

Result<u64> mlock2(Thread& thread, u64 address, u64 length, u32 flags) {
    if ((flags & ~1u) != 0) return Errno::einval;
    if (length == 0) return u64{0};
    TRY(thread.space->lock(address, length, flags != 0));
    return u64{0};
}

Result<u64> munlock(Thread& thread, u64 address, u64 length) {
    if (length == 0) return u64{0};
    TRY(thread.space->unlock(address, length));
    return u64{0};
}

Result<u64> mlockall(Thread& thread, int flags) {
    if (flags == 0) return Errno::einval;
    TRY(thread.space->lock_all(flags));
    return u64{0};
}

Result<u64> munlockall(Thread& thread) {
    TRY(thread.space->lock_all(0));
    return u64{0};
}

Result<u64> memfd_create(Thread& thread, UserText name, u32 flags) {
    constexpr u32 close_on_exec = 1, allow_sealing = 2, huge_pages = 4;
    constexpr usize longest_name = 250;
    if ((flags & huge_pages) != 0) return Errno::enomem;
    if ((flags & ~(close_on_exec | allow_sealing)) != 0) return Errno::einval;
    auto text = copy_string_from_user(name.address(), longest_name);
    if (!text.ok()) return text.error() == Errno::enametoolong ? Errno::einval : text.error();
    TextBuilder full;
    full.text("memfd:"sv).text(text.value().view());
    if (full.failed()) return Errno::enomem;
    auto file = TRY(create_memory_file(full.view(), 0777, (flags & allow_sealing) != 0));
    return static_cast<u64>(TRY(thread.files->add(std::move(file), (flags & close_on_exec) != 0)));
}

Result<u64> brk(Thread& thread, u64 address) {
    return thread.space->set_break(address);
}

namespace {

constexpr u64 most_segments = 1024, largest_transfer = 0x7ffff000;

Result<void> read_segments(u64 address, u64 count, Vector<IoSegment>& segments) {
    if (count > most_segments) return Errno::einval;
    TRY(segments.resize(count));
    TRY(UserPtr<const IoSegment>(address).read_array({segments.data(), segments.size()}));
    u64 total = 0;
    for (IoSegment& segment : segments) {
        if (segment.length >> 63 != 0) return Errno::einval;
        segment.length = min(segment.length, largest_transfer - total);
        total += segment.length;
    }
    return {};
}

/// Moves bytes between this space and another through a kernel buffer, piece by piece.
Result<u64> transfer(Thread& thread, i32 pid, u64 local, u64 local_count, u64 remote, u64 remote_count,
                     u64 flags, bool write) {
    if (flags != 0) return Errno::einval;
    Vector<IoSegment> here, there;
    TRY(read_segments(local, local_count, here));
    TRY(read_segments(remote, remote_count, there));
    auto target = tasks().find_thread(pid);
    if (!target) return Errno::esrch;
    if (!may_signal(thread, *target->process, sigkill)) return Errno::eperm;
    Ref<AddressSpace> space = target->space;
    if (!space) return Errno::esrch;
    Vector<u8> buffer;
    TRY(buffer.resize(page_size));
    auto cursor = IoCursor::user(std::span<const IoSegment>(here.data(), here.size()));
    u64 done = 0;
    for (const IoSegment& segment : there) {
        for (u64 at = 0; at < segment.length && cursor.remaining() > 0;) {
            u64 address = segment.address + at;
            usize part = min<u64>(segment.length - at, page_size - address % page_size);
            part = min(part, cursor.remaining());
            Result<usize> moved = usize{0};
            if (write) {
                moved = cursor.take(buffer.data(), part);
                if (moved.ok()) moved = space->write_remote(address, {buffer.data(), moved.value()});
            } else {
                moved = space->read_remote(address, {buffer.data(), part});
                if (moved.ok()) moved = cursor.put(buffer.data(), moved.value());
            }
            if (!moved.ok()) return done > 0 ? Result<u64>(done) : Result<u64>(moved.error());
            done += moved.value();
            at += moved.value();
            if (moved.value() < part) return done;
        }
    }
    return done;
}

}  // namespace

Result<u64> process_vm_readv(Thread& thread, i32 pid, u64 local, u64 local_count, u64 remote,
                             u64 remote_count, u64 flags) {
    return transfer(thread, pid, local, local_count, remote, remote_count, flags, false);
}
Result<u64> process_vm_writev(Thread& thread, i32 pid, u64 local, u64 local_count, u64 remote,
                              u64 remote_count, u64 flags) {
    return transfer(thread, pid, local, local_count, remote, remote_count, flags, true);
}

Result<u64> process_madvise(Thread& thread, int descriptor, u64 vector, u64 count, int advice, u32 flags) {
    constexpr int will_need = 3, cold = 20, page_out = 21, collapse = 25;
    if (flags != 0) return Errno::einval;
    Vector<IoSegment> segments;
    TRY(read_segments(vector, count, segments));
    auto process = TRY(pidfd_process(*TRY(thread.files->get(descriptor))));
    if (advice != will_need && advice != cold && advice != page_out && advice != collapse)
        return Errno::einval;
    Ref<AddressSpace> space;
    {
        LockGuard guard(process->signal_mutex);
        if (Thread* first = process->threads.first()) space = first->space;
    }
    if (!space) return Errno::esrch;
    bool own = process.get() == thread.process;
    if (!own && !(may_signal(thread, *process, sigkill) && thread.credentials->capable(cap_sys_nice)))
        return Errno::eperm;
    u64 done = 0;
    for (const IoSegment& segment : segments) {
        auto advised = space->advise(segment.address, segment.length, advice);
        if (!advised.ok()) return done > 0 ? Result<u64>(done) : Result<u64>(advised.error());
        done += segment.length;
    }
    return done;
}

Result<u64> remap_file_pages(Thread& thread, u64 address, u64 length, u32 protection, u64 page, u32 flags) {
    constexpr u64 largest_page = u64{1} << 50;
    if (protection != 0 || (flags & ~u32{map_non_block}) != 0 || page > largest_page) return Errno::einval;
    TRY(thread.space->remap_file_pages(page_down(address), page_down(length), page * page_size));
    return u64{0};
}

Result<u64> mbind(Thread&, u64 address, u64, u64 mode, u64, u64) {
    if (!page_aligned(address) || (mode & 0xff) > 5) return Errno::einval;
    return u64{0};
}
Result<u64> set_mempolicy(Thread&, int mode, u64, u64) {
    if ((mode & 0xff) > 5) return Errno::einval;
    return u64{0};
}
Result<u64> get_mempolicy(Thread&, UserPtr<i32> mode, u64 mask, u64 bits, u64, u64) {
    if (mode) TRY(mode.write(0));
    if (mask != 0 && bits != 0) TRY(clear_user(mask, min<u64>((bits + 63) / 64 * 8, 128)));
    return u64{0};
}

}  // namespace litebox::sys
