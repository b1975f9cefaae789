#include "platform/vm/memory/space.h"

#include "platform/vm/memory/ranges.h"
#include "platform/vm/memory/state.h"
#include "platform/vm/memory/tables.h"

namespace litebox::vm {

namespace {

constexpr usize lower_half = table_entries / 2;
constexpr u64 lower_half_end = lower_half * span_of(top_level);

Result<Space*> take_record() {
    SpacePool& pool = memory_state().spaces;
    {
        SpinGuard guard(pool.lock);
        if (Space* space = pool.free) {
            pool.free = space->next_free;
            return space;
        }
    }
    Physical frame = TRY(frames().allocate_zeroed(FrameUse::table));
    auto* records = static_cast<Space*>(direct(frame));
    constexpr usize count = page_size / sizeof(Space);
    for (usize i = 0; i < count; i++) new (&records[i]) Space();
    SpinGuard guard(pool.lock);
    for (usize i = 0; i < count; i++) {
        records[i].next_made = pool.made.load(std::memory_order_relaxed);
        pool.made.store(&records[i], std::memory_order_release);
        if (i == 0) continue;
        records[i].next_free = pool.free;
        pool.free = &records[i];
    }
    return &records[0];
}

void give_record(Space& space) {
    SpacePool& pool = memory_state().spaces;
    SpinGuard guard(pool.lock);
    space.next_free = pool.free;
    pool.free = &space;
}

/// The tables beneath an entry and all that they show.
void free_tables(Space& space, Physical table, unsigned level) {
    for (u64 i = 0; i < table_entries; i++) {
        Entry entry{table_at(table)[i]};
        if (entry.none() || (level == top_level && i >= lower_half)) continue;
        if (entry.is_table(level)) {
            free_tables(space, entry.frame(), level - 1);
            continue;
        }
        Batch batch(space);
        batch.add_mapped(entry);
    }
    frames().release(table);
}

}  // namespace

Result<Space*> make_space() {
    Space* space = TRY(take_record());
    auto root = frames().allocate_zeroed(FrameUse::table);
    if (!root.ok()) {
        give_record(*space);
        return root.error();
    }
    const u64* kernel = table_at(memory_state().kernel.root);
    for (usize i = lower_half; i < table_entries; i++) table_at(root.value())[i] = kernel[i];
    space->root = root.value();
    space->active.store(0, std::memory_order_relaxed);
    space->cpu_ns.store(0, std::memory_order_relaxed);
    space->resident.store(0, std::memory_order_relaxed);
    space->live.store(0, std::memory_order_relaxed);
    space->holders.store(1, std::memory_order_release);
    return space;
}

Result<Space*> copy_space(Space& from) {
    Space* space = TRY(make_space());
    auto copied = copy_range(from, *space, 0, lower_half_end);
    if (copied.ok()) return space;
    destroy_space(space);
    return copied.error();
}

void destroy_space(Space* space) {
    space->holders.store(0, std::memory_order_release);
    free_tables(*space, space->root, top_level);
    space->root = 0;
    space->resident.store(0, std::memory_order_relaxed);
    give_record(*space);
}

bool hold_space(Space* space) {
    u32 holders = space->holders.load(std::memory_order_relaxed);
    do {
        if (holders == 0) return false;
    } while (!space->holders.compare_exchange_weak(holders, holders + 1, std::memory_order_acquire));
    return true;
}

void drop_space(Space* space) {
    if (space->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy_space(space);
}

}  // namespace litebox::vm
