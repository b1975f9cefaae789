#include "platform/vm/memory/ranges.h"

#include "platform/vm/memory/state.h"
#include "platform/vm/memory/tables.h"

namespace litebox::vm {

namespace {

/// Entries looked at in one piece: some tens of microseconds.
constexpr u32 piece_steps = 256;

/// Calls `step(at, batch)`, which advances `at`, until that has come to `end`.
template <typename Step>
Result<void> in_pieces(Space& space, u64 at, u64 end, Step&& step) {
    while (at < end) {
        Result<void> outcome;
        {
            Batch batch(space);
            SpinGuard guard(space.lock);
            for (u32 steps = 0; steps < piece_steps && at < end && !batch.full() && outcome.ok(); steps++)
                outcome = step(at, batch);
        }
        if (outcome.ok()) continue;
        constexpr u64 enough = 16;
        if (outcome.error() != Errno::enomem || reclaim_cached(enough) == 0) return outcome;
    }
    return {};
}

/// Whether the slot at `at` lies in [at, end) as a whole.
bool covered(const Slot& slot, u64 at, u64 end) {
    return slot.begin == at && slot.end() <= end;
}

void drop(Space& space, Slot& slot, Batch& batch) {
    Entry old = slot.entry();
    if (old.present()) batch.flush(slot.begin, slot.end());
    batch.add_mapped(old);
    set_entry(space, slot, Entry{});
}

Result<void> clear_step(Space& space, u64& at, u64 end, Batch& batch) {
    Slot slot = find_slot(space, at);
    u64 next = min(end, slot.end());
    if (!slot.entry().none()) {
        if (!covered(slot, at, end)) return split(slot);
        drop(space, slot, batch);
    }
    prune(slot, batch);
    at = next;
    return {};
}

/// As high up as it fits.
Result<void> fill_step(Space& space, u64& at, u64 end, Entry entry, Batch& batch) {
    Slot slot = find_slot(space, at);
    if (!covered(slot, at, end)) {
        auto made = split(slot);
        if (!made.ok()) prune(slot, batch);
        return made;
    }
    if (!slot.entry().none()) drop(space, slot, batch);
    set_entry(space, slot, entry);
    if (entry.kind() == Kind::file) retain_mapped(entry);
    at = slot.end();
    return {};
}

Result<void> protect_step(Space& space, u64& at, u64 end, u8 protection, Batch& batch) {
    Slot slot = find_slot(space, at);
    Entry old = slot.entry();
    u64 next = min(end, slot.end());
    if (!old.none() && old.protection() != protection) {
        if (!covered(slot, at, end)) return split(slot);
        Entry now = reprotected(old, protection);
        set_entry(space, slot, now);
        bool less = !now.present() || (old.protection() & ~now.protection()) != 0 ||
                    (old.writable() && !now.writable());
        if (old.present() && less) batch.flush(slot.begin, slot.end());
    }
    at = next;
    return {};
}

Result<void> discard_step(Space& space, u64& at, u64 end, Batch& batch) {
    Slot slot = find_slot(space, at);
    Entry old = slot.entry();
    u64 next = min(end, slot.end());
    bool own = old.has_frame() && !old.shared() &&
               (old.frame() == frames().zero_frame() || frames().use_of(old.frame()) == FrameUse::anonymous);
    if (own) {
        if (!covered(slot, at, end)) return split(slot);
        if (old.present()) batch.flush(slot.begin, slot.end());
        batch.add_mapped(old);
        Entry zeros = Entry::absent(Kind::anonymous, old.protection(), 0, false);
        if (old.large()) zeros.bits |= Entry::huge_bit;
        set_entry(space, slot, zeros);
    }
    at = next;
    return {};
}

Result<void> huge_step(Space& space, u64& at, u64 end, bool wanted) {
    Slot slot = find_slot(space, at);
    Entry entry = slot.entry();
    u64 next = min(end, slot.end());
    bool concerned = entry.kind() == Kind::anonymous && slot.level >= large_level && entry.huge() != wanted;
    if (concerned && !covered(slot, at, end)) {
        if (slot.level > large_level) return split(slot);
        concerned = false;  // a part of a large page
    }
    if (concerned) set_entry(space, slot, {entry.bits ^ Entry::huge_bit});
    at = next;
    return {};
}

/// Takes pages out of the processors' sight, so that they can be moved.
Result<void> hide_step(Space& space, u64& at, u64 end, Batch& batch) {
    Slot slot = find_slot(space, at);
    u64 next = min(end, slot.end());
    if (slot.entry().present()) {
        if (!covered(slot, at, end)) return split(slot);
        batch.flush(slot.begin, slot.end());
        set_entry(space, slot, hidden(slot.entry()));
    }
    at = next;
    return {};
}

/// Moves one entry of [at, end) by `distance` (modulo 2^64), at the largest level that both places allow.
/// Tables that become empty stay: moving back must not need any.
Result<void> move_step(Space& space, u64& at, u64 end, u64 distance) {
    Slot source = find_slot(space, at);
    Entry entry = source.entry();
    if (entry.none()) {
        at = min(end, source.end());
        return {};
    }
    bool fits = covered(source, at, end) && (distance & (source.span() - 1)) == 0;
    if (!fits) return split(source);
    Slot target = find_slot(space, at + distance);
    if (target.level > source.level) return split(target);
    // It was emptied, and the core lets nobody else map there.
    if (target.level < source.level || !target.entry().none()) return Errno::eexist;
    Entry moved = entry.has_frame() ? reprotected(entry, entry.protection()) : entry;
    set_entry(space, source, Entry{});
    set_entry(space, target, moved);
    at += source.span();
    return {};
}

}  // namespace

Result<void> clear_range(Space& space, u64 begin, u64 end) {
    return in_pieces(space, begin, end,
                     [&](u64& at, Batch& batch) { return clear_step(space, at, end, batch); });
}

Result<void> fill_range(Space& space, u64 begin, u64 end, Entry first) {
    TRY(clear_range(space, begin, end));
    return in_pieces(space, begin, end, [&](u64& at, Batch& batch) {
        return fill_step(space, at, end, first.advanced((at - begin) / page_size), batch);
    });
}

Result<void> protect_range(Space& space, u64 begin, u64 end, u8 protection) {
    return in_pieces(space, begin, end,
                     [&](u64& at, Batch& batch) { return protect_step(space, at, end, protection, batch); });
}

Result<void> discard_range(Space& space, u64 begin, u64 end) {
    return in_pieces(space, begin, end,
                     [&](u64& at, Batch& batch) { return discard_step(space, at, end, batch); });
}

Result<void> mark_huge(Space& space, u64 begin, u64 end, bool wanted) {
    return in_pieces(space, begin, end, [&](u64& at, Batch&) { return huge_step(space, at, end, wanted); });
}

namespace {

/// Counted: reclaim and truncation look at all spaces, and may miss pages that change their place meanwhile.
class Move : Pinned {
  public:
    Move() { memory_state().spaces.moves_begun.fetch_add(1); }
    ~Move() { memory_state().spaces.moves_ended.fetch_add(1); }
};

}  // namespace

Result<void> move_range(Space& space, u64 from, u64 to, u64 length) {
    TRY(clear_range(space, to, to + length));
    Move counted;
    TRY(in_pieces(space, from, from + length,
                  [&](u64& at, Batch& batch) { return hide_step(space, at, from + length, batch); }));
    u64 moved_to = from;
    auto moved = in_pieces(space, from, from + length, [&](u64& at, Batch&) {
        auto step = move_step(space, at, from + length, to - from);
        moved_to = at;
        return step;
    });
    if (moved.ok()) return clear_range(space, from, from + length);
    u64 end = to + (moved_to - from);
    (void)in_pieces(space, to, end, [&](u64& at, Batch&) { return move_step(space, at, end, from - to); });
    (void)clear_range(space, to, to + length);
    return moved;
}

Result<void> show_region(Space& space, u64 begin, u64 end, u64 first_page, u8 protection, bool shared) {
    TRY(clear_range(space, begin, end));
    return in_pieces(space, begin, end, [&](u64& at, Batch& batch) -> Result<void> {
        Slot slot = find_slot(space, at);
        if (slot.level > 1) {
            auto made = split(slot);
            if (!made.ok()) prune(slot, batch);
            return made;
        }
        Physical frame = TRY(region_frame(first_page + (at - begin) / page_size));
        if (!slot.entry().none()) drop(space, slot, batch);
        Entry shown = Entry::kept(frame, protection, shared, false);
        set_entry(space, slot, reprotected(shown, protection));
        at += page_size;
        return {};
    });
}

}  // namespace litebox::vm
