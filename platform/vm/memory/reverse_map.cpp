#include "platform/vm/memory/reverse_map.h"

#include "platform/vm/memory/cache_pages.h"
#include "platform/vm/memory/state.h"
#include "platform/vm/memory/tables.h"

namespace litebox::vm {

namespace {

constexpr u64 lower_half_end = table_entries / 2 * span_of(top_level);

/// One look through all spaces, entry by entry, in pieces under each space's lock.
class Search : Pinned {
  public:
    enum class Purpose : u8 { shorten, reclaim, protect };
    explicit Search(Purpose purpose) : purpose_(purpose) {}

    u32 file = 0;                     // shorten: of this file
    u64 from = 0;                     // the pages at this index and behind
    u64 wanted = ~u64{0}, found = 0;  // entries changed; reclaim: frames that became free

    void all_spaces();

  private:
    void one_space(Space& space);
    u64 one_table(Space& space, u64 at, Batch& batch);
    void visit(Space& space, const Slot& slot, Batch& batch);
    void take_out(Space& space, const Slot& slot, FileSource source, Batch& batch);
    void drop_taken();

    Purpose purpose_;
    static constexpr usize most_taken = 32;
    FileSource taken_[most_taken];
    usize taken_count_ = 0;
};

void Search::take_out(Space& space, const Slot& slot, FileSource source, Batch& batch) {
    Entry entry = slot.entry();
    if (entry.present()) batch.flush(slot.begin, slot.end());
    batch.add_mapped(entry);
    set_entry(space, slot, Entry::absent(Kind::file, entry.protection(), source.packed(), entry.shared()));
}

void Search::visit(Space& space, const Slot& slot, Batch& batch) {
    Entry entry = slot.entry();
    if (!entry.has_frame() || frames().use_of(entry.frame()) != FrameUse::file) return;
    FileSource source = FileSource::of(frames().contents_of(entry.frame()));
    switch (purpose_) {
        case Purpose::shorten:
            if (source.file != file || source.index < from) return;
            add_file_entries(source.file, 1);
            take_out(space, slot, source, batch);
            found++;
            return;
        case Purpose::reclaim:
            if (entry.present() && (entry.bits & Entry::accessed_bit) != 0) {
                // The processor may set bits meanwhile, but none that would be lost here.
                __atomic_fetch_and(slot.path[1], ~Entry::accessed_bit, __ATOMIC_RELAXED);
                return;
            }
            if (!add_entry_of_cached(source, entry.frame())) return;
            take_out(space, slot, source, batch);
            taken_[taken_count_++] = source;
            return;
        case Purpose::protect:
            if (!entry.writable() || !entry.shared()) return;
            note_unwritable(entry.frame());
            batch.flush(slot.begin, slot.end());
            set_entry(space, slot, entry.read_only());
            found++;
    }
}

/// What is left of the table with the entry for `at`; returns where it stopped.
u64 Search::one_table(Space& space, u64 at, Batch& batch) {
    Slot slot = find_slot(space, at);
    if (slot.level > 1) return slot.end();
    for (;;) {
        visit(space, slot, batch);
        at = slot.end();
        if (index_in(at, 1) == 0 || batch.full() || taken_count_ == most_taken) return at;
        slot.begin = at;
        slot.path[1]++;
    }
}

/// Without locks: no processor reaches the frames any more, and where no other mapping does, they go.
void Search::drop_taken() {
    for (usize i = 0; i < taken_count_; i++) found += drop_if_idle(taken_[i]) ? 1 : 0;
    taken_count_ = 0;
}

void Search::one_space(Space& space) {
    constexpr u32 tables_at_a_time = 4;
    for (u64 at = 0; at < lower_half_end && found < wanted;) {
        {
            Batch batch(space);
            SpinGuard guard(space.lock);
            for (u32 i = 0; i < tables_at_a_time && at < lower_half_end && !batch.full(); i++) {
                at = one_table(space, at, batch);
                if (taken_count_ == most_taken) break;
            }
        }
        drop_taken();
    }
}

void Search::all_spaces() {
    Space* space = memory_state().spaces.made.load(std::memory_order_acquire);
    for (; space != nullptr && found < wanted; space = space->next_made) {
        if (!hold_space(space)) continue;
        one_space(*space);
        drop_space(space);
    }
}

}  // namespace

/// A copy that fork makes of an entry before that is taken out is found the next time; so is what was moved.
void take_from_mappings(u32 file, u64 from) {
    SpacePool& spaces = memory_state().spaces;
    for (;;) {
        u64 ended = spaces.moves_ended.load(), begun = spaces.moves_begun.load();
        Search search(Search::Purpose::shorten);
        search.file = file;
        search.from = from;
        search.all_spaces();
        if (search.found == 0 && begun == ended && begun == spaces.moves_begun.load()) return;
    }
}

u64 reclaim_mapped(u64 wanted) {
    Search search(Search::Purpose::reclaim);
    search.wanted = wanted;
    search.all_spaces();
    return search.found;
}

void stop_writes_to_files() {
    Search search(Search::Purpose::protect);
    search.all_spaces();
}

}  // namespace litebox::vm
