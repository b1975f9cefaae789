#include "core/memory/memory_object.h"

#include "core/file/file.h"
#include "core/kernel.h"
#include "core/memory/mapping.h"
#include "core/memory/page_allocator.h"
#include "core/memory/scratch_disk.h"

namespace litebox {

namespace {
constexpr u64 largest_size = u64{1} << 44;  // 16 TiB: what the index can name
constexpr u64 run_pages = 16;               // pages are made in runs of up to this many
// A source is asked for so many pages at first, and for twice as many each time it is read in order.
constexpr u64 piece_pages = 256;  // that one holder of the lock makes at once, where pages can be put out
constexpr u64 least_ahead = 4, most_ahead = 256;

/// What stands in the place of a page that lies in a slot of the scratch device: no page has an odd address.
bool out_mark(const u8* entry) {
    return (reinterpret_cast<u64>(entry) & 1) != 0;
}
u32 slot_of(const u8* entry) {
    return static_cast<u32>(reinterpret_cast<u64>(entry) >> 1);
}
u8* entry_for(u64 slot) {
    return reinterpret_cast<u8*>(slot << 1 | 1);
}

/// Of the largest 2^order that is not above `count`, which is not 0.
unsigned order_within(u64 count) {
    unsigned order = 0;
    while (u64{2} << order <= count) order++;
    return order;
}
}  // namespace

Result<void> PageQuota::charge(u64 pages) {
    u64 used = used_.load(std::memory_order_relaxed);
    do {
        if (pages > limit_ || used > limit_ - pages) return Errno::enospc;
    } while (!used_.compare_exchange_weak(used, used + pages, std::memory_order_relaxed));
    return {};
}

void PageQuota::release(u64 pages) {
    used_.fetch_sub(pages, std::memory_order_relaxed);
}

/// Pages that no longer belong to the object, and are freed when nobody can see them any more.
struct MemoryObject::Freed {
    Vector<u8*> pages;
    ~Freed() {
        for (u8* page : pages) kernel().pages->free(page);
    }
};

Result<Ref<MemoryObject>> MemoryObject::create(Ref<PageQuota> quota) {
    return make_ref<MemoryObject>(std::move(quota));
}

Result<Ref<MemoryObject>> MemoryObject::create(Ref<PageQuota> quota, Ref<PageSource> source, u64 size) {
    if (size > largest_size) return Errno::efbig;
    auto object = TRY(create(std::move(quota)));
    object->source_ = std::move(source);
    object->size_.store(size, std::memory_order_release);
    return object;
}

void MemoryObject::use_scratch(ScratchDisk& scratch) {
    scratch_ = &scratch;
    scratch.add(*this);
}

MemoryObject::~MemoryObject() {
    if (scratch_ != nullptr) scratch_->remove(*this);
    i64 in_memory = 0;
    for (Chunk* chunk : chunks_) {
        if (chunk == nullptr) continue;
        for (u8* page : chunk->pages) {
            if (out_mark(page)) {
                scratch_->give_back(slot_of(page));
            } else if (page != nullptr) {
                kernel().pages->free(page);
                in_memory++;
            }
        }
        heap_free(chunk);
    }
    if (scratch_ != nullptr) scratch_->count(-in_memory);
    if (quota_) quota_->release(resident_.load(std::memory_order_relaxed));
}

/// The page's address, its mark, or null.
u8* MemoryObject::entry(u64 index) const {
    u64 chunk = index / chunk_pages;
    if (chunk >= chunks_.size() || chunks_[chunk] == nullptr) return nullptr;
    return chunks_[chunk]->pages[index % chunk_pages];
}

u8* MemoryObject::find(u64 index) const {
    u8* found = entry(index);
    return out_mark(found) ? nullptr : found;
}

bool MemoryObject::is_out(u64 index) const {
    return out_mark(entry(index));
}

Result<u8**> MemoryObject::slot(u64 index) {
    u64 chunk = index / chunk_pages;
    if (index >= largest_size / page_size) return Errno::efbig;
    if (chunk >= chunks_.size()) TRY(chunks_.resize(chunk + 1));
    if (chunks_[chunk] == nullptr) {
        void* memory = heap_allocate(sizeof(Chunk));
        if (memory == nullptr) return Errno::enomem;
        memset(memory, 0, sizeof(Chunk));
        chunks_[chunk] = static_cast<Chunk*>(memory);
    }
    return &chunks_[chunk]->pages[index % chunk_pages];
}

/// Makes the page at `index` and, while they are absent and wanted, those behind it. Under the write lock.
Result<u8*> MemoryObject::make(u64 index, u64 wanted_run) {
    u64 run = 1;
    while (run < min(wanted_run, run_pages) && entry(index + run) == nullptr &&
           (index + run) % chunk_pages != 0)
        run++;
    unsigned order = order_within(run);
    u8** first = TRY(slot(index));
    u8* pages = TRY(take_pages(&order, true));
    run = u64{1} << order;
    for (u64 i = 0; i < run; i++) first[i] = pages + i * page_size;
    resident_.fetch_add(run, std::memory_order_relaxed);
    if (scratch_ != nullptr) scratch_->count(static_cast<i64>(run));
    return pages;
}

/// The quota's pages, 2^order of them or, where those are not to be had, fewer.
Result<u8*> MemoryObject::take_pages(unsigned* order, bool zeroed) {
    for (;; --*order) {
        if (quota_->charge(u64{1} << *order).ok()) {
            if (u8* pages = kernel().pages->allocate_pages(*order, zeroed)) return pages;
            quota_->release(u64{1} << *order);
        }
        if (*order == 0) return Errno::enospc;
    }
}

u64 MemoryObject::read_ahead(u64 index, u64 needed) {
    bool in_order = index == next_brought_.load(std::memory_order_relaxed);
    u64 pages = in_order ? ahead_.load(std::memory_order_relaxed) * 2 : 0;
    pages = min(max(max(pages, needed), least_ahead), most_ahead);
    ahead_.store(pages, std::memory_order_relaxed);
    return pages;
}

/// The absent page at `index`, with some behind it, from the source; `needed` pages are asked for.
Result<u8*> MemoryObject::bring(u64 index, u64 needed) {
    u64 end = page_up(size()) / page_size;
    if (index >= end) return Errno::einval;
    u64 wanted = min(read_ahead(index, needed), end - index), run = 1;
    {
        ReadGuard guard(lock_);
        while (run < wanted && find(index + run) == nullptr) run++;
    }
    unsigned order = order_within(run);
    auto brought = bring_run(index, order);
    // Something behind the page that is asked for may be what cannot be read.
    if (!brought.ok() && order > 0) brought = bring_run(index, 0);
    return brought;
}

Result<u8*> MemoryObject::bring_run(u64 index, unsigned order) {
    auto taken = take_pages(&order, false);
    if (!taken.ok() && source_->give_up_pages() > 0) taken = take_pages(&order, false);
    if (!taken.ok()) return Errno::enomem;
    u8* pages = taken.value();
    u64 count = u64{1} << order;
    Result<void> filled = source_->fill(index, {pages, count * page_size});
    if (!filled.ok()) {
        for (u64 i = 0; i < count; i++) kernel().pages->free(pages + i * page_size);
        quota_->release(count);
        return filled.error();
    }
    next_brought_.store(index + count, std::memory_order_relaxed);
    return keep_brought(index, pages, count);
}

/// Adds filled pages, but for those that another thread was faster with.
Result<u8*> MemoryObject::keep_brought(u64 index, u8* pages, u64 count) {
    u64 kept = 0;
    WriteGuard guard(lock_);
    for (u64 i = 0; i < count; i++) {
        u8* page = pages + i * page_size;
        auto place = slot(index + i);
        if (place.ok() && *place.value() == nullptr) {
            *place.value() = page;
            kept++;
        } else {
            kernel().pages->free(page);
        }
    }
    resident_.fetch_add(kept, std::memory_order_relaxed);
    quota_->release(count - kept);
    if (u8* page = find(index)) return page;
    return Errno::enomem;
}

/// The page at `index`, which is out, in memory again, and with it those that lie behind it in both places.
/// Under the write lock.
Result<u8*> MemoryObject::bring_back(u64 index) {
    const u64 first = slot_of(entry(index));
    u64 run = 1;
    while (run < run_pages && (index + run) % chunk_pages != 0 &&
           entry(index + run) == entry_for(first + run))
        run++;
    unsigned order = order_within(run);
    u8* pages = kernel().pages->allocate_pages(order, false);
    while (pages == nullptr && order > 0) pages = kernel().pages->allocate_pages(--order, false);
    if (pages == nullptr) return Errno::enomem;
    run = u64{1} << order;
    auto read = scratch_->read(static_cast<u32>(first), {pages, run * page_size});
    u8** places = &chunks_[index / chunk_pages]->pages[index % chunk_pages];
    for (u64 i = 0; i < run; i++) {
        if (!read.ok()) {
            kernel().pages->free(pages + i * page_size);
            continue;
        }
        places[i] = pages + i * page_size;
        scratch_->give_back(static_cast<u32>(first + i));
    }
    if (!read.ok()) return read.error();
    scratch_->count(static_cast<i64>(run));
    return pages;
}

/// The page at `index`; makes it, and those behind it that are wanted, if it is absent. Under the write lock.
Result<u8*> MemoryObject::make_or_bring_back(u64 index, u64 wanted_run) {
    u8* found = entry(index);
    if (out_mark(found)) return bring_back(index);
    return found != nullptr ? Result<u8*>(found) : make(index, wanted_run);
}

/// Without locks of objects.
void MemoryObject::make_room(u64 pages) {
    if (scratch_ != nullptr) scratch_->make_room(pages);
}

/// The absent page at `index`, from wherever it is.
Result<void> MemoryObject::bring_for_reader(u64 index, u64 needed) {
    if (has_source()) {
        TRY(bring(index, needed));
        return {};
    }
    make_room(run_pages);
    WriteGuard guard(lock_);
    if (is_out(index)) TRY(bring_back(index));
    return {};
}

u64 MemoryObject::put_out(u64 pages) {
    WriteGuard guard(lock_);
    // Whoever maps it from now on looks for its pages afterwards.
    if (mapping_count_.load() != 0) return 0;
    u64 done = 0;
    for (u64 index = 0; index < chunks_.size() * chunk_pages && done < pages; index++) {
        u8* first = find(index);
        if (first == nullptr) {
            if (chunks_[index / chunk_pages] == nullptr) index |= chunk_pages - 1;
            continue;
        }
        u64 run = 1;
        while (run < run_pages && (index + run) % chunk_pages != 0 &&
               find(index + run) == first + run * page_size)
            run++;
        auto written = scratch_->write({first, run * page_size});
        if (!written.ok()) break;
        u8** places = &chunks_[index / chunk_pages]->pages[index % chunk_pages];
        for (u64 i = 0; i < written.value().count; i++) {
            kernel().pages->free(first + i * page_size);
            places[i] = entry_for(written.value().first + i);
        }
        done += written.value().count;
        index += written.value().count - 1;
    }
    scratch_->count(-static_cast<i64>(done));
    return done;
}

Result<u8*> MemoryObject::page(u64 index, bool create) {
    {
        ReadGuard guard(lock_);
        if (u8* found = find(index)) return found;
    }
    if (!create) return static_cast<u8*>(nullptr);
    if (has_source()) return bring(index, 1);
    make_room(1);
    WriteGuard guard(lock_);
    return make_or_bring_back(index, 1);
}

Result<void> MemoryObject::populate(u64 first, u64 last) {
    if (has_source()) {
        for (u64 index = first; index < last; index++) TRY(page(index, true));
        return {};
    }
    make_room(min(last - first, piece_pages));
    WriteGuard guard(lock_);
    for (u64 index = first; index < last; index++) TRY(make_or_bring_back(index, last - index));
    return {};
}

Result<usize> MemoryObject::read(IoCursor& to, u64 offset) {
    usize done = 0;
    for (;;) {
        bool faulted = false, absent = false;
        {
            ReadGuard guard(lock_);
            u64 end = size();
            while (to.remaining() > 0 && offset < end && !faulted) {
                usize in_page = offset % page_size;
                usize wanted = min<u64>(min<u64>(page_size - in_page, end - offset), to.remaining());
                const u8* source = find(offset / page_size);
                absent = source == nullptr && (has_source() || is_out(offset / page_size));
                if (absent) break;
                usize copied =
                    source != nullptr ? to.try_put(source + in_page, wanted) : to.try_put_zeros(wanted);
                faulted = copied < wanted;
                done += copied;
                offset += copied;
            }
        }
        if (absent) {
            u64 needed = (offset % page_size + to.remaining() + page_size - 1) / page_size;
            auto brought = bring_for_reader(offset / page_size, needed);
            if (!brought.ok()) return done > 0 ? Result<usize>(done) : brought.error();
            continue;
        }
        if (!faulted) return done;
        auto present = to.fault_in_front(true);
        if (!present.ok()) return done > 0 ? Result<usize>(done) : present.error();
    }
}

Result<usize> MemoryObject::write(IoCursor& from, u64 offset) {
    usize done = 0;
    u64 last;
    if (!checked_add<u64>(offset, from.remaining(), &last) || last > largest_size) return Errno::efbig;
    for (;;) {
        bool faulted = false;
        make_room(piece_pages);
        {
            WriteGuard guard(lock_);
            // Room is made again after each piece.
            const u64 piece_end = scratch_ != nullptr ? offset + piece_pages * page_size : last;
            while (from.remaining() > 0 && !faulted && offset < piece_end) {
                usize in_page = offset % page_size;
                usize wanted = min<u64>(page_size - in_page, from.remaining());
                u8* target = find(offset / page_size);
                if (target == nullptr) {
                    auto made = make_or_bring_back(offset / page_size,
                                                   (in_page + from.remaining() + page_size - 1) / page_size);
                    if (!made.ok()) return done > 0 ? Result<usize>(done) : made.error();
                    target = made.value();
                }
                usize copied = from.try_take(target + in_page, wanted);
                faulted = copied < wanted;
                done += copied;
                offset += copied;
                if (offset > size()) size_.store(offset, std::memory_order_release);
            }
        }
        if (!faulted && from.remaining() == 0) return done;
        if (!faulted) continue;
        auto present = from.fault_in_front(false);
        if (!present.ok()) return done > 0 ? Result<usize>(done) : present.error();
    }
}

u64 MemoryObject::give_up_pages() {
    WriteGuard guard(lock_);
    // Whoever maps it from now on looks for its pages afterwards, and finds none.
    if (!has_source() || mapping_count_.load() != 0) return 0;
    u64 given = 0;
    for (Chunk*& chunk : chunks_) {
        if (chunk == nullptr) continue;
        for (u8* page : chunk->pages) {
            if (page == nullptr) continue;
            kernel().pages->free(page);
            given++;
        }
        heap_free(std::exchange(chunk, nullptr));
    }
    resident_.fetch_sub(given, std::memory_order_relaxed);
    quota_->release(given);
    return given;
}

void MemoryObject::detach_pages(u64 first, u64 last, Freed& freed) {
    last = min<u64>(last, chunks_.size() * chunk_pages);
    for (u64 index = first; index < last; index++) {
        Chunk* chunk = chunks_[index / chunk_pages];
        if (chunk == nullptr) {
            index |= chunk_pages - 1;
            continue;
        }
        u8*& page = chunk->pages[index % chunk_pages];
        if (page == nullptr) continue;
        if (out_mark(page)) {
            scratch_->give_back(slot_of(std::exchange(page, nullptr)));
            resident_.fetch_sub(1, std::memory_order_relaxed);
            quota_->release(1);
            continue;
        }
        // Without room to remember the page it stays, zeroed, until the object goes.
        if (freed.pages.push(page).ok()) {
            page = nullptr;
            resident_.fetch_sub(1, std::memory_order_relaxed);
            quota_->release(1);
            if (scratch_ != nullptr) scratch_->count(-1);
        } else {
            memset(page, 0, page_size);
        }
    }
}

Result<void> MemoryObject::zero_part(u64 begin, u64 end) {
    if (begin >= end) return {};
    u64 index = begin / page_size;
    u8* page = is_out(index) ? TRY(bring_back(index)) : find(index);
    if (page != nullptr) memset(page + begin % page_size, 0, end - begin);
    return {};
}

/// Takes pages out, revokes them in every space that maps them, then frees them.
Result<void> MemoryObject::drop_pages(u64 first, u64 last, bool private_copies_too) {
    if (first >= last) return {};
    Freed freed;
    {
        WriteGuard guard(lock_);
        detach_pages(first, last, freed);
    }
    Vector<Ref<AddressSpace>> spaces;
    {
        LockGuard guard(mappings_mutex_);
        for (Mapping* mapping : mappings_) {
            Ref<AddressSpace> space;
            if (mapping->space->try_ref()) space = Ref<AddressSpace>::adopt(mapping->space);
            if (!space) continue;
            bool known = false;
            for (auto& other : spaces) known |= other == space;
            if (!known) TRY(spaces.push(std::move(space)));
        }
    }
    for (auto& space : spaces) space->revoke(*this, first, last, private_copies_too);
    return {};
}

Result<void> MemoryObject::resize(u64 size) {
    if (size > largest_size) return Errno::efbig;
    u64 old = this->size();
    {
        WriteGuard guard(lock_);
        if (size < old) TRY(zero_part(size, min(page_up(size), old)));
        size_.store(size, std::memory_order_release);
    }
    if (size >= old) return {};
    return drop_pages(page_up(size) / page_size, page_up(old) / page_size, true);
}

Result<void> MemoryObject::allocate(u64 offset, u64 length) {
    u64 end;
    if (!checked_add(offset, length, &end) || end > largest_size) return Errno::efbig;
    return populate(offset / page_size, page_up(end) / page_size);
}

Result<void> MemoryObject::punch_hole(u64 offset, u64 length) {
    u64 end;
    if (!checked_add(offset, length, &end)) end = largest_size;
    end = min(end, largest_size);
    if (offset >= end) return {};
    u64 whole_begin = page_up(offset), whole_end = page_down(end);
    {
        WriteGuard guard(lock_);
        if (whole_begin > whole_end) {
            return zero_part(offset, end);
        }
        TRY(zero_part(offset, whole_begin));
        TRY(zero_part(whole_end, end));
    }
    return drop_pages(whole_begin / page_size, whole_end / page_size, false);
}

Result<u64> MemoryObject::seek_data(u64 offset) {
    ReadGuard guard(lock_);
    u64 end = size();
    while (offset < end) {
        if (entry(offset / page_size) != nullptr) return offset;
        offset = page_down(offset) + page_size;
    }
    return Errno::enxio;
}

Result<u64> MemoryObject::seek_hole(u64 offset) {
    ReadGuard guard(lock_);
    u64 end = size();
    if (offset >= end) return Errno::enxio;
    while (offset < end && entry(offset / page_size) != nullptr) offset = page_down(offset) + page_size;
    return min(offset, end);
}

Result<void> MemoryObject::attach(Mapping& mapping) {
    LockGuard guard(mappings_mutex_);
    TRY(mappings_.push(&mapping));
    mapping_count_.store(mappings_.size());
    return {};
}

bool MemoryObject::shared_writable() {
    LockGuard guard(mappings_mutex_);
    for (const Mapping* mapping : mappings_)
        if (mapping->shared && (mapping->max_protection & platform::prot_write) != 0) return true;
    return false;
}

void MemoryObject::detach(Mapping& mapping) {
    LockGuard guard(mappings_mutex_);
    for (usize i = mappings_.size(); i > 0; i--)
        if (mappings_[i - 1] == &mapping) {
            mappings_[i - 1] = mappings_.last();
            mappings_.pop();
            mapping_count_.store(mappings_.size());
            return;
        }
}

}  // namespace litebox
