// read, write and what goes with them.
#include "core/file/file_systems.h"
#include "core/file/pipe/pipe.h"
#include "core/kernel.h"
#include "core/task/process.h"
#include "core/task/signal_send.h"
#include "linux/file_calls.h"

namespace litebox {

Result<void> PathName::fetch(UserText from) {
    isize length = platform::copy_in_string(inline_, from.address(), sizeof(inline_));
    if (length >= 0 && static_cast<usize>(length) < sizeof(inline_)) {
        view_ = {inline_, static_cast<usize>(length)};
        return {};
    }
    heap_ = TRY(copy_string_from_user(from.address(), 4096));
    view_ = heap_.view();
    return {};
}

Result<void> UserVector::fetch(u64 address, u64 count) {
    constexpr u64 limit = 1024;
    if (count > limit) return Errno::einval;
    std::span<IoSegment> segments(inline_, min<usize>(count, 8));
    if (count > 8) {
        TRY(heap_.resize(count));
        segments = {heap_.data(), count};
    }
    TRY(copy_from_user(segments.data(), address, segments.size_bytes()));
    u64 total = 0;
    for (IoSegment& segment : segments) {
        if (static_cast<i64>(segment.length) < 0) return Errno::einval;
        segment.length = min(segment.length, total_limit - total);
        total += segment.length;
    }
    segments_ = segments;
    return {};
}

IoCursor UserVector::cursor() const {
    return IoCursor::user(segments_);
}

namespace {

// RLIMIT_FSIZE: how much may be written at `position`; SIGXFSZ and EFBIG when nothing.
Result<void> limit_write(File& file, IoCursor& cursor, u64 position) {
    Process& process = *current_thread()->process;
    u64 limit = __atomic_load_n(&process.limits[limit_fsize].soft, __ATOMIC_RELAXED);
    if (limit == ~u64{0}) return {};
    Ref<Inode> inode = file.inode();
    if (!inode || inode->type() != mode_regular) return {};
    if ((file.flags() & open_append) != 0) position = TRY(inode->attributes()).size;
    if (cursor.remaining() == 0) return {};
    if (position >= limit) {
        SignalInfo info;
        info.signal = sigxfsz;
        info.code = code_kernel;
        (void)send_signal(*current_thread(), info).ok();
        return Errno::efbig;
    }
    cursor.truncate(static_cast<usize>(min<u64>(limit - position, cursor.remaining())));
    return {};
}

}  // namespace

Result<u64> read_file(File& file, IoCursor cursor, u64* position, bool exclusive) {
    if (!file.readable()) return Errno::ebadf;
    if (position != nullptr || !file.seekable()) {
        u64 none = 0;
        return TRY(file.read(cursor, position != nullptr ? *position : none));
    }
    if (exclusive) return TRY(file.read(cursor, file.position));
    LockGuard guard(file.position_mutex);
    return TRY(file.read(cursor, file.position));
}

Result<u64> write_file(File& file, IoCursor cursor, u64* position, bool exclusive) {
    if (!file.writable()) return Errno::ebadf;
    if (position != nullptr || !file.seekable()) {
        u64 none = 0;
        u64& at = position != nullptr ? *position : none;
        TRY(limit_write(file, cursor, at));
        return TRY(file.write(cursor, at));
    }
    if (exclusive) {
        TRY(limit_write(file, cursor, file.position));
        return TRY(file.write(cursor, file.position));
    }
    LockGuard guard(file.position_mutex);
    TRY(limit_write(file, cursor, file.position));
    return TRY(file.write(cursor, file.position));
}

namespace sys {

namespace {

IoCursor buffer_cursor(u64 buffer, u64 count) {
    return IoCursor::user(buffer, min<u64>(count, UserVector::total_limit));
}

/// No more is moved than the limit, but a buffer that is too long to be one is refused as a whole.
Result<void> check_buffer(u64 buffer, u64 count) {
    u64 end;
    if (count <= UserVector::total_limit) return {};
    if (!checked_add(buffer, count, &end) || end > platform::space_limits().end) return Errno::efault;
    return {};
}

/// The file of a call with an offset. Which error comes first is Linux's.
Result<FileHold> hold_positioned(Thread& thread, int descriptor, i64 offset) {
    if (offset < 0) return Errno::einval;
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    if (!file->seekable()) return Errno::espipe;
    return file;
}

Result<void> check_end(i64 offset, u64 count) {
    i64 end;
    if (!checked_add(offset, static_cast<i64>(min<u64>(count, UserVector::total_limit)), &end))
        return Errno::einval;
    return {};
}

Result<u64> vector_at(Thread& thread, int descriptor, u64 vector, u64 count, i64 offset, bool reading) {
    FileHold file = TRY(hold_positioned(thread, descriptor, offset));
    if (reading ? !file->readable() : !file->writable()) return Errno::ebadf;
    UserVector pieces;
    TRY(pieces.fetch(vector, count));
    auto position = static_cast<u64>(offset);
    return reading ? read_file(*file, pieces.cursor(), &position, false)
                   : write_file(*file, pieces.cursor(), &position, false);
}

}  // namespace

Result<u64> read(Thread& thread, int descriptor, u64 buffer, u64 count) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if (file->readable()) TRY(check_buffer(buffer, count));
    return read_file(*file, buffer_cursor(buffer, count), nullptr, file.exclusive());
}

Result<u64> write(Thread& thread, int descriptor, u64 buffer, u64 count) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if (file->writable()) TRY(check_buffer(buffer, count));
    return write_file(*file, buffer_cursor(buffer, count), nullptr, file.exclusive());
}

Result<u64> pread64(Thread& thread, int descriptor, u64 buffer, u64 count, i64 offset) {
    FileHold file = TRY(hold_positioned(thread, descriptor, offset));
    TRY(check_end(offset, count));
    auto position = static_cast<u64>(offset);
    return read_file(*file, buffer_cursor(buffer, count), &position, false);
}

Result<u64> pwrite64(Thread& thread, int descriptor, u64 buffer, u64 count, i64 offset) {
    FileHold file = TRY(hold_positioned(thread, descriptor, offset));
    TRY(check_end(offset, count));
    auto position = static_cast<u64>(offset);
    return write_file(*file, buffer_cursor(buffer, count), &position, false);
}

Result<u64> readv(Thread& thread, int descriptor, u64 vector, u64 count) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if (!file->readable()) return Errno::ebadf;
    UserVector pieces;
    TRY(pieces.fetch(vector, count));
    return read_file(*file, pieces.cursor(), nullptr, file.exclusive());
}

Result<u64> writev(Thread& thread, int descriptor, u64 vector, u64 count) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if (!file->writable()) return Errno::ebadf;
    UserVector pieces;
    TRY(pieces.fetch(vector, count));
    return write_file(*file, pieces.cursor(), nullptr, file.exclusive());
}

Result<u64> preadv(Thread& thread, int descriptor, u64 vector, u64 count, u64 offset) {
    return vector_at(thread, descriptor, vector, count, static_cast<i64>(offset), true);
}

Result<u64> pwritev(Thread& thread, int descriptor, u64 vector, u64 count, u64 offset) {
    return vector_at(thread, descriptor, vector, count, static_cast<i64>(offset), false);
}

namespace {

enum VectorFlag : int { high_priority = 1, data_sync = 2, full_sync = 4, no_wait = 8, append = 16 };

/// Flags are looked at last: what is wrong with the descriptor and the offset comes before.
Result<void> check_flags(Thread& thread, int descriptor, i64 offset, int flags, bool reading) {
    if ((flags & ~(high_priority | data_sync | full_sync | no_wait | append)) == 0) return {};
    FileHold file =
        TRY(offset == -1 ? thread.files->hold(descriptor) : hold_positioned(thread, descriptor, offset));
    if (reading ? !file->readable() : !file->writable()) return Errno::ebadf;
    return Errno::eopnotsupp;
}

}  // namespace

Result<u64> preadv2(Thread& thread, int descriptor, u64 vector, u64 count, i64 offset, u64, int flags) {
    TRY(check_flags(thread, descriptor, offset, flags, true));
    if (offset == -1 && (flags & no_wait) != 0) {
        FileHold file = TRY(thread.files->hold(descriptor));
        constexpr u32 would_not_wait = poll_in | poll_hang_up | poll_error;
        if (file->readable() && !file->seekable() && (file->poll(nullptr) & would_not_wait) == 0)
            return Errno::eagain;
    }
    if (offset == -1) return readv(thread, descriptor, vector, count);
    return vector_at(thread, descriptor, vector, count, offset, true);
}

Result<u64> pwritev2(Thread& thread, int descriptor, u64 vector, u64 count, i64 offset, u64, int flags) {
    TRY(check_flags(thread, descriptor, offset, flags, false));
    if ((flags & append) != 0) {
        // As with O_APPEND, for this write only: at the end, and the position stays unless none was given.
        FileHold file = TRY(thread.files->hold(descriptor));
        i64 end = static_cast<i64>(TRY(file->attributes()).size);
        Result<u64> written = vector_at(thread, descriptor, vector, count, end, false);
        if (written.ok() && offset == -1) {
            LockGuard guard(file->position_mutex);
            file->position = static_cast<u64>(end) + written.value();
        }
        return written;
    }
    if (offset == -1) return writev(thread, descriptor, vector, count);
    return vector_at(thread, descriptor, vector, count, offset, false);
}

Result<u64> lseek(Thread& thread, int descriptor, i64 offset, int whence) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    if (whence < 0 || whence > 4) return Errno::einval;
    if (file.exclusive()) return file->seek(offset, whence);
    LockGuard guard(file->position_mutex);
    return file->seek(offset, whence);
}

namespace {

// Packs entries as getdents or getdents64 lay them out.
class DirentPacker final : public DirectorySink {
  public:
    DirentPacker(std::span<u8> to, bool wide) : to_(to), wide_(wide) {}
    bool entry(string_view name, u64 inode, u32 type, u64 next_position) override;
    [[nodiscard]] usize used() const { return used_; }
    [[nodiscard]] bool too_small() const { return too_small_; }

  private:
    std::span<u8> to_;
    usize used_ = 0;
    bool wide_;
    bool too_small_ = false;
};

bool DirentPacker::entry(string_view name, u64 inode, u32 type, u64 next_position) {
    usize header = wide_ ? 19 : 18;
    usize length = (header + name.size() + 1 + (wide_ ? 0 : 1) + 7) & ~usize{7};
    if (length > to_.size() - used_) {
        too_small_ = used_ == 0;
        return false;
    }
    u8* out = to_.data() + used_;
    memset(out, 0, length);
    auto record_length = static_cast<u16>(length);
    auto kind = static_cast<u8>((type == mode_whiteout ? u32{mode_character} : type) >> 12);
    memcpy(out, &inode, 8);
    memcpy(out + 8, &next_position, 8);
    memcpy(out + 16, &record_length, 2);
    if (wide_)
        out[18] = kind;
    else
        out[length - 1] = kind;
    memcpy(out + header, name.data(), name.size());
    used_ += length;
    return true;
}

Result<u64> read_entries(Thread& thread, int descriptor, u64 buffer, u32 size, bool wide) {
    constexpr usize largest = 64 << 10;
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    Vector<u8> bytes;
    TRY(bytes.reserve(min<usize>(size, largest)));
    DirentPacker packer({bytes.data(), min<usize>(size, largest)}, wide);
    u64 before;
    {
        LockGuard guard(file->position_mutex);
        before = file->position;
        TRY(file->read_directory(packer));
    }
    if (packer.too_small()) return Errno::einval;
    auto copied = copy_to_user(buffer, bytes.data(), packer.used());
    if (!copied.ok()) {
        // What did not arrive is read again.
        LockGuard guard(file->position_mutex);
        file->position = before;
        return copied.error();
    }
    return packer.used();
}

}  // namespace

Result<u64> getdents(Thread& thread, int descriptor, u64 buffer, u32 size) {
    return read_entries(thread, descriptor, buffer, size, false);
}
Result<u64> getdents64(Thread& thread, int descriptor, u64 buffer, u32 size) {
    return read_entries(thread, descriptor, buffer, size, true);
}

Result<u64> fsync(Thread& thread, int descriptor) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    TRY(file->sync());
    return u64{0};
}
Result<u64> fdatasync(Thread& thread, int descriptor) {
    return fsync(thread, descriptor);
}
Result<u64> sync(Thread&) {
    FileSystems& files = *kernel().files;
    for (u32 i = 0; i < files.mount_count(); i++)
        if (Mount* mount = files.mount_at(i)) (void)mount->file_system->sync().ok();
    return u64{0};
}
Result<u64> syncfs(Thread& thread, int descriptor) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    if (file->path.valid()) TRY(file->path.mount()->file_system->sync());
    return u64{0};
}

Result<u64> sync_file_range(Thread& thread, int descriptor, i64 offset, i64 length, u32 flags) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    i64 end;
    if ((flags & ~7u) != 0 || offset < 0 || length < 0 || !checked_add(offset, length, &end))
        return Errno::einval;
    Ref<Inode> inode = file->inode();
    u32 type = inode ? inode->type() : 0;
    if (type != mode_regular && type != mode_block && type != mode_directory && type != mode_symlink)
        return Errno::espipe;
    return u64{0};
}

Result<u64> fadvise64(Thread& thread, int descriptor, i64, i64 length, int advice) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    Ref<Inode> inode = file->inode();
    if (inode && inode->type() == mode_fifo) return Errno::espipe;
    if (length < 0 || advice < 0 || advice > 5) return Errno::einval;
    return u64{0};
}

Result<u64> readahead(Thread& thread, int descriptor, i64, u64) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if (!file->readable()) return Errno::ebadf;
    Ref<Inode> inode = file->inode();
    if (!inode || inode->type() != mode_regular) return Errno::einval;
    return u64{0};
}

namespace {

Result<void> check_size(Thread& thread, u64 length, u64 now) {
    u64 limit = thread.process->limit(limit_fsize);
    if (length <= limit || length <= now) return {};
    SignalInfo info;
    info.signal = sigxfsz;
    info.code = code_kernel;
    (void)send_signal(thread, info).ok();
    return Errno::efbig;
}

}  // namespace

Result<u64> truncate(Thread& thread, UserText path, i64 length) {
    if (length < 0) return Errno::einval;
    PathName name;
    TRY(name.fetch(path));
    WalkResult at = TRY(walk(thread, at_working_directory, name.view(), walk_follow));
    Ref<Inode> inode = at.path.inode();
    if (inode->type() == mode_directory) return Errno::eisdir;
    if (inode->type() != mode_regular) return Errno::einval;
    if ((at.path.mount()->flags.load() & mount_read_only) != 0) return Errno::erofs;
    TRY(check_access(thread, *inode, 2));
    TRY(check_size(thread, static_cast<u64>(length), TRY(inode->attributes()).size));
    TRY(drop_privilege_bits(thread, at.path, *inode));
    TRY(change_size(at.path, *inode, static_cast<u64>(length)));
    return u64{0};
}

Result<u64> ftruncate(Thread& thread, int descriptor, i64 length) {
    if (length < 0) return Errno::einval;
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    Ref<Inode> inode = file->inode();
    if (!inode || inode->type() != mode_regular || !file->writable()) return Errno::einval;
    TRY(check_size(thread, static_cast<u64>(length), TRY(inode->attributes()).size));
    TRY(drop_privilege_bits(thread, file->path, *inode));
    TRY(file->truncate(static_cast<u64>(length)));
    return u64{0};
}

Result<u64> fallocate(Thread& thread, int descriptor, int mode, i64 offset, i64 length) {
    FileHold file = TRY(thread.files->hold(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    if (offset < 0 || length <= 0) return Errno::einval;
    if ((mode & ~0x7f) != 0) return Errno::eopnotsupp;
    if (!file->writable()) return Errno::ebadf;
    i64 end;
    if (!checked_add(offset, length, &end)) return Errno::efbig;
    Ref<Inode> inode = file->inode();
    if (!inode) return Errno::enodev;
    if (inode->type() == mode_fifo) return Errno::espipe;
    if (inode->type() == mode_directory) return Errno::eisdir;
    if (inode->type() != mode_regular) return Errno::enodev;
    if ((mode & 1) == 0) TRY(check_size(thread, static_cast<u64>(end), TRY(inode->attributes()).size));
    TRY(file->allocate(mode, static_cast<u64>(offset), static_cast<u64>(length)));
    return u64{0};
}

}  // namespace sys

}  // namespace litebox
