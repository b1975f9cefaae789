// Page faults of guests, and of user copies: the right frame is found or made without sleeping.

#include "platform/vm/cpu/interrupts.h"
#include "platform/vm/memory/cache_pages.h"
#include "platform/vm/memory/pages.h"
#include "platform/vm/memory/state.h"
#include "platform/vm/memory/tables.h"

namespace litebox::vm {

namespace {

/// One fault on its way. What it needs and cannot have under the space's lock is fetched between two
/// attempts.
class Fault : Pinned {
  public:
    Fault(Space& space, u64 address, Access access)
        : space_(space), page_(page_down(address)), access_(access) {}
    ~Fault() {
        if (small_ != 0) frames().release(small_);
        if (large_ != 0) frames().release_run(large_, pages_of(large_level));
    }
    FaultAnswer resolve();

  private:
    enum class Step : u8 {
        done,
        again,
        refused,
        blocked,
        no_memory,
        zeroed_frame,
        frame,
        large_frame,
        replace
    };

    Step attempt();
    Step attempt_absent(Slot& slot);
    Step attempt_anonymous(Slot& slot);
    Step attempt_file(Slot& slot);
    Step attempt_frame(Slot& slot);
    Step begin_replacing(Slot& slot);
    Step divide(Slot& slot);
    bool fetch_small(bool zeroed);
    void fetch_large();
    void replace();
    [[nodiscard]] bool permitted(u8 protection) const;
    [[nodiscard]] bool writes() const { return access_ == Access::write; }

    Space& space_;
    u64 page_;
    Access access_;
    Physical small_ = 0, large_ = 0;  // frames in hand
    bool small_is_zero_ = false;
    bool no_large_ = false;  // there was none
    Entry taken_out_;        // the entry whose frame is to be replaced; its frame is retained
};

bool Fault::permitted(u8 protection) const {
    switch (access_) {
        case Access::write:
            return (protection & platform::prot_write) != 0;
        case Access::execute:
            return (protection & platform::prot_execute) != 0;
        default:
            return protection != platform::prot_none;  // as the processor has it
    }
}

FaultAnswer Fault::resolve() {
    for (;;) {
        Step step;
        {
            SpinGuard guard(space_.lock);
            step = attempt();
        }
        constexpr u64 enough = 32;
        switch (step) {
            case Step::done:
                return FaultAnswer::resolved;
            case Step::refused:
                return FaultAnswer::refused;
            case Step::blocked:
                return FaultAnswer::blocked;
            case Step::again:
                break;
            case Step::no_memory:
                if (reclaim_idle(enough) == 0) return FaultAnswer::no_memory;
                break;
            case Step::zeroed_frame:
            case Step::frame:
                if (!fetch_small(step == Step::zeroed_frame) && reclaim_idle(enough) == 0)
                    return FaultAnswer::no_memory;
                break;
            case Step::large_frame:
                fetch_large();
                break;
            case Step::replace:
                replace();
                break;
        }
    }
}

Fault::Step Fault::attempt() {
    Slot slot = find_slot(space_, page_);
    Entry entry = slot.entry();
    if (entry.none() || !permitted(entry.protection())) return Step::refused;
    return entry.has_frame() ? attempt_frame(slot) : attempt_absent(slot);
}

Fault::Step Fault::attempt_absent(Slot& slot) {
    return slot.entry().kind() == Kind::file ? attempt_file(slot) : attempt_anonymous(slot);
}

/// An entry of a higher level becomes a table; what of it this fault is about comes next.
Fault::Step Fault::divide(Slot& slot) {
    return split(slot).ok() ? Step::again : Step::no_memory;
}

Fault::Step Fault::attempt_anonymous(Slot& slot) {
    Entry entry = slot.entry();
    if (slot.level >= large_level && entry.huge() && !no_large_) {
        if (slot.level > large_level) return divide(slot);
        if (large_ == 0) return Step::large_frame;
        bool writable = (entry.protection() & platform::prot_write) != 0;
        set_entry(space_, slot, Entry::page(large_, entry.protection(), false, true, writable));
        large_ = 0;
        return Step::done;
    }
    if (slot.level > 1) return divide(slot);
    if (!writes()) {
        set_entry(space_, slot, Entry::page(frames().zero_frame(), entry.protection(), false, false, false));
        return Step::done;
    }
    if (small_ == 0 || !small_is_zero_) return Step::zeroed_frame;
    set_entry(space_, slot, Entry::page(small_, entry.protection(), false, false, true));
    small_ = 0;
    return Step::done;
}

/// Pages that the cache has are shown, the neighbours too.
Fault::Step Fault::attempt_file(Slot& slot) {
    if (slot.level > 1) {
        FileSource source = FileSource::of(slot.entry().advanced((page_ - slot.begin) / page_size).source());
        Physical there = cached_frame(source.file, source.index);
        if (there == 0) return Step::blocked;
        frames().release(there);
        return divide(slot);
    }
    constexpr u64 around = 16 * page_size;
    u64 begin = page_ & ~(around - 1);
    bool found = false;
    for (u64 at = begin; at < begin + around; at += page_size) {
        Slot near = slot;
        near.begin = at;
        near.path[1] = slot.path[1] + (static_cast<i64>(at - page_) / static_cast<i64>(page_size));
        Entry entry = near.entry();
        if (entry.kind() != Kind::file || entry.protection() == platform::prot_none) continue;
        FileSource source = FileSource::of(entry.source());
        Physical frame = cached_frame(source.file, source.index);
        if (frame == 0) continue;
        set_entry(space_, near, Entry::page(frame, entry.protection(), entry.shared(), false, false));
        drop_file_entries(source.file, 1);
        found |= at == page_;
    }
    if (!found) return Step::blocked;
    return writes() ? Step::again : Step::done;
}

Fault::Step Fault::attempt_frame(Slot& slot) {
    Entry entry = slot.entry();
    if (!writes() || entry.writable()) {
        if (!entry.present()) set_entry(space_, slot, reprotected(entry, entry.protection()));
        return Step::done;  // else another thread was faster, or the processor had an old translation
    }
    if (entry.shared()) {
        if (frames().use_of(entry.frame()) == FrameUse::file) note_writable(entry.frame());
    } else if (!exclusive(entry)) {
        return begin_replacing(slot);
    }
    set_entry(space_, slot,
              Entry::page(entry.frame(), entry.protection(), entry.shared(), entry.large(), true));
    return Step::done;
}

/// Copy-on-write, first half: the old frame goes out of sight, so that no processor reads it any more when
/// others may already write to the copy.
Fault::Step Fault::begin_replacing(Slot& slot) {
    if (slot.level > 1) return divide(slot);
    Entry entry = slot.entry();
    bool of_zeros = entry.frame() == frames().zero_frame();
    if (of_zeros && (small_ == 0 || !small_is_zero_)) return Step::zeroed_frame;
    if (small_ == 0) return Step::frame;
    if (!of_zeros) frames().retain(entry.frame());
    taken_out_ = hidden(entry);
    set_entry(space_, slot, taken_out_);
    return Step::replace;
}

/// Second half.
void Fault::replace() {
    Physical old = taken_out_.frame();
    bool of_zeros = old == frames().zero_frame();
    shoot_down(space_, page_, page_ + page_size);
    if (!of_zeros) {
        copy_page(direct(small_), direct(old));
        small_is_zero_ = false;
    }
    bool replaced = false;
    {
        SpinGuard guard(space_.lock);
        Slot slot = find_slot(space_, page_);
        replaced = slot.level == 1 && slot.entry() == taken_out_;
        if (replaced) {
            set_entry(space_, slot, Entry::page(small_, taken_out_.protection(), false, false, true));
            small_ = 0;
        }
    }
    // This fault's reference, and the one of the entry.
    if (!of_zeros) frames().release(old);
    if (!of_zeros && replaced) frames().release(old);
}

bool Fault::fetch_small(bool zeroed) {
    if (small_ == 0) {
        auto frame = frames().allocate(0, FrameUse::anonymous);
        if (!frame.ok()) return false;
        small_ = frame.value();
        small_is_zero_ = false;
    }
    if (zeroed) zero_pages(direct(small_));
    small_is_zero_ |= zeroed;
    return true;
}

void Fault::fetch_large() {
    // Where memory is short, whole large pages would be wasted on few bytes.
    constexpr u64 share_kept_free = 4;
    bool plenty = frames().free_frames() > frames().total_frames() / share_kept_free;
    auto frame = plenty ? frames().allocate(9, FrameUse::anonymous) : Result<Physical>(Errno::enomem);
    no_large_ = !frame.ok();
    if (no_large_) return;
    large_ = frame.value();
    zero_pages(direct(large_), pages_of(large_level));
}

}  // namespace

FaultAnswer resolve_fault(Space& space, u64 address, Access access) {
    const platform::SpaceLimits limits = platform::space_limits();
    if (address < limits.lowest || address >= limits.end) return FaultAnswer::refused;
    Fault fault(space, address, access);
    return fault.resolve();
}

Result<void> page_in(Space& space, u64 address) {
    const platform::SpaceLimits limits = platform::space_limits();
    if (address < limits.lowest || address >= limits.end) return Errno::efault;
    FileSource source;
    {
        SpinGuard guard(space.lock);
        Slot slot = find_slot(space, page_down(address));
        Entry entry = slot.entry().advanced((page_down(address) - slot.begin) / page_size);
        if (entry.none()) return Errno::efault;
        if (entry.kind() != Kind::file) return {};  // somebody was faster
        source = FileSource::of(entry.source());
        add_file_entries(source.file, 1);
    }
    auto read = read_page(source.file, source.index);
    drop_file_entries(source.file, 1);
    return read;
}

}  // namespace litebox::vm
