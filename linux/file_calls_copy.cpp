// sendfile, copy_file_range, splice, tee and vmsplice.
//
// Bytes pass through a buffer of the core; pages are not shared between files.
#include "core/file/devfs/device.h"
#include "core/file/file_systems.h"
#include "core/file/pipe/pipe.h"
#include "linux/file_calls.h"

namespace litebox::sys {

namespace {

constexpr usize piece = 64 << 10;

// Where one side of a copy reads or writes: an offset given by the guest, or the file's own position.
class Offset : Pinned {
  public:
    /// EINVAL when negative, EOVERFLOW when `count` more is not.
    Result<void> fetch(File& file, UserPtr<i64> given, u64 count = 0) {
        given_ = given;
        file_ = &file;
        if (!given) return {};
        if (!file.seekable()) return Errno::espipe;
        i64 value = TRY(given.read());
        u64 end;
        if (value < 0)
            return checked_add(static_cast<u64>(value), count, &end) ? Errno::einval : Errno::eoverflow;
        value_ = static_cast<u64>(value);
        return {};
    }
    [[nodiscard]] u64* pointer() { return given_ ? &value_ : nullptr; }
    void moved(usize bytes) { value_ += bytes; }
    Result<void> store() {
        if (given_) TRY(given_.write(static_cast<i64>(value_)));
        return {};
    }
    [[nodiscard]] u64 current() const { return given_ ? value_ : file_->position; }

  private:
    UserPtr<i64> given_;
    File* file_ = nullptr;
    u64 value_ = 0;
};

void step_back(File& file, Offset& offset, usize bytes) {
    if (offset.pointer() != nullptr || !file.seekable()) return;
    LockGuard guard(file.position_mutex);
    file.position -= bytes;
}

// Copies up to `count` bytes; what was read but could not be written is put back to where it can be read
// again.
Result<u64> copy_through(File& from, Offset& from_offset, File& to, Offset& to_offset, u64 count) {
    Vector<u8> buffer;
    TRY(buffer.reserve(min<u64>(count, piece)));
    u64 total = 0;
    while (total < count) {
        usize wanted = static_cast<usize>(min<u64>(count - total, piece));
        u64 read_at = from_offset.pointer() != nullptr ? *from_offset.pointer() : 0;
        auto got = read_file(from, IoCursor::kernel(static_cast<void*>(buffer.data()), wanted),
                             from_offset.pointer() != nullptr ? &read_at : nullptr, false);
        if (!got.ok()) return total > 0 ? Result<u64>(total) : got.error();
        if (got.value() == 0) break;
        usize length = static_cast<usize>(got.value());
        u64 write_at = to_offset.pointer() != nullptr ? *to_offset.pointer() : 0;
        auto put = write_file(to, IoCursor::kernel(static_cast<const void*>(buffer.data()), length),
                              to_offset.pointer() != nullptr ? &write_at : nullptr, false);
        usize done = put.ok() ? static_cast<usize>(put.value()) : 0;
        from_offset.moved(done);
        to_offset.moved(done);
        total += done;
        if (done < length) {
            step_back(from, from_offset, length - done);
            if (!put.ok() && total == 0) return put.error();
            break;
        }
        if (length < wanted) break;
    }
    return total;
}

bool is_regular(File& file) {
    Ref<Inode> inode = file.inode();
    return inode && inode->type() == mode_regular;
}

Result<Ref<File>> get_opened(Thread& thread, int descriptor) {
    Ref<File> file = TRY(thread.files->get(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    return file;
}

/// Directories and the null device give nothing to a pipe.
bool can_splice_from(File& file) {
    constexpr u64 null_device = device_number(1, 3);
    Ref<Inode> inode = file.inode();
    if (!inode || inode->type() == mode_directory) return !inode;
    if (inode->type() != mode_character) return true;
    auto attributes = inode->attributes();
    return !attributes.ok() || attributes.value().special != null_device;
}

}  // namespace

Result<u64> sendfile(Thread& thread, int to, int from, UserPtr<i64> offset, u64 count) {
    Ref<File> source = TRY(thread.files->get(from));
    if (!source->readable()) return Errno::ebadf;
    Ref<File> target = TRY(thread.files->get(to));
    if (!target->writable()) return Errno::ebadf;
    Offset source_offset, target_offset;
    TRY(source_offset.fetch(*source, offset));
    TRY(target_offset.fetch(*target, UserPtr<i64>()));
    if ((target->flags() & open_append) != 0) return Errno::einval;
    if (!source->seekable() && source->as_pipe() == nullptr) return Errno::einval;
    if (!can_splice_from(*source)) return Errno::einval;
    u64 done = TRY(copy_through(*source, source_offset, *target, target_offset,
                                min<u64>(count, UserVector::total_limit)));
    TRY(source_offset.store());
    return done;
}

Result<u64> copy_file_range(Thread& thread, int from, UserPtr<i64> from_offset, int to,
                            UserPtr<i64> to_offset, u64 count, u32 flags) {
    Ref<File> source = TRY(get_opened(thread, from));
    Ref<File> target = TRY(get_opened(thread, to));
    Offset source_at, target_at;
    if (flags != 0) return Errno::einval;
    for (File* file : {source.get(), target.get()}) {
        Ref<Inode> inode = file->inode();
        if (inode && inode->type() == mode_directory) return Errno::eisdir;
        if (!is_regular(*file)) return Errno::einval;
    }
    if (!source->readable() || !target->writable() || (target->flags() & open_append) != 0)
        return Errno::ebadf;
    if (&source->inode()->file_system() != &target->inode()->file_system()) return Errno::exdev;
    TRY(source_at.fetch(*source, from_offset, count));
    TRY(target_at.fetch(*target, to_offset, count));
    count = min<u64>(count, UserVector::total_limit);
    u64 begin = source_at.current(), end, other = target_at.current(), other_end;
    if (!checked_add(begin, count, &end) || !checked_add(other, count, &other_end)) return Errno::eoverflow;
    if (source->inode() == target->inode() && begin < other_end && other < end && count > 0)
        return Errno::einval;
    u64 done = TRY(copy_through(*source, source_at, *target, target_at, count));
    TRY(source_at.store());
    TRY(target_at.store());
    return done;
}

namespace {

enum SpliceFlag : u32 { splice_move = 1, splice_non_blocking = 2, splice_more = 4, splice_gift = 8 };

Result<u64> pipe_to_pipe(File& from, File& to, u64 count, bool non_blocking, bool copy) {
    Pipe& source = *from.as_pipe();
    Pipe& target = *to.as_pipe();
    if (&source == &target) return Errno::einval;
    for (;;) {
        bool wait_in = non_blocking || from.non_blocking(), wait_out = non_blocking || to.non_blocking();
        if (!TRY(source.await_data(wait_in))) return u64{0};
        TRY(target.await_room(wait_out));
        usize done = TRY(Pipe::transfer(source, target, static_cast<usize>(count), copy));
        if (done > 0) return done;
    }
}

}  // namespace

Result<u64> splice(Thread& thread, int from, UserPtr<i64> from_offset, int to, UserPtr<i64> to_offset,
                   u64 count, u32 flags) {
    if ((flags & ~15u) != 0) return Errno::einval;
    if (count == 0) return u64{0};
    Ref<File> source = TRY(get_opened(thread, from));
    Ref<File> target = TRY(get_opened(thread, to));
    bool from_pipe = source->as_pipe() != nullptr, to_pipe = target->as_pipe() != nullptr;
    if ((from_pipe && from_offset) || (to_pipe && to_offset)) return Errno::espipe;
    if (!source->readable() || !target->writable()) return Errno::ebadf;
    bool non_blocking = (flags & splice_non_blocking) != 0;
    count = min<u64>(count, UserVector::total_limit);
    if (from_pipe && to_pipe) return pipe_to_pipe(*source, *target, count, non_blocking, false);
    if (!from_pipe && !to_pipe) return Errno::einval;
    if (from_pipe ? (target->flags() & open_append) != 0 : !can_splice_from(*source)) return Errno::einval;
    Offset source_at, target_at;
    // Without a position of its own the other side cannot have an offset: EINVAL, not ESPIPE, as Linux.
    if ((from_offset && !source->seekable()) || (to_offset && !target->seekable())) return Errno::einval;
    TRY(source_at.fetch(*source, from_offset));
    TRY(target_at.fetch(*target, to_offset));
    // Never take more than the pipe has or holds, so that nothing is lost between the two.
    if (from_pipe) {
        if (!TRY(source->as_pipe()->await_data(non_blocking || source->non_blocking()))) return u64{0};
        count = min(count, max<u64>(source->as_pipe()->readable_bytes(), 1));
    } else {
        TRY(target->as_pipe()->await_room(non_blocking || target->non_blocking()));
        u64 used = target->as_pipe()->readable_bytes(), capacity = target->as_pipe()->capacity();
        count = min(count, used < capacity ? max<u64>(page_down(capacity - used), page_size) : page_size);
    }
    u64 done = TRY(copy_through(*source, source_at, *target, target_at, count));
    TRY(source_at.store());
    TRY(target_at.store());
    return done;
}

Result<u64> tee(Thread& thread, int from, int to, u64 count, u32 flags) {
    if ((flags & ~15u) != 0) return Errno::einval;
    if (count == 0) return u64{0};
    Ref<File> source = TRY(thread.files->get(from));
    Ref<File> target = TRY(thread.files->get(to));
    if (!source->readable() || !target->writable()) return Errno::ebadf;
    if (source->as_pipe() == nullptr || target->as_pipe() == nullptr) return Errno::einval;
    return pipe_to_pipe(*source, *target, min<u64>(count, UserVector::total_limit),
                        (flags & splice_non_blocking) != 0, true);
}

Result<u64> vmsplice(Thread& thread, int descriptor, u64 vector, u64 count, u32 flags) {
    if ((flags & ~15u) != 0) return Errno::einval;
    Ref<File> file = TRY(thread.files->get(descriptor));
    if (file->as_pipe() == nullptr) return Errno::ebadf;
    UserVector pieces;
    TRY(pieces.fetch(vector, count));
    Pipe& pipe = *file->as_pipe();
    bool non_blocking = (flags & splice_non_blocking) != 0 || file->non_blocking();
    IoCursor cursor = pieces.cursor();
    if (cursor.remaining() == 0) return u64{0};
    if (file->writable()) return TRY(pipe.write(cursor, non_blocking, false));
    return TRY(pipe.read(cursor, non_blocking));
}

}  // namespace litebox::sys
