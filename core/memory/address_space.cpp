#include "core/memory/address_space.h"

#include "core/file/file.h"
#include "core/kernel.h"
#include "core/memory/mapping.h"
#include "core/task/process.h"

namespace litebox {

namespace {

constexpr u64 random_base_pages = u64{1} << 22;  // 16 GiB of randomness for the top-down base

u64 random_below(u64 limit) {
    u64 value = 0;
    platform::fill_entropy({reinterpret_cast<u8*>(&value), sizeof(value)});
    return value % limit;
}

}  // namespace

AddressSpace::AddressSpace(platform::Space* space) : space_(space) {
    map_base_ = platform::space_limits().end - page_size - random_below(random_base_pages) * page_size;
}

Result<Ref<AddressSpace>> AddressSpace::create(platform::Space* space) {
    return make_ref<AddressSpace>(space);
}

AddressSpace::~AddressSpace() {
    for (Mapping* mapping : mappings_) destroy(mapping);
}

void AddressSpace::destroy(Mapping* mapping) {
    if (mapping->source.object) mapping->source.object->detach(*mapping);
    HeapDelete<Mapping>{}(mapping);
}

void AddressSpace::bind(platform::Space* space) {
    space_.store(space, std::memory_order_release);
}

usize AddressSpace::lower_bound(u64 address) const {
    usize low = 0, high = mappings_.size();
    while (low < high) {
        usize middle = (low + high) / 2;
        if (mappings_[middle]->end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

Mapping* AddressSpace::find(u64 address) const {
    usize index = lower_bound(address);
    if (index == mappings_.size() || mappings_[index]->begin > address) return nullptr;
    return mappings_[index];
}

bool AddressSpace::range_free(u64 begin, u64 end) const {
    auto limits = platform::space_limits();
    if (begin < limits.reserved_end && limits.reserved_begin < end) return false;
    usize index = lower_bound(begin);
    return index == mappings_.size() || mappings_[index]->begin >= end;
}

bool AddressSpace::covered(u64 begin, u64 end) const {
    for (usize index = lower_bound(begin); begin < end; index++) {
        if (index == mappings_.size() || mappings_[index]->begin > begin) return false;
        begin = mappings_[index]->end;
    }
    return true;
}

/// Highest gap of `length` within [lowest, highest).
Result<u64> AddressSpace::find_gap(u64 length, u64 lowest, u64 highest) const {
    auto limits = platform::space_limits();
    u64 top = highest;
    usize index = lower_bound(highest - 1);
    if (index < mappings_.size() && mappings_[index]->begin < highest) top = mappings_[index]->begin;
    for (;;) {
        u64 bottom = index > 0 ? mappings_[index - 1]->end : lowest;
        if (index > 0 && mappings_[index - 1]->begin < lowest) bottom = max(bottom, lowest);
        bottom = max(bottom, lowest);
        // The core's own window splits a gap.
        u64 upper_bottom = max(bottom, min(limits.reserved_end, top));
        bool window_inside = limits.reserved_begin < top && bottom < limits.reserved_end;
        if (!window_inside) upper_bottom = bottom;
        if (top > upper_bottom && top - upper_bottom >= length) return top - length;
        if (window_inside && limits.reserved_begin > bottom && limits.reserved_begin - bottom >= length)
            return limits.reserved_begin - length;
        if (index == 0 || mappings_[index - 1]->begin <= lowest) return Errno::enomem;
        index--;
        top = min(top, mappings_[index]->begin);
    }
}

Result<u64> AddressSpace::choose_address(const MapRequest& request, u64 length) {
    auto limits = platform::space_limits();
    u64 address = page_down(request.address), end;
    if (request.fixed) {
        if (!page_aligned(request.address)) return Errno::einval;
        if (!checked_add(address, length, &end) || end > limits.end) return Errno::enomem;
        if (address < limits.lowest) return Errno::eperm;
        if (address < limits.reserved_end && limits.reserved_begin < end) return Errno::enomem;
        if (request.no_replace && !range_free(address, end)) return Errno::eexist;
        return address;
    }
    constexpr u64 low_end = u64{1} << 31, low_begin = u64{1} << 30;
    if (address != 0 && checked_add(address, length, &end) && end <= limits.end) {
        address = max(address, limits.lowest);
        end = address + length;
        if (range_free(address, end) && (!request.low_32bit || end <= low_end)) return address;
    }
    if (request.low_32bit) return find_gap(length, low_begin, low_end);
    if (next_hint_ != 0 && next_hint_ >= length && next_hint_ - length >= limits.lowest) {
        u64 at = next_hint_ - length;
        if (range_free(at, next_hint_)) return at;
    }
    auto below = find_gap(length, limits.lowest, map_base_);
    if (below.ok()) return below;
    return find_gap(length, limits.lowest, limits.end);
}

Result<void> AddressSpace::insert(Mapping* mapping) {
    usize index = lower_bound(mapping->begin);
    forget_kept(mapping->begin, mapping->end);
    TRY(mappings_.push(mapping));
    for (usize i = mappings_.size() - 1; i > index; i--) std::swap(mappings_[i], mappings_[i - 1]);
    total_pages_ += mapping->length() / page_size;
    if (mapping->locked) locked_pages_ += mapping->length() / page_size;
    try_merge(index);
    return {};
}

/// Joins a mapping with its neighbours where nothing tells them apart.
void AddressSpace::try_merge(usize index) {
    auto joins = [](const Mapping& a, const Mapping& b) {
        if (a.end != b.begin || a.protection != b.protection || a.max_protection != b.max_protection ||
            a.shared != b.shared || a.grows_down != b.grows_down || a.stack != b.stack ||
            a.locked != b.locked || a.dont_fork != b.dont_fork || a.wipe_on_fork != b.wipe_on_fork ||
            a.huge != b.huge || a.name != b.name || a.source.kind != b.source.kind ||
            a.no_reserve != b.no_reserve || a.dont_dump != b.dont_dump || a.was_writable != b.was_writable ||
            a.platform_room || b.platform_room)
            return false;
        if (a.anonymous()) return true;
        return a.source.file == b.source.file && a.source.object == b.source.object &&
               a.source.host_file == b.source.host_file && a.source.offset + a.length() == b.source.offset;
    };
    for (usize at : {index + 1, index}) {
        if (at == 0 || at >= mappings_.size() || !joins(*mappings_[at - 1], *mappings_[at])) continue;
        mappings_[at - 1]->end = mappings_[at]->end;
        destroy(mappings_[at]);
        mappings_.remove(at);
    }
}

/// Makes `address` a border between two mappings if it lies inside one.
Result<void> AddressSpace::split_at(u64 address) {
    usize index = lower_bound(address);
    if (index == mappings_.size() || mappings_[index]->begin >= address) return {};
    Mapping& low = *mappings_[index];
    auto high = TRY(make_own<Mapping>());
    high->begin = address;
    high->end = low.end;
    high->protection = low.protection, high->max_protection = low.max_protection;
    high->shared = low.shared, high->grows_down = low.grows_down, high->stack = low.stack,
    high->locked = low.locked;
    high->no_reserve = low.no_reserve, high->dont_fork = low.dont_fork, high->wipe_on_fork = low.wipe_on_fork;
    high->was_writable = low.was_writable, high->platform_room = low.platform_room;
    high->dont_dump = low.dont_dump, high->huge = low.huge, high->name = low.name, high->space = this;
    high->source = low.source;
    high->source.offset = low.offset_of(address);
    if (high->source.object) TRY(high->source.object->attach(*high));
    auto grown = mappings_.push(high.get());
    if (!grown.ok()) {
        if (high->source.object) high->source.object->detach(*high);
        return grown.error();
    }
    for (usize i = mappings_.size() - 1; i > index + 1; i--) std::swap(mappings_[i], mappings_[i - 1]);
    low.end = address;
    (void)high.release();
    return {};
}

/// Afterwards no mapping crosses either end, and remove_range does not fail.
Result<void> AddressSpace::split_around(u64 begin, u64 end) {
    TRY(split_at(begin));
    return split_at(end);
}

bool AddressSpace::shows_object(u64 begin, u64 end) const {
    for (usize i = lower_bound(begin); i < mappings_.size() && mappings_[i]->begin < end; i++)
        if (mappings_[i]->of_object()) return true;
    return false;
}

/// Forgets the mappings in a range; the platform's pages stay as they are. An object may free its pages as
/// soon as its last mapping is forgotten: where there are any, the platform has unmapped them before, or
/// another thread of the program would still reach memory that is somebody else's by then.
Result<void> AddressSpace::remove_range(u64 begin, u64 end) {
    TRY(split_around(begin, end));
    usize first = lower_bound(begin), last = first;
    while (last < mappings_.size() && mappings_[last]->begin < end) {
        Mapping* mapping = mappings_[last++];
        total_pages_ -= mapping->length() / page_size;
        if (mapping->locked) locked_pages_ -= mapping->length() / page_size;
        destroy(mapping);
    }
    usize removed = last - first;
    if (removed == 0) return {};
    for (usize i = last; i < mappings_.size(); i++) mappings_[i - removed] = mappings_[i];
    for (usize i = 0; i < removed; i++) mappings_.pop();
    return {};
}

/// Mappings and pages.
Result<void> AddressSpace::unmap_range(u64 begin, u64 end) {
    TRY(split_around(begin, end));
    TRY(platform::unmap(begin, end - begin));
    return remove_range(begin, end);
}

/// RLIMIT_DATA: what is private and writable, the stack apart.
Result<void> AddressSpace::check_data_limit(u64 more) {
    Thread* thread = current_thread();
    if (thread == nullptr || thread->process == nullptr) return {};
    u64 limit = thread->process->limit(limit_data);
    if (limit == limit_infinity) return {};
    u64 used = 0;
    for (Mapping* mapping : mappings_)
        if (!mapping->shared && (mapping->protection & platform::prot_write) != 0 && !mapping->stack)
            used += mapping->length();
    return used + more > limit ? Result<void>(Errno::enomem) : Result<void>();
}

Result<void> AddressSpace::check_limits(u64 length, const MapRequest& request) {
    Thread* thread = current_thread();
    if (thread == nullptr || thread->process == nullptr) return {};
    u64 pages = length / page_size;
    u64 limit = thread->process->limit(limit_as);
    if (limit != limit_infinity && total_pages_ + pages > limit / page_size) return Errno::enomem;
    bool data = !request.shared && (request.protection & platform::prot_write) != 0 && !request.stack;
    if (data) TRY(check_data_limit(length));
    u64 lock_limit = thread->process->limit(limit_memlock);
    bool locks = request.locked || lock_future_;
    if (locks && lock_limit != limit_infinity && !thread->credentials->capable(cap_ipc_lock) &&
        locked_pages_ + pages > lock_limit / page_size)
        return Errno::eagain;
    return {};
}

Result<u64> AddressSpace::map(MapRequest request) {
    if (request.length == 0) return Errno::einval;
    if (request.length > platform::space_limits().end) return Errno::enomem;
    if (request.shared && request.source.kind == MappingSource::Kind::anonymous) {
        request.source.kind = MappingSource::Kind::object;
        request.source.object = TRY(MemoryObject::create(Ref<PageQuota>(kernel().memory_quota)));
        TRY(request.source.object->resize(page_up(request.length)));
        request.source.offset = 0;
        if (request.name.empty()) request.name = "/dev/zero (deleted)"sv;
    }
    if (!page_aligned(request.source.offset)) return Errno::einval;
    bool populate = request.populate || request.locked || lock_future_;
    bool text =
        !request.shared && request.source.file &&
        (request.protection & (platform::prot_execute | platform::prot_write)) == platform::prot_execute;
    u64 length = page_up(request.length);
    u64 address;
    {
        LockGuard guard(mutex_);
        address = TRY(map_locked(request));
    }
    if (populate && (request.protection & platform::prot_write) != 0)
        (void)platform::advise(address, length, platform::Advice::populate_write);
    if (text) platform::text_mapped(address);
    return address;
}

Result<u64> AddressSpace::map_locked(MapRequest& request) {
    u64 length = page_up(request.length);
    TRY(check_limits(length, request));
    u64 address = TRY(choose_address(request, length));
    if (request.fixed && shows_object(address, address + length))
        TRY(unmap_range(address, address + length));
    else if (request.fixed)
        TRY(remove_range(address, address + length));
    auto mapping = TRY(make_own<Mapping>());
    mapping->begin = address;
    mapping->end = address + length;
    mapping->protection = request.protection;
    mapping->max_protection = request.max_protection;
    mapping->shared = request.shared;
    mapping->grows_down = request.grows_down;
    mapping->stack = request.stack;
    mapping->locked = request.locked || lock_future_;
    mapping->no_reserve = request.no_reserve;
    mapping->was_writable = (request.protection & platform::prot_write) != 0;
    mapping->name = request.name;
    mapping->space = this;
    mapping->source = std::move(request.source);
    if (mapping->source.object) TRY(mapping->source.object->attach(*mapping));
    auto installed = reuse_kept(*mapping) ? Result<void>() : install(*mapping, mapping->begin, mapping->end);
    if (!installed.ok()) {
        (void)platform::unmap(address, length);
        destroy(mapping.release());
        return installed.error();
    }
    TRY(insert(mapping.release()));
    if (!request.fixed) next_hint_ = address;
    make_platform_room(address);
    return address;
}

/// Gives the platform the pages of [begin, end) of a mapping.
Result<void> AddressSpace::install(Mapping& mapping, u64 begin, u64 end) {
    constexpr u64 huge_page = u64{2} << 20;
    switch (mapping.source.kind) {
        case MappingSource::Kind::anonymous:
            TRY(platform::map_anonymous(begin, end - begin, mapping.protection));
            if (end - begin >= 2 * huge_page && !mapping.stack &&
                (mapping.protection & platform::prot_write) != 0)
                (void)platform::advise(begin, end - begin, platform::Advice::huge_page);
            return {};
        case MappingSource::Kind::host_file:
            return platform::map_host_file(begin, end - begin, mapping.protection, mapping.source.host_file,
                                           mapping.offset_of(begin), mapping.shared);
        case MappingSource::Kind::object:
            return install_object(mapping, begin, end);
    }
    return Errno::einval;
}

/// Maps the pages an object has; what it lacks stays inaccessible until a fault. A private mapping gets all
/// pages up to the object's end at once (one that is only read of an object with a source: when it becomes
/// writable), since later changes of protection must not tell its own copies from pages that were never
/// there.
Result<void> AddressSpace::install_object(Mapping& mapping, u64 begin, u64 end) {
    TRY(platform::unmap(begin, end - begin));
    if (!mapping.mapped_on_demand()) TRY(populate_all(mapping, begin, end));
    return install_runs(mapping, begin, end);
}

/// The object gets all pages that the mapping shows there.
Result<void> AddressSpace::populate_all(Mapping& mapping, u64 begin, u64 end) {
    MemoryObject& object = *mapping.source.object;
    u64 first = mapping.offset_of(begin) / page_size;
    u64 last = min(mapping.offset_of(end), page_up(object.size())) / page_size;
    return first < last ? object.populate(first, last) : Result<void>();
}

Result<void> AddressSpace::install_runs(Mapping& mapping, u64 begin, u64 end) {
    MemoryObject& object = *mapping.source.object;
    u64 limit = page_up(object.size());
    for (u64 at = begin; at < end && mapping.offset_of(at) < limit;) {
        u8* first = TRY(object.page(mapping.offset_of(at) / page_size, false));
        u64 run = page_size;
        if (first != nullptr) {
            while (at + run < end && mapping.offset_of(at + run) < limit &&
                   TRY(object.page(mapping.offset_of(at + run) / page_size, false)) == first + run)
                run += page_size;
            TRY(platform::map_pages(at, run, mapping.protection, first, mapping.shared));
        }
        at += run;
    }
    return {};
}

Result<void> AddressSpace::unmap(u64 address, u64 length) {
    u64 end;
    length = length > platform::space_limits().end ? 0 : page_up(length);
    if (!page_aligned(address) || length == 0 || !checked_add(address, length, &end) ||
        end > platform::space_limits().end)
        return Errno::einval;
    LockGuard guard(mutex_);
    usize first = lower_bound(address);
    if (first == mappings_.size() || mappings_[first]->begin >= end) return {};
    KeptRange* kept = worth_keeping(address, end);
    TRY(split_around(address, end));
    auto limits = platform::space_limits();
    if (kept != nullptr) {
        kept->held = platform::protect(address, length, platform::prot_none).ok();
        if (!kept->held) TRY(platform::unmap(address, length));
    } else if (address < limits.reserved_end && limits.reserved_begin < end) {
        if (address < limits.reserved_begin) TRY(platform::unmap(address, limits.reserved_begin - address));
        if (limits.reserved_end < end) TRY(platform::unmap(limits.reserved_end, end - limits.reserved_end));
    } else {
        TRY(platform::unmap(address, length));
    }
    TRY(remove_range(address, end));
    if (next_hint_ != 0 && end > next_hint_ && address <= next_hint_) next_hint_ = 0;
    return {};
}

void AddressSpace::clear() {
    LockGuard guard(mutex_);
    auto limits = platform::space_limits();
    drop_kept();
    // The part below the core's window and the one above it, each in one call.
    usize above = lower_bound(limits.reserved_begin);
    for (auto [first, last] : {std::pair<usize, usize>{0, above}, {above, mappings_.size()}}) {
        if (first == last) continue;
        u64 begin = mappings_[first]->begin, end = mappings_[last - 1]->end;
        (void)platform::unmap(begin, end - begin);
    }
    for (Mapping* mapping : mappings_) destroy(mapping);
    mappings_.clear();
    total_pages_ = locked_pages_ = 0;
    lock_future_ = false;
    break_begin_ = break_end_ = next_hint_ = 0;
    map_base_ = limits.end - page_size - random_below(random_base_pages) * page_size;
}

void AddressSpace::set_break_base(u64 address) {
    LockGuard guard(mutex_);
    break_begin_ = break_end_ = page_up(address);
}

Result<u64> AddressSpace::set_break(u64 address) {
    LockGuard guard(mutex_);
    if (address < break_begin_) return break_end_;
    u64 old_end = page_up(break_end_), new_end = page_up(address);
    if (new_end > old_end) {
        Thread* thread = current_thread();
        u64 limit = thread->process->limit(limit_data);
        if (limit != limit_infinity && address - break_begin_ > limit) return break_end_;
        if (new_end > platform::space_limits().end || !range_free(old_end, new_end)) return break_end_;
        MapRequest request;
        request.address = old_end;
        request.length = new_end - old_end;
        request.protection = platform::prot_read | platform::prot_write;
        request.fixed = true;
        request.name = "[heap]"sv;
        if (!map_locked(request).ok()) return break_end_;
    } else if (new_end < old_end) {
        if (!unmap_range(new_end, old_end).ok()) return break_end_;
    }
    break_end_ = address;
    return address;
}

}  // namespace litebox
