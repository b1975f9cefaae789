// Fork: a space's tables copied, its private pages shared until one side writes.

#include "platform/vm/memory/ranges.h"
#include "platform/vm/memory/state.h"
#include "platform/vm/memory/tables.h"

namespace litebox::vm {

namespace {

/// Level-1 entries copied before the lock is given up for a moment.
constexpr u32 piece_entries = 1024;

/// What the copy gets; the original becomes read-only where writes must not show on the other side.
Entry copied(Space& from, const Slot& slot, Batch& batch) {
    Entry entry = slot.entry();
    retain_mapped(entry);
    if (!entry.has_frame() || !entry.writable()) return entry;
    if (!entry.shared()) {
        set_entry(from, slot, entry.read_only());
        batch.flush(slot.begin, slot.end());
        return entry.read_only();
    }
    // Writable entries of a file's page are counted: the copy's is not one yet.
    bool of_file = frames().use_of(entry.frame()) == FrameUse::file;
    return of_file ? entry.read_only() : entry;
}

/// The slot of the copy at `at`, at `level`. Its tables are made as needed.
Result<Slot> slot_at_level(Space& to, u64 at, unsigned level) {
    for (;;) {
        Slot slot = find_slot(to, at);
        if (slot.level <= level) return slot;
        TRY(split(slot));
    }
}

/// One entry of a higher level, or the rest of a level-1 table. Returns how many entries that were.
Result<u32> copy_step(Space& from, Space& to, u64& at, u64 end, Batch& batch) {
    Slot source = find_slot(from, at);
    if (source.level > 1 && source.entry().none()) {
        at = min(end, source.end());
        return 1;
    }
    Slot target = TRY(slot_at_level(to, at, source.level));
    u32 done = 0;
    do {
        if (!source.entry().none()) set_entry(to, target, copied(from, source, batch));
        done++;
        at = source.end();
        source.begin += source.span(), target.begin += target.span();
        source.path[source.level]++, target.path[target.level]++;
    } while (source.level == 1 && index_in(at, 1) != 0 && at < end);
    return done;
}

}  // namespace

Result<void> copy_range(Space& from, Space& to, u64 begin, u64 end) {
    for (u64 at = begin; at < end;) {
        Result<void> outcome;
        {
            Batch batch(from);
            SpinGuard guard(from.lock);
            // Nobody waits for `from` with this one held: it is found only by who looks at all spaces.
            SpinGuard copy_guard(to.lock);
            for (u32 done = 0; done < piece_entries && at < end;) {
                auto step = copy_step(from, to, at, end, batch);
                if (!step.ok()) {
                    outcome = step.error();
                    break;
                }
                done += step.value();
            }
        }
        constexpr u64 enough = 16;
        if (!outcome.ok() && reclaim_cached(enough) == 0) return outcome;
    }
    return {};
}

}  // namespace litebox::vm
