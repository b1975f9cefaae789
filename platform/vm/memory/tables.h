// Steps in a space's tables, under its lock.
#pragma once

#include "core/base/result.h"
#include "platform/vm/memory/entry.h"
#include "platform/vm/memory/space.h"

namespace litebox::vm {

/// The lowest entry there is for an address: not a table.
struct Slot {
    unsigned level = 0;
    u64 begin = 0;                  // of what it stands for
    u64* path[top_level + 1] = {};  // path[level] is the entry, those above point to its table
    [[nodiscard]] Entry entry() const { return {*path[level]}; }
    [[nodiscard]] u64 span() const { return span_of(level); }
    [[nodiscard]] u64 end() const { return begin + span(); }
};

/// What is taken out of a space while its lock is held, and given back after: frames (once no processor can
/// reach them), tables, references to files.
class Batch : Pinned {
  public:
    explicit Batch(Space& space) : space_(space) {}
    /// Without the lock.
    ~Batch() { finish(); }
    void finish();

    [[nodiscard]] bool full() const { return count_ + room_for_one_step > capacity; }
    /// What `entry` held: a reference to its frame, or to its file.
    void add_mapped(Entry entry);
    void add_table(Physical frame) { items_[count_++] = frame | tag_page; }
    void flush(u64 begin, u64 end);

  private:
    static constexpr usize capacity = 48, room_for_one_step = 8;
    static constexpr u64 tag_page = 0, tag_large = 1, tag_file = 2, tag_mask = 3;
    Space& space_;
    u64 flush_begin_ = ~u64{0}, flush_end_ = 0;
    usize count_ = 0;
    u64 items_[capacity];
};

Slot find_slot(Space& space, u64 address);
/// Changes the entry; keeps the counts of its table and of the space's frames.
void set_entry(Space& space, const Slot& slot, Entry entry);
/// Puts a table in the place of the slot's entry that says the same one level below. ENOMEM.
Result<void> split(const Slot& slot);
/// Frees the tables on the slot's way that have become empty.
void prune(Slot& slot, Batch& batch);

/// Nobody else has the frames of a private mapping: they may be written to.
bool exclusive(Entry entry);
/// The entry as it stands with another protection, present if it can be; keeps count of the writable ones of
/// a file's page.
Entry reprotected(Entry entry, u8 protection);
/// The entry out of the processors' sight, its rights unchanged; flushing is the caller's.
Entry hidden(Entry entry);
/// The references that a copy of the entry in another table holds.
void retain_mapped(Entry entry);

}  // namespace litebox::vm
