// The windows: descriptors of granted regular files that guests can read and map.
#include "platform/process/boot/opener_state.h"

namespace litebox::process {

namespace {

bool writable_slot(const Opener& opener, i32 slot) {
    return slot >= write_window_begin && own_slot(opener, slot);
}

i32 serve_write(Opener& opener) {
    Job& job = opener.job;
    u32 length = min<u32>(job.request.first_length, FileSlot::data_size);
    i64 written = raw::call(raw::nr_pwrite64, static_cast<u64>(job.request.slot),
                            reinterpret_cast<u64>(job.shared), length, job.request.position);
    if (failed(written)) return to_error(written);
    job.reply.value = static_cast<u64>(written);
    return 0;
}

i32 serve_lock(const FileRequest& request) {
    struct Lock {
        i16 type, whence;
        i64 start, length;
        i32 pid;
    } lock{static_cast<i16>(request.flags), 0, static_cast<i64>(request.position),
           static_cast<i64>(request.length), 0};
    return to_error(raw::call(raw::nr_fcntl, static_cast<u64>(request.slot), raw::fcntl_set_open_file_lock,
                              reinterpret_cast<u64>(&lock)));
}

i32 serve_seek(Opener& opener) {
    constexpr u64 seek_data = 3, seek_hole = 4;
    const FileRequest& r = opener.job.request;
    i64 found =
        raw::call(raw::nr_lseek, static_cast<u64>(r.slot), r.position, r.flags != 0 ? seek_hole : seek_data);
    if (failed(found)) return to_error(found);
    opener.job.reply.value = static_cast<u64>(found);
    return 0;
}

i32 serve_release(Opener& opener) {
    Job& job = opener.job;
    u32 count = min<u32>(job.request.first_length, FileSlot::data_size) / sizeof(i32);
    for (u32 i = 0; i < count; i++) {
        i32 slot;
        memcpy(&slot, job.shared + i * sizeof(slot), sizeof(slot));
        if (!own_slot(opener, slot)) return ebadf;
        give_back(opener, slot);
    }
    return 0;
}

}  // namespace

bool own_slot(const Opener& opener, i32 slot) {
    return slot >= file_window_begin && slot < write_window_end &&
           opener.pool->owners[slot - file_window_begin].load(std::memory_order_acquire) == opener.lane + 1;
}

void give_back(Opener& opener, int slot) {
    raw::call(raw::nr_close, static_cast<u64>(slot));
    // Free only now: another opener may take it at once.
    opener.pool->owners[slot - file_window_begin].store(0, std::memory_order_release);
}

int into_window(Opener& opener, const HeldFile& file, bool write) {
    OpenerPool& pool = *opener.pool;
    const int begin = write ? write_window_begin : file_window_begin;
    const int count = write ? write_window_end - write_window_begin : file_window_end - file_window_begin;
    std::atomic<u32>& next = write ? pool.next_write : pool.next_read;
    for (int tried = 0; tried < count; tried++) {
        u32 turn = next.fetch_add(1, std::memory_order_relaxed);
        int slot = begin + static_cast<int>(turn % static_cast<u32>(count));
        std::atomic<u8>& owner = pool.owners[slot - file_window_begin];
        u8 nobody = 0;
        if (!owner.compare_exchange_strong(nobody, static_cast<u8>(opener.lane + 1))) continue;
        i64 done = raw::call(raw::nr_dup3, file.number(), static_cast<u64>(slot), o_close_on_exec);
        if (!failed(done)) return slot;
        owner.store(0, std::memory_order_release);
        return platform::no_host_slot;
    }
    return platform::no_host_slot;
}

i32 serve_slot(Opener& opener) {
    const FileRequest& r = opener.job.request;
    u64 slot = static_cast<u64>(r.slot);
    if (r.operation == FileOperation::release) return serve_release(opener);
    if (!own_slot(opener, r.slot)) return ebadf;
    switch (r.operation) {
        case FileOperation::attributes:
            return look_at(slot, "", opener.job.reply.node.attributes);
        case FileOperation::seek:
            return serve_seek(opener);
        default:
            break;
    }
    if (!writable_slot(opener, r.slot)) return ebadf;
    switch (r.operation) {
        case FileOperation::write:
            return serve_write(opener);
        case FileOperation::truncate:
            return to_error(raw::call(raw::nr_ftruncate, slot, r.length));
        case FileOperation::allocate:
            return to_error(raw::call(raw::nr_fallocate, slot, r.flags & 0x7f, r.position, r.length));
        case FileOperation::sync:
            return to_error(raw::call(r.flags != 0 ? raw::nr_fdatasync : raw::nr_fsync, slot));
        case FileOperation::lock:
            return serve_lock(r);
        default:
            return einval;
    }
}

}  // namespace litebox::process
