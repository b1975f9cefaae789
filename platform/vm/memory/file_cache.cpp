// Which files the cache knows, and for how long; what becomes of their pages. Reading and writing back are in
// cache_transfer.cpp.

#include "platform/vm/memory/file_cache.h"

#include "core/base/string.h"
#include "platform/vm/memory/cache_files.h"
#include "platform/vm/memory/cache_index.h"
#include "platform/vm/memory/cache_pages.h"
#include "platform/vm/memory/pages.h"
#include "platform/vm/memory/reverse_map.h"
#include "platform/vm/memory/state.h"

namespace litebox::vm {

namespace {

FileCache& cache() {
    return memory_state().files;
}

u32& bucket_of(platform::HostIdentity identity) {
    u64 mixed = (identity.inode ^ identity.device << 32) * 0x9e3779b97f4a7c15;
    return cache().buckets[mixed >> 56 & (FileCache::bucket_count - 1)];
}

CachedFile* find_file(platform::HostIdentity identity) {
    for (u32 link = bucket_of(identity); link != 0; link = file_at(link - 1).next) {
        CachedFile& file = file_at(link - 1);
        if (file.identity.device == identity.device && file.identity.inode == identity.inode) return &file;
    }
    return nullptr;
}

Result<CachedFile*> take_record() {
    FileCache& files = cache();
    if (files.free != 0) {
        CachedFile& file = file_at(files.free - 1);
        files.free = file.next;
        return &file;
    }
    if (files.used == FileCache::most_files) return Errno::enfile;
    u32 number = files.used;
    Physical& records = files.records[number / FileCache::records_per_frame];
    if (records == 0) records = TRY(frames().allocate_zeroed(FrameUse::file));
    files.used++;
    CachedFile& file = file_at(number);
    file.number = number;
    return &file;
}

/// A file that nothing refers to any more leaves the cache. Returns whom to tell once the lock is released.
FileBacking* forget_if_idle(CachedFile& file) {
    if (file.backing == nullptr || file.users != 0 || file.entries != 0 || file.pages != 0) return nullptr;
    u32* link = &bucket_of(file.identity);
    while (*link != file.number + 1) link = &file_at(*link - 1).next;
    *link = file.next;
    free_index(file);
    file.next = cache().free;
    cache().free = file.number + 1;
    return std::exchange(file.backing, nullptr);
}

void tell(FileBacking* forgotten) {
    if (forgotten != nullptr) forgotten->forgotten();
}

/// Takes a page out of the cache. True if somebody has its frame still.
bool drop_page(CachedFile& file, u64 index) {
    Physical frame = remove_page(file, index);
    cache().frames--;
    bool shown = frames().references(frame) > 1;
    u32& word = frames().owner_word(frame);
    mark_unchanged(word);
    if (shown) word |= page_gone;
    frames().release(frame);
    return shown;
}

bool droppable(Physical frame) {
    return frames().references(frame) == 1 && frames().owner_word(frame) == 0;
}

/// Drops some pages of one file that nobody maps and that are not changed; `at` advances.
u64 drop_clean(CachedFile& file, u64& at, u64 wanted) {
    constexpr u32 looks = 128;  // pages looked at while the lock is held
    u64 dropped = 0;
    for (u32 i = 0; i < looks && dropped < wanted; i++) {
        at = next_page(file, at);
        if (at == no_index) break;
        if (droppable(find_page(file, at))) {
            (void)drop_page(file, at);
            dropped++;
        }
        at++;
    }
    return dropped;
}

}  // namespace

CachedFile& file_at(u32 number) {
    Physical records = cache().records[number / FileCache::records_per_frame];
    return static_cast<CachedFile*>(direct(records))[number % FileCache::records_per_frame];
}

Result<CachedFile*> open_cached_file(platform::HostIdentity identity, FileBacking& backing, bool* kept) {
    SpinGuard guard(cache().lock);
    CachedFile* file = find_file(identity);
    *kept = file == nullptr;
    if (file == nullptr) {
        file = TRY(take_record());
        u32 number = file->number;
        *file = CachedFile{};
        file->number = number;
        file->identity = identity;
        file->backing = &backing;
        u32& bucket = bucket_of(identity);
        file->next = bucket;
        bucket = number + 1;
    }
    file->users++;
    return file;
}

void close_cached_file(CachedFile& file) {
    FileBacking* forgotten = nullptr;
    {
        SpinGuard guard(cache().lock);
        file.users--;
        forgotten = forget_if_idle(file);
    }
    tell(forgotten);
}

void add_file_entries(u32 file, u64 count) {
    SpinGuard guard(cache().lock);
    file_at(file).entries += count;
}

void drop_file_entries(u32 file, u64 count) {
    FileBacking* forgotten = nullptr;
    {
        SpinGuard guard(cache().lock);
        file_at(file).entries -= count;
        forgotten = forget_if_idle(file_at(file));
    }
    tell(forgotten);
}

Physical cached_frame(u32 file, u64 index) {
    SpinGuard guard(cache().lock);
    Physical frame = find_page(file_at(file), index);
    if (frame != 0) frames().retain(frame);
    return frame;
}

bool add_entry_of_cached(FileSource source, Physical frame) {
    SpinGuard guard(cache().lock);
    CachedFile& file = file_at(source.file);
    if (find_page(file, source.index) != frame) return false;
    file.entries++;
    return true;
}

bool drop_if_idle(FileSource source) {
    SpinGuard guard(cache().lock);
    CachedFile& file = file_at(source.file);
    Physical frame = find_page(file, source.index);
    if (frame == 0 || !droppable(frame)) return false;
    (void)drop_page(file, source.index);
    return true;
}

void mark_changed(u32& word) {
    if ((word & (page_changed | page_gone)) != 0) return;
    word |= page_changed;
    cache().changed.fetch_add(1, std::memory_order_relaxed);
}

void mark_unchanged(u32& word) {
    if ((word & page_changed) == 0) return;
    word &= ~page_changed;
    cache().changed.fetch_sub(1, std::memory_order_relaxed);
}

u64 changed_frames() {
    return cache().changed.load(std::memory_order_relaxed);
}

void note_writable(Physical frame) {
    SpinGuard guard(cache().lock);
    u32& word = frames().owner_word(frame);
    word++;
    mark_changed(word);
}

void note_unwritable(Physical frame) {
    SpinGuard guard(cache().lock);
    frames().owner_word(frame)--;
}

void note_written(CachedFile& file, u64 offset, std::span<const u8> from) {
    for (usize done = 0; done < from.size();) {
        u64 at = offset + done, in_page = at % page_size;
        usize part = min<usize>(from.size() - done, page_size - in_page);
        Physical frame = 0;
        {
            SpinGuard guard(cache().lock);
            file.changes++;
            frame = find_page(file, at / page_size);
            if (frame != 0) frames().retain(frame);
            if (file.end != CachedFile::unknown_end) file.end = max(file.end, at + part);
        }
        if (frame != 0) {
            memcpy(static_cast<u8*>(direct(frame)) + in_page, from.data() + done, part);
            frames().release(frame);
        }
        done += part;
    }
}

void note_size(CachedFile& file, u64 size) {
    u64 first = page_up(size) / page_size, at = first, in_page = size % page_size;
    bool shown = false;
    {
        SpinGuard guard(cache().lock);
        file.changes++;
        file.end = size;
        Physical last = in_page != 0 ? find_page(file, size / page_size) : 0;
        if (last != 0) memset(static_cast<u8*>(direct(last)) + in_page, 0, page_size - in_page);
    }
    while (at != no_index) {
        constexpr u32 piece = 64;
        SpinGuard guard(cache().lock);
        for (u32 i = 0; i < piece && (at = next_page(file, at)) != no_index; i++)
            shown |= drop_page(file, at);
    }
    if (shown) take_from_mappings(file.number, first);
}

void invalidate_cached(CachedFile& file) {
    for (u64 at = 0; at != no_index;) {
        SpinGuard guard(cache().lock);
        file.changes++;
        file.end = CachedFile::unknown_end;
        (void)drop_clean(file, at, ~u64{0});
    }
}

void keep_last_pages() {
    constexpr u64 share = 32, enough = 256;
    cache().least_mapped = min(frames().total_frames() / share, enough);
}

u64 reclaim_idle(u64 wanted) {
    FileCache& files = cache();
    u64 dropped = 0, at = 0;
    for (u32 turns = 0; dropped < wanted;) {
        FileBacking* forgotten = nullptr;
        {
            SpinGuard guard(files.lock);
            if (files.frames == 0 || turns > files.used) break;
            if (files.hand >= files.used) files.hand = 0;
            CachedFile& file = file_at(files.hand);
            if (file.backing != nullptr) dropped += drop_clean(file, at, wanted - dropped);
            if (file.backing == nullptr || at == no_index) {
                forgotten = forget_if_idle(file);
                files.hand++, turns++;
                at = 0;
            }
        }
        tell(forgotten);
    }
    if (dropped < wanted && cached_frames() > changed_frames() + cache().least_mapped)
        dropped += reclaim_mapped(wanted - dropped);
    return dropped;
}

u64 reclaim_cached(u64 wanted) {
    u64 dropped = reclaim_idle(wanted);
    return dropped < wanted ? dropped + reclaim_idle(wanted - dropped) : dropped;
}

u64 cached_frames() {
    SpinGuard guard(cache().lock);
    return cache().frames;
}

}  // namespace litebox::vm
