// mprotect, mremap, madvise, msync, mincore and mlock.

#include "core/file/file.h"
#include "core/kernel.h"
#include "core/memory/mapping.h"
#include "core/task/process.h"

namespace litebox {

namespace {

/// A page-aligned range inside the guest's part, or an error that the calls share.
struct Range {
    u64 begin, end;
};
Result<Range> checked_range(u64 address, u64 length, Errno out_of_space) {
    if (!page_aligned(address)) return Errno::einval;
    u64 end;
    u64 limit = platform::space_limits().end;
    if (length > limit) return out_of_space;
    if (!checked_add(address, page_up(length), &end) || end > limit) return out_of_space;
    return Range{address, end};
}

}  // namespace

Result<void> AddressSpace::protect_piece(Mapping& mapping, u8 protection) {
    bool had_all = !mapping.mapped_on_demand();
    bool becomes_private = !had_all && !mapping.shared && (protection & platform::prot_write) != 0;
    if (becomes_private) TRY(populate_all(mapping, mapping.begin, mapping.end));
    mapping.protection = protection;
    if ((protection & platform::prot_write) != 0) mapping.was_writable = true;
    if (!had_all) {
        // Pages that are absent stay inaccessible: only those that are there change.
        return install_runs(mapping, mapping.begin, mapping.end);
    }
    u64 end = mapping.end;
    if (mapping.of_object()) {
        u64 limit = page_up(mapping.source.object->size());
        if (mapping.offset_of(mapping.begin) >= limit) return {};
        end = min(end, mapping.begin + (limit - mapping.source.offset));
    }
    return platform::protect(mapping.begin, end - mapping.begin, protection);
}

Result<void> AddressSpace::protect(u64 address, u64 length, u8 protection, bool to_start) {
    if (length == 0 && page_aligned(address)) return {};
    auto range = TRY(checked_range(address, length, Errno::enomem));
    LockGuard guard(mutex_);
    if (to_start) {
        Mapping* stack = find(range.begin);
        if (stack == nullptr || !stack->grows_down) return stack == nullptr ? Errno::enomem : Errno::einval;
        range.begin = stack->begin;
    }
    TRY(split_at(range.begin));
    TRY(split_at(range.end));
    u64 at = range.begin;
    for (usize index = lower_bound(range.begin); at < range.end; index++) {
        if (index >= mappings_.size() || mappings_[index]->begin > at) return Errno::enomem;
        Mapping& mapping = *mappings_[index];
        at = mapping.end;
        if ((protection & ~mapping.max_protection) != 0) return Errno::eacces;
        bool becomes_data = !mapping.shared && !mapping.stack &&
                            (mapping.protection & platform::prot_write) == 0 &&
                            (protection & platform::prot_write) != 0;
        if (becomes_data) TRY(check_data_limit(mapping.length()));
        if (mapping.protection != protection) TRY(protect_piece(mapping, protection));
    }
    // From the end, so that indices below stay right.
    for (usize index = lower_bound(range.end - 1) + 2; index-- > 0;) {
        if (index < mappings_.size() && mappings_[index]->end < range.begin) break;
        if (index < mappings_.size()) try_merge(index);
    }
    return {};
}

/// Lengthens a mapping where it stands.
Result<void> AddressSpace::grow_in_place(Mapping& mapping, u64 length) {
    u64 old_end = mapping.end, new_end = mapping.begin + length;
    u64 limit = platform::space_limits().end;
    if (new_end > limit || !range_free(old_end, new_end)) return Errno::enomem;
    TRY(install(mapping, old_end, new_end));
    mapping.end = new_end;
    total_pages_ += (new_end - old_end) / page_size;
    if (mapping.locked) locked_pages_ += (new_end - old_end) / page_size;
    return {};
}

/// Moves [mapping.begin, +old_length) to `target`. With `keep` (MREMAP_DONTUNMAP) the old range stays, empty.
Result<u64> AddressSpace::move_mapping(Mapping& old, u64 old_length, u64 new_length, u64 target, bool keep) {
    u64 from = old.begin;
    TRY(split_at(from + old_length));
    auto fresh = TRY(make_own<Mapping>());
    fresh->begin = target;
    fresh->end = target + new_length;
    fresh->was_writable = old.was_writable;
    fresh->protection = old.protection, fresh->max_protection = old.max_protection,
    fresh->shared = old.shared;
    fresh->grows_down = old.grows_down, fresh->stack = old.stack, fresh->locked = old.locked;
    fresh->no_reserve = old.no_reserve, fresh->dont_fork = old.dont_fork,
    fresh->wipe_on_fork = old.wipe_on_fork;
    fresh->huge = old.huge, fresh->name = old.name, fresh->space = this, fresh->source = old.source;
    if (fresh->source.object) TRY(fresh->source.object->attach(*fresh));
    Result<void> moved;
    if (old.of_object() && old.shared) {
        moved = install(*fresh, fresh->begin, fresh->end);
    } else {
        u64 kept = min(old_length, new_length);
        moved = platform::move(from, kept, target, kept);
        if (moved.ok() && new_length > kept) moved = install(*fresh, target + kept, target + new_length);
    }
    if (!moved.ok()) {
        (void)platform::unmap(target, new_length);  // of what is installed in part
        destroy(fresh.release());
        return moved.error();
    }
    if (keep)
        TRY(install(old, from, from + old_length));
    else
        TRY(remove_range(from, from + old_length));
    if (!keep) TRY(platform::unmap(from, old_length));
    TRY(insert(fresh.release()));
    return target;
}

Result<u64> AddressSpace::remap(u64 address, u64 old_length, u64 new_length, u64 flags, u64 new_address) {
    constexpr u64 may_move = 1, fixed = 2, dont_unmap = 4;
    if ((flags & ~(may_move | fixed | dont_unmap)) != 0) return Errno::einval;
    if ((flags & fixed) != 0 && (flags & may_move) == 0) return Errno::einval;
    if ((flags & dont_unmap) != 0 && ((flags & may_move) == 0 || page_up(old_length) != page_up(new_length)))
        return Errno::einval;
    u64 limit = platform::space_limits().end;
    if (!page_aligned(address) || new_length == 0 || new_length > limit || old_length > limit)
        return Errno::einval;
    old_length = page_up(old_length);
    new_length = page_up(new_length);
    LockGuard guard(mutex_);
    Mapping* mapping = find(address);
    if (mapping == nullptr) return Errno::efault;
    if (old_length == 0 && !mapping->shared) return Errno::einval;
    if (address + old_length > mapping->end) return Errno::efault;
    bool moving = (flags & (fixed | dont_unmap)) != 0;
    if (!moving && new_length <= old_length) {
        if (new_length < old_length) {
            TRY(unmap_range(address + new_length, address + old_length));
        }
        return address;
    }
    MapRequest growth;
    growth.protection = mapping->protection;
    growth.shared = mapping->shared;
    growth.locked = mapping->locked;
    if (new_length > old_length) TRY(check_limits(new_length - old_length, growth));
    if (!moving && address + old_length == mapping->end &&
        grow_in_place(*mapping, mapping->length() + new_length - old_length).ok())
        return address;
    if ((flags & may_move) == 0) return Errno::enomem;
    MapRequest place;
    place.length = new_length;
    if ((flags & fixed) != 0) {
        u64 target_end;
        if (!page_aligned(new_address) || !checked_add(new_address, new_length, &target_end) ||
            target_end > limit)
            return Errno::einval;
        if (new_address < address + old_length && address < target_end) return Errno::einval;
        place.address = new_address;
        place.fixed = true;
    } else {
        place.address = (flags & dont_unmap) != 0 ? new_address : 0;
    }
    u64 target = TRY(choose_address(place, new_length));
    if (place.fixed) {
        TRY(unmap_range(target, target + new_length));
    }
    TRY(split_at(address));
    mapping = find(address);
    if (old_length == 0) {
        // A second view of a shared mapping.
        u64 whole = mapping->length();
        return move_mapping(*mapping, min(whole, new_length), new_length, target, true);
    }
    return move_mapping(*mapping, old_length, new_length, target, (flags & dont_unmap) != 0);
}

Result<void> AddressSpace::remap_file_pages(u64 address, u64 length, u64 offset) {
    auto range = TRY(checked_range(address, length, Errno::einval));
    MapRequest request;
    {
        LockGuard guard(mutex_);
        Mapping* mapping = find(range.begin);
        bool fits =
            mapping != nullptr && mapping->shared && mapping->of_object() && range.end <= mapping->end;
        if (!fits || range.begin == range.end) return Errno::einval;
        request.protection = mapping->protection;
        request.max_protection = mapping->max_protection;
        request.locked = mapping->locked;
        request.source = mapping->source;
    }
    request.address = range.begin;
    request.length = range.end - range.begin;
    request.shared = request.fixed = request.populate = true;
    request.source.offset = offset;
    TRY(map(std::move(request)));
    return {};
}

namespace {
enum MemoryAdvice : int {
    advice_normal,
    advice_random,
    advice_sequential,
    advice_will_need,
    advice_dont_need,
    advice_free = 8,
    advice_remove,
    advice_dont_fork,
    advice_do_fork,
    advice_mergeable,
    advice_unmergeable,
    advice_huge_page,
    advice_no_huge_page,
    advice_dont_dump,
    advice_do_dump,
    advice_wipe_on_fork,
    advice_keep_on_fork,
    advice_cold,
    advice_page_out,
    advice_populate_read,
    advice_populate_write,
    advice_dont_need_locked,
    advice_collapse,
    advice_poison = 100,
    advice_soft_offline
};
}  // namespace

Result<void> AddressSpace::advise_piece(Mapping& mapping, u64 begin, u64 end, int advice) {
    u64 length = end - begin;
    switch (advice) {
        case advice_dont_need:
            if (mapping.locked) return Errno::einval;
            [[fallthrough]];
        case advice_dont_need_locked:
            // A platform need not remember what lay beneath a private copy.
            if (!mapping.anonymous()) return mapping.shared ? Result<void>() : install(mapping, begin, end);
            return platform::advise(begin, length, platform::Advice::dont_need);
        case advice_free:
            if (!mapping.anonymous() || mapping.shared) return Errno::einval;
            return platform::advise(begin, length, platform::Advice::free);
        case advice_huge_page:
        case advice_no_huge_page:
            mapping.huge = advice == advice_huge_page;
            if (!mapping.anonymous()) return {};
            return platform::advise(
                begin, length,
                advice == advice_huge_page ? platform::Advice::huge_page : platform::Advice::no_huge_page);
        case advice_dont_fork:
            mapping.dont_fork = true;
            return {};
        case advice_do_fork:
            mapping.dont_fork = false;
            return {};
        case advice_dont_dump:
            mapping.dont_dump = true;
            return {};
        case advice_do_dump:
            mapping.dont_dump = false;
            return {};
        case advice_wipe_on_fork:
            if (!mapping.anonymous() || mapping.shared) return Errno::einval;
            mapping.wipe_on_fork = true;
            return {};
        case advice_keep_on_fork:
            mapping.wipe_on_fork = false;
            return {};
        default:
            return {};
    }
}

Result<void> AddressSpace::advise(u64 address, u64 length, int advice) {
    bool known = (advice >= advice_normal && advice <= advice_dont_need) ||
                 (advice >= advice_free && advice <= advice_collapse);
    if (advice == advice_poison || advice == advice_soft_offline) return Errno::eperm;
    if (!known) return Errno::einval;
    if (length == 0 && page_aligned(address)) return {};
    auto range = TRY(checked_range(address, length, Errno::einval));
    struct Hole {
        Ref<MemoryObject> object;
        u64 offset, length;
    };
    Vector<Hole> holes;
    bool unmapped = false;
    {
        LockGuard guard(mutex_);
        bool splits = advice >= advice_dont_fork && advice <= advice_keep_on_fork;
        if (splits) {
            TRY(split_at(range.begin));
            TRY(split_at(range.end));
        }
        u64 at = range.begin;
        for (usize index = lower_bound(range.begin); at < range.end; index++) {
            if (index >= mappings_.size() || mappings_[index]->begin >= range.end) {
                unmapped = true;
                break;
            }
            Mapping& mapping = *mappings_[index];
            unmapped |= mapping.begin > at;
            u64 begin = max(at, mapping.begin), end = min(range.end, mapping.end);
            at = mapping.end;
            if (advice == advice_remove) {
                if (!mapping.of_object() || !mapping.shared) return Errno::einval;
                if ((mapping.max_protection & platform::prot_write) == 0) return Errno::eacces;
                TRY(holes.push(Hole{mapping.source.object, mapping.offset_of(begin), end - begin}));
            } else if (advice == advice_populate_read || advice == advice_populate_write) {
                u8 needed = advice == advice_populate_write ? platform::prot_write : platform::prot_read;
                if ((mapping.protection & needed) == 0) return Errno::einval;
            } else {
                TRY(advise_piece(mapping, begin, end, advice));
            }
        }
    }
    for (Hole& hole : holes) TRY(hole.object->punch_hole(hole.offset, hole.length));
    if (unmapped) return Errno::enomem;
    if (advice == advice_populate_read || advice == advice_populate_write)
        return fault_in(range.begin, range.end - range.begin, advice == advice_populate_write);
    return {};
}

Result<void> AddressSpace::sync(u64 address, u64 length, int flags) {
    constexpr int async = 1, invalidate = 2, synchronous = 4;
    if ((flags & ~(async | invalidate | synchronous)) != 0 ||
        (flags & (async | synchronous)) == (async | synchronous))
        return Errno::einval;
    auto range = TRY(checked_range(address, length, Errno::enomem));
    if (range.begin == range.end) return {};
    Vector<Ref<File>> files;
    {
        LockGuard guard(mutex_);
        bool whole = covered(range.begin, range.end);
        for (usize i = lower_bound(range.begin); i < mappings_.size() && mappings_[i]->begin < range.end;
             i++) {
            if ((flags & invalidate) != 0 && mappings_[i]->locked) return Errno::ebusy;
            if (mappings_[i]->shared && mappings_[i]->source.file) TRY(files.push(mappings_[i]->source.file));
        }
        if (!whole) return Errno::enomem;
    }
    if ((flags & synchronous) != 0)
        for (auto& file : files) TRY(file->sync());
    return {};
}

Result<void> AddressSpace::resident(u64 address, u64 length, UserPtr<u8> vector) {
    auto range = TRY(checked_range(address, length, Errno::enomem));
    constexpr usize batch = 256;
    u8 flags[batch];
    for (u64 at = range.begin; at < range.end;) {
        usize count = 0;
        {
            LockGuard guard(mutex_);
            for (; at < range.end && count < batch; at += page_size, count++) {
                Mapping* mapping = find(at);
                if (mapping == nullptr) return Errno::enomem;
                bool here = true;
                if (mapping->of_object())
                    here = TRY(mapping->source.object->page(mapping->offset_of(at) / page_size, false)) !=
                           nullptr;
                flags[count] = here ? 1 : 0;
            }
        }
        TRY(vector.offset((at - range.begin) / page_size - count).write_array({flags, count}));
    }
    return {};
}

Result<void> AddressSpace::lock(u64 address, u64 length, bool on_fault) {
    auto range = TRY(checked_range(page_down(address), length + (address & (page_size - 1)), Errno::enomem));
    Thread& thread = *current_thread();
    u64 limit = thread.process->limit(limit_memlock);
    bool privileged = thread.credentials->capable(cap_ipc_lock);
    if (!privileged && limit == 0) return Errno::eperm;
    {
        LockGuard guard(mutex_);
        u64 wanted = (range.end - range.begin) / page_size;
        for (usize i = lower_bound(range.begin); i < mappings_.size() && mappings_[i]->begin < range.end; i++)
            if (mappings_[i]->locked)
                wanted -=
                    (min(range.end, mappings_[i]->end) - max(range.begin, mappings_[i]->begin)) / page_size;
        if (!privileged && limit != limit_infinity && locked_pages_ + wanted > limit / page_size)
            return Errno::enomem;
        if (!covered(range.begin, range.end)) return Errno::enomem;
        TRY(split_at(range.begin));
        TRY(split_at(range.end));
        for (usize i = lower_bound(range.begin); i < mappings_.size() && mappings_[i]->begin < range.end;
             i++) {
            if (!mappings_[i]->locked) locked_pages_ += mappings_[i]->length() / page_size;
            mappings_[i]->locked = true;
        }
    }
    if (!on_fault) (void)fault_in(range.begin, range.end - range.begin, false);
    return {};
}

Result<void> AddressSpace::unlock(u64 address, u64 length) {
    auto range = TRY(checked_range(page_down(address), length + (address & (page_size - 1)), Errno::enomem));
    LockGuard guard(mutex_);
    if (!covered(range.begin, range.end)) return Errno::enomem;
    TRY(split_at(range.begin));
    TRY(split_at(range.end));
    for (usize i = lower_bound(range.begin); i < mappings_.size() && mappings_[i]->begin < range.end; i++) {
        if (mappings_[i]->locked) locked_pages_ -= mappings_[i]->length() / page_size;
        mappings_[i]->locked = false;
    }
    return {};
}

Result<void> AddressSpace::lock_all(int flags) {
    constexpr int current = 1, future = 2, on_fault = 4;
    if ((flags & ~(current | future | on_fault)) != 0 || (flags & (current | future)) == 0) {
        if (flags != 0) return Errno::einval;
    }
    Thread& thread = *current_thread();
    u64 limit = thread.process->limit(limit_memlock);
    bool privileged = thread.credentials->capable(cap_ipc_lock);
    LockGuard guard(mutex_);
    if (flags != 0 && !privileged) {
        if (limit == 0) return Errno::eperm;
        if ((flags & current) != 0 && limit != limit_infinity && total_pages_ > limit / page_size)
            return Errno::enomem;
    }
    lock_future_ = (flags & future) != 0;
    if (flags != 0 && (flags & current) == 0) return {};
    locked_pages_ = flags != 0 ? total_pages_ : 0;
    for (Mapping* mapping : mappings_) mapping->locked = flags != 0;
    return {};
}

}  // namespace litebox
