// South: reading and changing open files, by their slots.
#include "core/base/string.h"
#include "core/base/vector.h"
#include "platform/vm/host/host_side.h"

namespace litebox::vm {

namespace {

Export& files() {
    return host_side().files;
}

Result<SlotUse> use_to_write(int slot) {
    SlotUse use = TRY(files().files.use(slot));
    if (!use.writable) return Errno::ebadf;
    return use;
}

/// The file has other attributes now. A file that was renamed meanwhile may lie in any directory.
void tell_change(const SlotUse& use) {
    if (use.renames == files().renames.load(std::memory_order_acquire))
        files().watches.attributes_changed(use.watch);
    else
        files().watches.names_moved();
}

}  // namespace

Result<CachedFile*> cached_file_of_slot(int slot) {
    SlotUse use = TRY(files().files.use(slot));
    return files().files.open_cached(*use.file);
}

}  // namespace litebox::vm

namespace litebox::platform {

using namespace vm;

Result<usize> host_read(int slot, void* to, usize length, u64 offset) {
    SlotUse use = TRY(files().files.use(slot));
    u64 end;
    if (!checked_add<u64>(offset, length, &end) || end >> 63 != 0) return Errno::einval;
    return read_cached(*use.cached, to, length, offset);
}

/// Through a buffer of the kernel's: the program's memory may not be there.
Result<usize> host_read_user(int slot, u64 to, usize length, u64 offset) {
    constexpr usize piece = 16 * page_size;
    Vector<u8> buffer;
    TRY(buffer.reserve(min(length, piece)));
    usize done = 0;
    while (done < length) {
        usize wanted = min(length - done, piece);
        auto count = host_read(slot, buffer.data(), wanted, offset + done);
        if (!count.ok()) return done > 0 ? Result<usize>(done) : count.error();
        usize copied = copy_out(to + done, buffer.data(), count.value());
        done += copied;
        if (copied < count.value()) return done > 0 ? Result<usize>(done) : Errno::efault;
        if (copied < wanted) break;
    }
    return done;
}

Result<HostAttributes> host_attributes(int slot) {
    SlotUse use = TRY(files().files.use(slot));
    HostAttributes attributes = TRY(use.file->attributes());
    files().exchange_owner(use.grant, attributes);
    return attributes;
}

void host_release(std::span<const int> slots) {
    for (int slot : slots) files().files.release(slot);
}

Result<usize> host_write(int slot, const void* from, usize length, u64 offset) {
    SlotUse use = TRY(use_to_write(slot));
    u64 end;
    if (!checked_add<u64>(offset, length, &end) || end >> 63 != 0) return Errno::efbig;
    std::span<const u8> bytes(static_cast<const u8*>(from), length);
    usize done = TRY(use.file->write_some(offset, bytes));
    note_written(*use.cached, offset, bytes.first(done));
    tell_change(use);
    return done;
}

Result<void> host_truncate(int slot, u64 size) {
    SlotUse use = TRY(use_to_write(slot));
    if (size >> 63 != 0) return Errno::efbig;
    {
        LockGuard guard(files().names_mutex);
        TRY(use.file->truncate(size));
    }
    note_size(*use.cached, size);
    tell_change(use);
    return {};
}

/// 9P has no word for it, and zeros that nobody asked the host to keep room for would be a promise not kept:
/// the C library writes them itself then.
Result<void> host_allocate(int slot, int, u64, u64) {
    (void)TRY(use_to_write(slot));
    return Errno::eopnotsupp;
}

Result<void> host_sync(int slot, bool data_only) {
    SlotUse use = TRY(use_to_write(slot));
    TRY(flush_cached(*use.cached));
    return use.file->sync(data_only);
}

/// 9P does not tell of holes: all is data up to the end, and there the one hole begins.
Result<u64> host_seek(int slot, u64 offset, bool hole) {
    u64 size = TRY(host_attributes(slot)).size;
    if (offset >= size) return Errno::enxio;
    return hole ? size : offset;
}

Result<void> host_lock(int slot, int type, u64 start, u64 length) {
    SlotUse use = TRY(use_to_write(slot));
    constexpr int unlock = 2;
    if (type < 0 || type > unlock) return Errno::einval;
    return use.file->lock(static_cast<u8>(type), start, length);
}

}  // namespace litebox::platform
