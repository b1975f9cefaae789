// The entry cache: names in directories, found without a lock.
//
// Entries live in memory that is only ever used for entries and never given back, so a reader may look at one
// without owning a reference: each has a sequence number that is odd while the entry changes its meaning
// (moved, freed, reused) and different afterwards. A reader reads the sequence, the fields, and the sequence
// again; who wants to keep the entry takes a reference with try_ref() and then compares once more.
//
// What an entry means never changes but by move(): its inode is fixed when it is made. A name that is
// created, removed or replaced gets another entry. The table owns one reference to each entry that it holds.
#pragma once

#include "core/base/lock.h"
#include "core/base/ref.h"
#include "core/base/string.h"
#include "core/file/inode.h"

namespace litebox {

class EntryCache;

enum EntryFlag : u32 {
    entry_negative = 1,  // known not to exist
    entry_directory = 2,
    entry_symlink = 4,
    entry_mounted = 8,     // a mount covers it in some mount
    entry_hashed = 16,     // in the table
    entry_unlinked = 32,   // its name is gone
    entry_slow = 64,       // a directory whose names must be asked for at each use
    entry_checked = 512,   // a directory whose names hold as long as their cover does
    entry_dynamic = 128,   // mode and owner are not cached here
    entry_anonymous = 256  // has no place in the tree: pipes and sockets met through /proc/PID/fd
};

class alignas(64) Entry : Pinned {
  public:
    static constexpr usize inline_name = 40;

    void ref() const { references_.fetch_add(1, std::memory_order_relaxed); }
    [[nodiscard]] bool try_ref() const {
        u32 count = references_.load(std::memory_order_relaxed);
        while (count != 0)
            if (references_.compare_exchange_weak(count, count + 1, std::memory_order_acquire)) return true;
        return false;
    }
    void unref() const {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) release(const_cast<Entry*>(this));
    }

    // For owners of a reference.
    [[nodiscard]] Inode* inode() const { return inode_.load(std::memory_order_acquire); }
    [[nodiscard]] u32 flags() const { return flags_.load(std::memory_order_acquire); }
    [[nodiscard]] bool negative() const { return (flags() & entry_negative) != 0; }
    [[nodiscard]] bool directory() const { return (flags() & entry_directory) != 0; }
    void set_flag(u32 flag) { flags_.fetch_or(flag, std::memory_order_acq_rel); }
    void clear_flag(u32 flag) { flags_.fetch_and(~flag, std::memory_order_acq_rel); }
    /// Parent at this moment; null for a root.
    [[nodiscard]] Ref<Entry> parent() const;
    /// Name at this moment.
    Result<String> name() const;

    // Search permission of a directory, for walks that read without a reference.
    struct Access {
        u32 mode, uid, gid;
    };
    [[nodiscard]] Access access() const {
        return {mode_.load(std::memory_order_relaxed), uid_.load(std::memory_order_relaxed),
                gid_.load(std::memory_order_relaxed)};
    }
    /// Call after the inode's mode or owner changed.
    void refresh_access();

    // For readers without a reference.
    [[nodiscard]] u32 sequence() const { return sequence_.load(std::memory_order_acquire); }
    [[nodiscard]] bool unchanged(u32 sequence) const {
        std::atomic_thread_fence(std::memory_order_acquire);
        return sequence_.load(std::memory_order_relaxed) == sequence;
    }
    [[nodiscard]] Entry* raw_parent() const { return parent_.load(std::memory_order_acquire); }

    /// In a directory of entry_checked: how long this name holds without asking.
    void set_cover(NameCover cover) {
        cover_word_.store(nullptr, std::memory_order_release);
        cover_value_.store(cover.value, std::memory_order_release);
        cover_word_.store(cover.word, std::memory_order_release);
    }
    [[nodiscard]] bool covered() const {
        const std::atomic<u32>* word = cover_word_.load(std::memory_order_acquire);
        return word != nullptr &&
               word->load(std::memory_order_acquire) == cover_value_.load(std::memory_order_acquire);
    }

    /// Held over changes of this directory's names (rank directory).
    Mutex directory_mutex{LockRank::directory};
    /// Counts changes of this directory's names; under directory_mutex.
    std::atomic<u32> generation{0};

  private:
    friend class EntryCache;
    static void release(Entry* entry);
    void begin_change() { sequence_.fetch_add(1, std::memory_order_acq_rel); }
    void end_change() { sequence_.fetch_add(1, std::memory_order_release); }
    [[nodiscard]] bool has_name(string_view name) const;
    Result<void> store_name(string_view name);

    mutable std::atomic<u32> references_{0};
    std::atomic<u32> sequence_{0};
    std::atomic<Entry*> next_{nullptr};  // in its chain, or in the free list
    std::atomic<Entry*> parent_{nullptr};
    std::atomic<u32> hash_{0};
    std::atomic<u32> flags_{0};
    std::atomic<Inode*> inode_{nullptr};
    std::atomic<u32> mode_{0}, uid_{0}, gid_{0};
    std::atomic<u32> name_length_{0};
    std::atomic<u64> name_[inline_name / 8] = {};
    std::atomic<char*> long_name_{nullptr};  // only looked at with a reference
    std::atomic<const std::atomic<u32>*> cover_word_{nullptr};
    std::atomic<u32> cover_value_{0};
    std::atomic<u8> used_{0};  // since the eviction hand last came by
};

/// Hash of a name in a directory.
u32 entry_hash(const Entry* parent, string_view name);

class EntryCache : Pinned {
  public:
    /// `limit` entries are kept at most beyond those in use.
    explicit EntryCache(u32 limit) : limit_(limit) {}

    /// An entry without a place in the table: a file system's root (parent null), or one of a directory that
    /// is never cached.
    Result<Ref<Entry>> make(Entry* parent, string_view name, Ref<Inode> inode);

    /// Without a reference and without a lock; `*sequence` is even and was read before the match was seen.
    /// Null: not found, or found only in a way that needs find().
    Entry* peek(const Entry* parent, string_view name, u32 hash, u32* sequence);
    Ref<Entry> find(const Entry& parent, string_view name);
    /// Adds a name (inode null: negative), or returns the entry that is there already.
    Result<Ref<Entry>> insert(Entry& parent, string_view name, Ref<Inode> inode);
    /// Looks a name up in the cache, else in the directory; a name that does not exist gives a negative
    /// entry.
    Result<Ref<Entry>> look_up(Entry& parent, string_view name);
    /// Takes it out of the table. With `unlinked` its name is gone for good.
    void remove(Entry& entry, bool unlinked);
    /// Gives it another place; what the table had there must have been removed. Caller holds both
    /// directories' mutexes.
    Result<void> move(Entry& entry, Entry& to_parent, string_view to_name);
    /// Two entries change places.
    Result<void> exchange(Entry& a, Entry& b);
    /// Forgets all that nobody uses (or about `count` of it).
    void shrink(u32 count);
    [[nodiscard]] u32 count() const { return count_.load(std::memory_order_relaxed); }

  private:
    friend class Entry;
    static constexpr u32 segments = 64, segment_buckets = 256, bucket_count = segments * segment_buckets;
    static constexpr u32 stripes = 32;
    struct Segment {
        std::atomic<Entry*> buckets[segment_buckets];
    };
    std::atomic<Entry*>* bucket(u32 hash, bool create);
    Mutex& stripe(u32 hash) { return stripe_[hash % stripes].mutex; }
    Entry* allocate();
    void recycle(Entry* entry);
    bool unhash_locked(Entry& entry);
    Ref<Entry> find_valid(Entry& parent, string_view name);
    Result<void> relocate(Entry& entry, Entry& to_parent, string_view to_name);

    struct Stripe {
        Mutex mutex{LockRank::cache};
    };
    Stripe stripe_[stripes];
    std::atomic<Segment*> segments_[segments] = {};
    Mutex pool_mutex_{LockRank::cache};
    Entry* free_ LITEBOX_GUARDED_BY(pool_mutex_) = nullptr;
    std::atomic<u32> count_{0};  // in the table
    std::atomic<u32> hand_{0};
    u32 limit_;
};

}  // namespace litebox
