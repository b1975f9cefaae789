// Pages of host files, by file and index: read once, shared by all mappings of the file and by host_read, and
// written back where a mapping has changed them.
//
// A page of the cache is a frame. The cache holds one reference to it, each mapping another; a page is
// dropped only while the cache's is the last one, after it was taken out of mappings (reverse_map.h). Frames
// are found and retained without sleeping (faults do that); reading and writing back may sleep and are never
// called with a lock held.
#pragma once

#include "core/base/result.h"
#include "platform/host_files.h"
#include "platform/vm/cpu/spin_lock.h"
#include "platform/vm/memory/physical.h"

namespace litebox::vm {

/// Where a file's bytes are. Implemented by host/ over 9P (and by tests in memory). Reading and writing may
/// sleep.
class FileBacking {
  public:
    /// Bytes read; fewer than asked for only at the end of the file, 0 behind it.
    virtual Result<usize> read(u64 offset, std::span<u8> to) = 0;
    /// Writes all of it; never grows the file: what lies behind its end is left out.
    virtual Result<void> write(u64 offset, std::span<const u8> from) = 0;
    /// The cache has forgotten the file and will not call again: no users, no mappings, no pages. Must not
    /// sleep.
    virtual void forgotten() = 0;

  protected:
    ~FileBacking() = default;
};

/// A file that the cache knows. All but `number` belongs to the cache.
struct CachedFile {
    static constexpr u64 unknown_end = ~u64{0};
    u32 number = 0;
    u32 users = 0;
    u32 next = 0;  // in its hash chain, or of the free records; number + 1
    platform::HostIdentity identity;
    FileBacking* backing = nullptr;  // null: the record is free
    u64 entries = 0;                 // of page tables
    u64 pages = 0;
    u64 changes = 0;        // counts what makes bytes that are being read stale
    u64 end = unknown_end;  // of the file, once a read has met it
    unsigned height = 0;    // levels of the index; none: the root is the first page itself
    Physical root = 0;
};

/// The file `identity`, for a user who gives it back with close_cached_file. The backing is used until it is
/// `forgotten`: as long as there are users, mappings or cached pages. Where the file is known already the
/// backing that it has stays, and `*kept` is false. ENFILE, ENOMEM.
Result<CachedFile*> open_cached_file(platform::HostIdentity identity, FileBacking& backing, bool* kept);
void close_cached_file(CachedFile& file);

/// pread(2) through the cache into kernel memory.
Result<usize> read_cached(CachedFile& file, void* to, usize length, u64 offset);
/// The file's bytes at `offset` were changed to `from`, in the backing: pages that the cache has follow.
void note_written(CachedFile& file, u64 offset, std::span<const u8> from);
/// The file now has `size` bytes: whole pages behind the end go, out of mappings too, the rest of the last
/// page becomes zeros.
void note_size(CachedFile& file, u64 size);
/// The file was changed by somebody else: what is cached and not changed here is read again. Frames that are
/// mapped stay what they are.
void invalidate_cached(CachedFile& file);
/// Writes back what mappings have changed; pages that can still be written through a mapping are looked at
/// again the next time. The first error, after all were tried.
Result<void> flush_cached(CachedFile& file);
/// The same for all files.
void flush_all_cached();
/// The same, and pages written back count as unchanged until a mapping writes to them again.
void write_back_changed();
/// Frames that mappings have changed since they were written back.
u64 changed_frames();

/// From now on some pages stay in their mappings whatever is missing: with fewer, programs bring the same
/// ones in again and again and get nowhere, which is worse than that one of them ends.
void keep_last_pages();
/// Frees up to `frames` frames of pages that are not changed: first those that nobody maps, then out of
/// mappings those that were not touched since the last call that came so far. Returns how many.
u64 reclaim_idle(u64 frames);
/// The same, in the end of pages that are in use, too.
u64 reclaim_cached(u64 frames);
/// Frames that the cache holds.
u64 cached_frames();

struct FileCache : Pinned {
    static constexpr u32 bucket_count = 256, records_per_frame = 32, most_files = 1 << 16;
    static_assert(sizeof(CachedFile) <= page_size / records_per_frame);
    SpinLock lock;
    Physical records[most_files / records_per_frame] = {};
    u32 buckets[bucket_count] = {};  // number + 1 of the first
    u32 used = 0;                    // records
    u32 free = 0;                    // number + 1
    u32 hand = 0;                    // where the search for pages to drop goes on
    u64 frames = 0;                  // pages of files
    u64 least_mapped = 0;            // see keep_last_pages
    std::atomic<u64> changed{0};     // of them
};

/// Given by host/: the cached file behind a descriptor slot, with a user counted for the caller. EBADF.
Result<CachedFile*> cached_file_of_slot(int slot);

}  // namespace litebox::vm
