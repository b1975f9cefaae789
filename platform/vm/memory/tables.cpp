#include "platform/vm/memory/tables.h"

#include "platform/vm/cpu/interrupts.h"
#include "platform/vm/memory/cache_pages.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

namespace {

u64 frames_in(Entry entry) {
    if (!entry.has_frame() || entry.frame() == frames().zero_frame()) return 0;
    return entry.large() ? pages_of(large_level) : 1;
}

Physical table_of(const u64* entry) {
    return physical_of(reinterpret_cast<const void*>(page_down(reinterpret_cast<u64>(entry))));
}

/// How many entries of a table are in use. The root does not count.
u32& used_entries(Physical table) {
    return frames().owner_word(table);
}

/// A mapping that changes its file's page without a fault: those are counted.
bool writes_to_file(Entry entry) {
    return entry.writable() && entry.shared() && frames().use_of(entry.frame()) == FrameUse::file;
}

void store(u64* entry, Entry value) {
    __atomic_store_n(entry, value.bits, __ATOMIC_RELEASE);
}

}  // namespace

void Batch::add_mapped(Entry entry) {
    if (entry.kind() == Kind::file) items_[count_++] = entry.source() << page_shift | tag_file;
    if (!entry.has_frame() || entry.frame() == frames().zero_frame()) return;
    if (writes_to_file(entry)) note_unwritable(entry.frame());
    items_[count_++] = entry.frame() | (entry.large() ? tag_large : tag_page);
}

void Batch::flush(u64 begin, u64 end) {
    flush_begin_ = min(flush_begin_, begin);
    flush_end_ = max(flush_end_, end);
}

void Batch::finish() {
    if (flush_end_ != 0) shoot_down(space_, flush_begin_, flush_end_);
    for (usize i = 0; i < count_; i++) {
        u64 item = items_[i] & ~tag_mask;
        switch (items_[i] & tag_mask) {
            case tag_file:
                drop_file_entries(FileSource::of(item >> page_shift).file, 1);
                break;
            case tag_large:
                frames().release_run(item, pages_of(large_level));
                break;
            default:
                frames().release(item);
        }
    }
    count_ = 0;
    flush_begin_ = ~u64{0}, flush_end_ = 0;
}

Slot find_slot(Space& space, u64 address) {
    Slot slot;
    Physical table = space.root;
    for (slot.level = top_level;; slot.level--) {
        u64* entry = &table_at(table)[index_in(address, slot.level)];
        slot.path[slot.level] = entry;
        Entry now{*entry};
        if (!now.is_table(slot.level)) break;
        table = now.frame();
    }
    slot.begin = address & ~(slot.span() - 1);
    return slot;
}

void set_entry(Space& space, const Slot& slot, Entry entry) {
    Entry old = slot.entry();
    if (slot.level < top_level && old.none() != entry.none()) {
        u32& used = used_entries(table_of(slot.path[slot.level]));
        used = entry.none() ? used - 1 : used + 1;
    }
    u64 before = frames_in(old), after = entry.is_table(slot.level) ? 0 : frames_in(entry);
    if (before != after) space.resident.fetch_add(after - before, std::memory_order_relaxed);
    store(slot.path[slot.level], entry);
}

Result<void> split(const Slot& slot) {
    Entry old = slot.entry();
    Physical table = TRY(frames().allocate(0, FrameUse::table));
    u64* entries = table_at(table);
    u64 step = pages_of(slot.level - 1);
    for (u64 i = 0; i < table_entries; i++) {
        Entry part = old.advanced(i * step);
        if (old.present()) part = {old.bits + i * page_size};
        if (slot.level == large_level) part.bits &= old.has_frame() ? ~Entry::large_bit : ~u64{0};
        entries[i] = part.bits;
    }
    used_entries(table) = old.none() ? 0 : table_entries;
    if (old.kind() == Kind::file) add_file_entries(FileSource::of(old.source()).file, table_entries - 1);
    if (slot.level < top_level && old.none()) used_entries(table_of(slot.path[slot.level]))++;
    store(slot.path[slot.level], Entry::table(table, true));
    return {};
}

void prune(Slot& slot, Batch& batch) {
    while (slot.level < top_level && slot.entry().none()) {
        Physical table = table_of(slot.path[slot.level]);
        if (used_entries(table) != 0) return;
        slot.level++;
        store(slot.path[slot.level], Entry{});
        if (slot.level < top_level) used_entries(table_of(slot.path[slot.level]))--;
        batch.add_table(table);
        batch.flush(slot.begin, slot.begin + page_size);
    }
}

bool exclusive(Entry entry) {
    if (frames().use_of(entry.frame()) != FrameUse::anonymous) return false;
    u64 count = entry.large() ? pages_of(large_level) : 1;
    for (u64 i = 0; i < count; i++)
        if (frames().references(entry.frame() + i * page_size) != 1) return false;
    return true;
}

Entry reprotected(Entry entry, u8 protection) {
    if (!entry.has_frame()) return entry.none() ? entry : entry.with_protection(protection);
    Physical frame = entry.frame();
    bool writable = (protection & platform::prot_write) != 0;
    if (writable && entry.shared() && frames().use_of(frame) == FrameUse::file) writable = entry.writable();
    if (writable && !entry.shared()) writable = exclusive(entry);
    if (writes_to_file(entry) && !writable) note_unwritable(frame);
    if (protection == platform::prot_none)
        return Entry::kept(frame, protection, entry.shared(), entry.large());
    return Entry::page(frame, protection, entry.shared(), entry.large(), writable);
}

Entry hidden(Entry entry) {
    if (writes_to_file(entry)) note_unwritable(entry.frame());
    return Entry::kept(entry.frame(), entry.protection(), entry.shared(), entry.large());
}

void retain_mapped(Entry entry) {
    if (entry.kind() == Kind::file) add_file_entries(FileSource::of(entry.source()).file, 1);
    if (!entry.has_frame() || entry.frame() == frames().zero_frame()) return;
    frames().retain_run(entry.frame(), entry.large() ? pages_of(large_level) : 1);
}

}  // namespace litebox::vm
