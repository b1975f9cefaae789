// Regular files that are open on the host, and the descriptor slots by which the core knows them.
//
// A file has one record, however many slots and mappings it has: the fids by which it is read and written,
// what is known of it, and its place in the file cache (memory/file_cache.h), whose backing it is. It lives
// as long as there are slots, or pages of it in the cache. A file without a name any more is still read and
// written by its fid.
#pragma once

#include "core/base/heap.h"
#include "core/base/lock.h"
#include "platform/vm/device/nine_p_client.h"
#include "platform/vm/memory/file_cache.h"

namespace litebox::vm {

class OpenFiles;

class OpenFile final : public FileBacking, Pinned {
  public:
    OpenFile(OpenFiles& owner, NinePClient& client, u64 inode)
        : owner_(owner), client_(client), inode_(inode) {}
    ~OpenFile() = default;

    Result<usize> read(u64 offset, std::span<u8> to) override;
    Result<void> write(u64 offset, std::span<const u8> from) override;
    void forgotten() override;

    /// As the host tells it now; as it was last seen, without names, when no name leads to it any more.
    Result<platform::HostAttributes> attributes();
    /// What a look at the file has just told.
    void learn(const platform::HostAttributes& seen);
    Result<usize> write_some(u64 offset, std::span<const u8> from);
    /// ESTALE when it has no name any more: the server would change another file.
    Result<void> truncate(u64 size);
    Result<void> sync(bool data_only) { return client_.sync(fid(true), data_only); }
    Result<void> lock(u8 type, u64 start, u64 length) { return client_.lock(fid(true), type, start, length); }
    /// Whether the two looks show the same contents, as far as times and sizes tell.
    [[nodiscard]] bool changed_since(const platform::HostAttributes& seen);

  private:
    friend class OpenFiles;
    [[nodiscard]] u32 fid(bool writes) const;
    [[nodiscard]] u64 known_size();

    OpenFiles& owner_;
    NinePClient& client_;
    const u64 inode_;
    SpinLock lock_;  // of `known_`
    platform::HostAttributes known_{};
    // Set once, before a slot that needs it is handed out; then they stay.
    std::atomic<u32> read_fid_{0}, write_fid_{0};

    // Under the owner's lock.
    OpenFile* next_ = nullptr;
    u32 users_ = 0;          // slots, and look-ups under way
    bool in_cache_ = false;  // the cache may call
};

/// A use of a slot: it is not given away meanwhile.
struct SlotUse {
    OpenFile* file;
    CachedFile* cached;
    u32 grant;
    bool writable;
    u32 watch;    // whose words tell of changes of the file
    u32 renames;  // of the grant, when the slot was made
};

class OpenFiles : Pinned {
  public:
    static constexpr u32 read_slots = 4096, write_slots = 1024;

    void begin(NinePClient& client) { client_ = &client; }

    /// The record of a file, with a user counted: found, or made. ENOMEM.
    Result<OpenFile*> find(const platform::HostAttributes& seen);
    /// One user fewer.
    void drop(OpenFile& file);
    [[nodiscard]] static bool has_fid(const OpenFile& file, bool writable) {
        return (writable ? file.write_fid_ : file.read_fid_).load(std::memory_order_acquire) != 0;
    }
    /// The file can be read (written) by this open fid from here on.
    void give_fid(OpenFile& file, Fid fid, bool writable);

    /// Makes a slot, to which a user of the file goes over. ENFILE, ENOMEM: the user is the caller's still.
    Result<int> make_slot(OpenFile& file, bool writable, u32 grant, u32 watch, u32 renames);
    /// EBADF.
    Result<SlotUse> use(int slot);
    /// The file in the cache, with a user of the caller's own counted there.
    Result<CachedFile*> open_cached(OpenFile& file);
    void release(int slot);

  private:
    friend class OpenFile;
    static constexpr u32 bucket_count = 256, slots_per_chunk = 64;
    struct Slot {
        OpenFile* file = nullptr;
        CachedFile* cached = nullptr;
        u32 grant = 0, watch = 0, renames = 0;
    };
    struct Chunk {
        Slot slots[slots_per_chunk];
    };
    Result<int> take_number(bool writable);
    void unlink(OpenFile& file);
    void bury();

    NinePClient* client_ = nullptr;
    SpinLock lock_;
    OpenFile* buckets_[bucket_count] = {};
    OpenFile* dead_ = nullptr;  // to be given up by the next who may sleep
    Chunk* chunks_[(read_slots + write_slots) / slots_per_chunk] = {};
    u64 taken_[(read_slots + write_slots) / 64] = {};
    u32 next_[2] = {};
};

}  // namespace litebox::vm
