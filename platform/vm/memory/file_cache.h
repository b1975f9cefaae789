// Pages of host files, by file and index: read once, shared by all mappings of the file and by host_read, and
// written back where a mapping has changed them.
//
// A page of the cache is a frame. The cache holds one reference to it, each mapping another; a page is
// dropped only while the cache's is the last one. Frames are found and retained without sleeping (faults do
// that); reading and writing back may sleep and are never called with a lock held.
#pragma once

#include "core/base/lock.h"
#include "core/base/result.h"
#include "platform/host_files.h"
#include "platform/vm/cpu/spin_lock.h"
#include "platform/vm/memory/physical.h"

namespace litebox::vm {

/// Where a file's bytes are. Implemented by host/ over 9P (and by tests in memory). Both may sleep.
class FileBacking {
  public:
    /// Bytes read; fewer than asked for only at the end of the file, 0 behind it.
    virtual Result<usize> read(u64 offset, std::span<u8> to) = 0;
    /// Writes all of it; never grows the file: what lies behind its end is left out.
    virtual Result<void> write(u64 offset, std::span<const u8> from) = 0;
    /// The cache has forgotten the file: nobody maps it, and its last user is gone.
    virtual void forgotten() = 0;

  protected:
    ~FileBacking() = default;
};

class CachedFile;

/// The file `identity`, for a user who gives it back with close_cached_file. The backing is used until it is
/// `forgotten`: as long as there are users, mappings or changed pages. Where the file is known already the
/// backing that it has stays, and `*kept` is false. ENFILE, ENOMEM.
Result<CachedFile*> open_cached_file(platform::HostIdentity identity, FileBacking& backing, bool* kept);
void close_cached_file(CachedFile& file);

/// pread(2) through the cache into kernel memory.
Result<usize> read_cached(CachedFile& file, void* to, usize length, u64 offset);
/// The file's bytes at `offset` were changed to `from`, in the backing: pages that the cache has follow.
void note_written(CachedFile& file, u64 offset, std::span<const u8> from);
/// The file now has `size` bytes: whole pages behind the end go, the rest of the last page becomes zeros.
void note_size(CachedFile& file, u64 size);
/// The file was changed by somebody else: what is cached and not changed here is read again. Frames that are
/// mapped stay what they are for those who map them.
void invalidate_cached(CachedFile& file);
/// Writes back what mappings have changed; pages that can still be written through a mapping are looked at
/// again the next time. The first error, after all were tried.
Result<void> flush_cached(CachedFile& file);
/// The same for all files.
void flush_all_cached();

/// Frees up to `frames` frames: pages that nobody maps and that are not changed. Returns how many.
u64 reclaim_cached(u64 frames);
/// Frames that the cache holds.
u64 cached_frames();

/// Given by host/: the cached file behind a descriptor slot, with a user counted for the caller. EBADF.
Result<CachedFile*> cached_file_of_slot(int slot);

}  // namespace litebox::vm
