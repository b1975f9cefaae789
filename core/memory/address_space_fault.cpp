// Faults, fork, and views of an address space from outside.

#include "core/file/file.h"
#include "core/kernel.h"
#include "core/memory/mapping.h"
#include "core/task/lifecycle.h"
#include "core/task/process.h"
#include "core/task/signal_send.h"

namespace litebox {

namespace {

constexpr int segv_map_error = 1, segv_access_error = 2, bus_address_error = 2;
constexpr AddressSpace::FaultVerdict resolved_verdict{true, 0, 0};
constexpr u64 fault_around_pages = 16;

AddressSpace::FaultVerdict refusal(int signal, int code) {
    return {false, signal, code};
}

/// What becomes of the verdict once the platform has done what it can. Where memory has run out, processes
/// end until there is some: the access does not fail.
AddressSpace::FaultVerdict bring_page(AddressSpace::FaultVerdict verdict, u64 address) {
    for (;;) {
        auto brought = platform::page_in(address);
        if (brought.ok()) return resolved_verdict;
        if (brought.error() != Errno::enomem) return verdict;
        if (end_largest_process()) return {false, sigkill, code_kernel};
        platform::yield();
    }
}

}  // namespace

AddressSpace::FaultVerdict AddressSpace::resolve(Mapping& mapping, u64 address, bool write, bool execute) {
    u8 wanted = static_cast<u8>(write ? platform::prot_write
                                      : (execute ? platform::prot_execute : platform::prot_read));
    bool readable =
        (mapping.protection & (platform::prot_read | platform::prot_write | platform::prot_execute)) != 0;
    bool allowed = wanted == platform::prot_read ? readable : (mapping.protection & wanted) != 0;
    if (!allowed) return refusal(sigsegv, segv_access_error);
    u64 page = page_down(address);
    if (mapping.anonymous()) {
        // Another thread changed the mapping between the fault and now, or the platform lost the page.
        if (!platform::protect(page, page_size, mapping.protection).ok())
            return refusal(sigbus, bus_address_error);
        return resolved_verdict;
    }
    if (mapping.source.kind == MappingSource::Kind::host_file) return refusal(sigbus, bus_address_error);
    MemoryObject& object = *mapping.source.object;
    u64 limit = page_up(object.size());
    if (mapping.offset_of(page) >= limit) return refusal(sigbus, bus_address_error);
    u64 end = min(mapping.end, page + fault_around_pages * page_size);
    end = min(end, page + (limit - mapping.offset_of(page)));
    if (!mapping.mapped_on_demand()) end = page + page_size;
    u64 first = mapping.offset_of(page) / page_size, last = mapping.offset_of(end) / page_size;
    // A source decides by itself what it brings ahead.
    bool around = !object.has_source() && object.populate(first, last).ok();
    if (!around && !object.page(first, true).ok()) return refusal(sigbus, bus_address_error);
    if (!install_runs(mapping, page, end).ok()) return refusal(sigbus, bus_address_error);
    return resolved_verdict;
}

/// A stack that grows down reaches `address`: true if it was extended.
bool AddressSpace::grow_stack(u64 address) {
    constexpr u64 guard_gap = 256 * page_size;
    usize index = lower_bound(address);
    if (index == mappings_.size() || !mappings_[index]->grows_down) return false;
    Mapping& stack = *mappings_[index];
    u64 begin = page_down(address);
    u64 limit = current_thread()->process->limit(limit_stack);
    if (limit != limit_infinity && stack.end - begin > limit) return false;
    u64 floor = index > 0 ? mappings_[index - 1]->end : platform::space_limits().lowest;
    bool guarded = index > 0 && (mappings_[index - 1]->protection != 0 || mappings_[index - 1]->grows_down);
    if (begin < floor || (guarded && begin - floor < guard_gap)) return false;
    if (!range_free(begin, stack.begin)) return false;
    if (!platform::map_anonymous(begin, stack.begin - begin, stack.protection).ok()) return false;
    total_pages_ += (stack.begin - begin) / page_size;
    stack.begin = begin;
    return true;
}

AddressSpace::FaultVerdict AddressSpace::handle_fault(u64 address, bool write, bool execute) {
    auto limits = platform::space_limits();
    if (address >= limits.end) return refusal(sigsegv, segv_map_error);
    FaultVerdict verdict{};
    bool bring = false;
    {
        LockGuard guard(mutex_);
        Mapping* mapping = find(address);
        if (mapping == nullptr) {
            if (grow_stack(address)) return resolved_verdict;
            return refusal(sigsegv, segv_map_error);
        }
        verdict = resolve(*mapping, address, write, execute);
        bool of_host_file = mapping->source.kind == MappingSource::Kind::host_file;
        bring = verdict.resolved || (of_host_file && verdict.signal == sigbus);
    }
    // The page may only have to be read, or to wait for memory. That can take long: not under the lock.
    return bring ? bring_page(verdict, address) : verdict;
}

Result<AddressSpace::Identity> AddressSpace::identify(u64 address) {
    LockGuard guard(mutex_);
    Mapping* mapping = find(address);
    if (mapping == nullptr) return Errno::efault;
    if (!mapping->shared) return Identity{this, address};
    if (mapping->of_object()) return Identity{mapping->source.object.get(), mapping->offset_of(address)};
    const void* inode = mapping->source.file ? mapping->source.file->inode().get() : nullptr;
    return Identity{inode, mapping->offset_of(address)};
}

Result<void> AddressSpace::fork(Thread& child, platform::ThreadEntry entry) {
    auto copy = TRY(create(nullptr));
    /// Who waits for the copy to be bound (revoke) learns that it never will be.
    struct Failed {
        AddressSpace* copy;
        ~Failed() {
            if (copy != nullptr) copy->host_threads.store(0);
        }
    } failed{copy.get()};
    LockGuard members(child.process->signal_mutex);  // whoever looks at the child finds no half-made copy
    LockGuard guard(mutex_);
    drop_kept();
    TRY(copy->mappings_.reserve(mappings_.size() + 1));
    for (Mapping* mapping : mappings_) {
        auto same = TRY(make_own<Mapping>());
        same->begin = mapping->begin, same->end = mapping->end, same->protection = mapping->protection;
        same->max_protection = mapping->max_protection, same->shared = mapping->shared;
        same->grows_down = mapping->grows_down, same->stack = mapping->stack,
        same->no_reserve = mapping->no_reserve;
        same->was_writable = mapping->was_writable, same->platform_room = mapping->platform_room;
        same->dont_fork = mapping->dont_fork, same->wipe_on_fork = mapping->wipe_on_fork;
        same->dont_dump = mapping->dont_dump, same->huge = mapping->huge, same->name = mapping->name;
        same->space = copy.get();
        same->source = mapping->source;
        if (same->source.object) TRY(same->source.object->attach(*same));
        TRY(copy->mappings_.push(same.release()));
    }
    copy->map_base_ = map_base_, copy->next_hint_ = next_hint_;
    copy->break_begin_ = break_begin_, copy->break_end_ = break_end_;
    copy->total_pages_ = total_pages_;
    copy->layout = layout;
    child.space = copy;
    auto space = platform::clone_space(child.block, entry);
    if (!space.ok()) {
        child.space = nullptr;
        return space.error();
    }
    copy->bind(space.value());
    failed.copy = nullptr;
    return {};
}

void AddressSpace::finish_fork() {
    // The child may run before its parent knows the space that the platform made: an exit now would retire
    // none.
    while (platform_space() == nullptr) platform::yield();
    LockGuard guard(mutex_);
    for (usize i = mappings_.size(); i > 0; i--) {
        Mapping& mapping = *mappings_[i - 1];
        if (mapping.wipe_on_fork)
            (void)platform::map_anonymous(mapping.begin, mapping.length(), mapping.protection);
        if (!mapping.dont_fork) continue;
        (void)unmap_range(mapping.begin, mapping.end);
    }
}

namespace {
struct Revocation {
    AddressSpace* space;
    MemoryObject* object;
    u64 first, last;
    bool private_copies_too;
    bool done;
};
}  // namespace

void AddressSpace::revoke(MemoryObject& object, u64 first, u64 last, bool private_copies_too) {
    Thread* thread = current_thread();
    if (thread == nullptr || thread->space.get() != this) {
        platform::Space* there = platform_space();
        // A copy that a fork is making shows the pages already.
        for (; there == nullptr; there = platform_space()) {
            if (host_threads.load() == 0) return;
            platform::yield();
        }
        Revocation revocation{this, &object, first, last, private_copies_too, false};
        auto action = [](void* argument) {
            auto& r = *static_cast<Revocation*>(argument);
            r.done = r.space->revoke_as_errand(*r.object, r.first, r.last, r.private_copies_too);
        };
        while (platform::run_in_space(there, action, &revocation).ok() && !revocation.done) platform::yield();
        return;
    }
    LockGuard guard(mutex_);
    revoke_here(object, first, last, private_copies_too);
}

/// On whatever thread of the space was kicked: it may sleep for a lock and hold this one. Then another time.
bool AddressSpace::revoke_as_errand(MemoryObject& object, u64 first, u64 last, bool private_copies_too) {
    // Its host process may have ended, and be another's by now.
    if (host_threads.load() == 0) return true;
    if (!mutex_.try_lock()) return false;
    revoke_here(object, first, last, private_copies_too);
    mutex_.unlock();
    return true;
}

void AddressSpace::revoke_here(MemoryObject& object, u64 first, u64 last, bool private_copies_too) {
    for (Mapping* mapping : mappings_) {
        if (!mapping->of_object() || mapping->source.object.get() != &object) continue;
        if (!mapping->shared && !private_copies_too) continue;
        u64 map_first = mapping->source.offset / page_size,
            map_last = map_first + mapping->length() / page_size;
        u64 from = max(first, map_first), to = min(last, map_last);
        if (from >= to) continue;
        (void)platform::unmap(mapping->begin + (from - map_first) * page_size, (to - from) * page_size);
    }
}

void AddressSpace::for_each(void (*line)(void*, const MappingView&), void* context, u64 from) {
    for (;;) {
        MappingView view;
        {
            LockGuard guard(mutex_);
            usize index = lower_bound(from);
            if (index == mappings_.size()) return;
            Mapping& mapping = *mappings_[index];
            from = mapping.end;
            if (mapping.platform_room) continue;
            view = {mapping.begin,
                    mapping.end,
                    mapping.protection,
                    mapping.shared,
                    mapping.source.offset,
                    mapping.name,
                    mapping.source.file,
                    mapping.length() / page_size,
                    mapping.locked ? mapping.length() / page_size : 0};
            if (mapping.anonymous()) view.offset = 0;
        }
        line(context, view);
    }
}

MemoryCounters AddressSpace::counters() {
    MemoryCounters counters{};
    LockGuard guard(mutex_);
    counters.virtual_pages = total_pages_;
    counters.locked_pages = locked_pages_;
    for (Mapping* mapping : mappings_) {
        u64 pages = mapping->length() / page_size;
        if (mapping->stack)
            counters.stack_pages += pages;
        else if ((mapping->protection & platform::prot_execute) != 0)
            counters.text_pages += pages;
        else if (!mapping->shared && (mapping->protection & platform::prot_write) != 0)
            counters.data_pages += pages;
        if (mapping->shared) counters.shared_pages += pages;
    }
    return counters;
}

namespace {

/// A copy between guest memory of another space and kernel memory, done by a thread of that space.
struct RemoteCopy {
    AddressSpace* space;
    u64 address;
    u8* bytes;
    usize length;
    bool write;
    usize done;
};

void copy_there(void* argument) {
    auto& copy = *static_cast<RemoteCopy*>(argument);
    copy.done = copy.write ? platform::copy_out(copy.address, copy.bytes, copy.length)
                           : platform::copy_in(copy.bytes, copy.address, copy.length);
}

/// In the other space, or in what became of its host process when it has ended.
void copy_if_there(void* argument) {
    if (static_cast<RemoteCopy*>(argument)->space->host_threads.load() != 0) copy_there(argument);
}

Result<usize> remote(AddressSpace& space, platform::Space* there, u64 address, u8* bytes, usize length,
                     bool write) {
    RemoteCopy copy{&space, address, bytes, length, write, 0};
    bool here = current_thread()->space.get() == &space;
    for (;;) {
        usize before = copy.done;
        RemoteCopy rest{&space, address + before, bytes + before, length - before, write, 0};
        if (here || there == nullptr)
            copy_there(&rest);
        else
            TRY(platform::run_in_space(there, copy_if_there, &rest));
        copy.done += rest.done;
        if (copy.done == length || !here) break;
        if (!space.handle_fault(address + copy.done, write, false).resolved) break;
    }
    if (copy.done == 0 && length > 0) return Errno::efault;
    return copy.done;
}

}  // namespace

Result<usize> AddressSpace::read_remote(u64 address, std::span<u8> to) {
    return remote(*this, platform_space(), address, to.data(), to.size(), false);
}

Result<usize> AddressSpace::write_remote(u64 address, std::span<const u8> from) {
    return remote(*this, platform_space(), address, const_cast<u8*>(from.data()), from.size(), true);
}

}  // namespace litebox
