// An address space: the ordered mappings of one guest address space, and every change to them.
#pragma once

#include <atomic>

#include "core/base/lock.h"
#include "core/base/ref.h"
#include "core/memory/memory_object.h"

namespace litebox {

class File;
class Thread;

/// Where the bytes of a mapping come from.
struct MappingSource {
    enum class Kind : u8 { anonymous, object, host_file };
    Kind kind = Kind::anonymous;
    Ref<MemoryObject> object;  // object
    int host_file = -1;        // host_file: descriptor slot of the platform, pinned by `file`
    u64 offset = 0;            // of the mapping's first byte
    Ref<File> file;            // what /proc/self/maps names; keeps the open file alive; may be null
};

struct MapRequest {
    u64 address = 0;  // hint, or exact with `fixed`
    u64 length = 0;   // bytes, rounded up
    u8 protection = 0;
    u8 max_protection =
        platform::prot_read | platform::prot_write | platform::prot_execute;  // what mprotect may give
    bool shared = false;
    bool fixed = false;
    bool no_replace = false;
    bool low_32bit = false;
    bool grows_down = false;
    bool populate = false;
    bool locked = false;
    bool no_reserve = false;
    bool stack = false;
    string_view name;  // "[stack]", "[heap]", "[vdso]" for /proc; static text
    MappingSource source;
};

/// One line of /proc/PID/maps and smaps.
struct MappingView {
    u64 begin, end;
    u8 protection;
    bool shared;
    u64 offset;
    string_view name;
    Ref<File> file;
    u64 resident, locked;
};

struct MemoryCounters {
    u64 virtual_pages, locked_pages, data_pages, stack_pages, text_pages, shared_pages;
};

class AddressSpace : public RefCounted<AddressSpace> {
  public:
    static Result<Ref<AddressSpace>> create(platform::Space* space);
    explicit AddressSpace(platform::Space* space);  // unusable before create() has filled it
    ~AddressSpace();

    Result<u64> map(MapRequest request);
    Result<void> unmap(u64 address, u64 length);
    /// mprotect(2). With `to_start` (PROT_GROWSDOWN) from the beginning of the downward-growing mapping
    /// there.
    Result<void> protect(u64 address, u64 length, u8 protection, bool to_start = false);
    Result<u64> remap(u64 address, u64 old_length, u64 new_length, u64 flags, u64 new_address);  // mremap(2)
    Result<void> remap_file_pages(u64 address, u64 length, u64 offset);  // remap_file_pages(2)
    Result<void> advise(u64 address, u64 length, int advice);            // madvise(2)
    Result<void> sync(u64 address, u64 length, int flags);               // msync(2)
    Result<void> resident(u64 address, u64 length, UserPtr<u8> vector);  // mincore(2)
    Result<void> lock(u64 address, u64 length, bool on_fault);
    Result<void> unlock(u64 address, u64 length);
    Result<void> lock_all(int flags);
    Result<u64> set_break(u64 address);  // brk(2): returns the resulting break
    void set_break_base(u64 address);

    /// Resolves a fault at `address`: true if the access may be repeated; else the signal's number and code
    /// are told.
    struct FaultVerdict {
        bool resolved;
        int signal;  // SIGSEGV or SIGBUS; SIGKILL: the process ends, as there is no memory
        int code;    // SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR
    };
    FaultVerdict handle_fault(u64 address, bool write, bool execute);

    /// For fork: gives `child` (not yet running, block made) a space that is a copy of this one but for
    /// MADV_DONTFORK ranges, and starts it there with `entry`. Other changes to this space wait meanwhile, so
    /// tree and page tables agree.
    Result<void> fork(Thread& child, platform::ThreadEntry entry);
    /// For exec out of a vfork child: a new empty space object for what platform::blank_space will make.
    void bind(platform::Space* space);
    /// In the child, as its first action: MADV_WIPEONFORK and MADV_DONTFORK take effect.
    void finish_fork();
    /// An object lost pages [first, last): they vanish from its mappings here (with `private_copies_too`,
    /// private ones also).
    void revoke(MemoryObject& object, u64 first, u64 last, bool private_copies_too);
    /// For exec: removes everything.
    void clear();
    /// Calls `line` for each mapping in ascending order, without a lock held during the call.
    void for_each(void (*line)(void* context, const MappingView& view), void* context, u64 from = 0);
    MemoryCounters counters();

    /// What lies at an address, whoever maps it where: the MemoryObject (or open host file's inode) and the
    /// offset in it for shared mappings, this space and the address for private ones. For futexes. EFAULT
    /// where nothing is mapped.
    struct Identity {
        const void* object;
        u64 offset;
    };
    Result<Identity> identify(u64 address);

    /// The private, never writable mapping of a file's code at `address`, with the room that was kept for the
    /// platform when it was mapped. Null file: none.
    struct TextMapping {
        u64 begin = 0, end = 0;
        u64 image = 0;  // where the file's first byte lies
        u64 room = 0;   // platform_room_length bytes
        Ref<File> file;
    };
    static constexpr u64 platform_room_length = 64 * 1024;
    TextMapping text_at(u64 address);

    /// Access to another space's memory (process_vm_readv, /proc/PID/mem, ptrace-like readers). Returns bytes
    /// done.
    Result<usize> read_remote(u64 address, std::span<u8> to);
    Result<usize> write_remote(u64 address, std::span<const u8> from);

    [[nodiscard]] platform::Space* platform_space() const { return space_.load(std::memory_order_acquire); }

    std::atomic<u32> host_threads{
        1};  // platform threads that run in it; the last one retires the platform's space

    // Fixed at exec; for auxv, /proc and brk.
    struct Layout {
        u64 code_begin = 0, code_end = 0, data_begin = 0, data_end = 0, stack_top = 0;
        u64 arguments_begin = 0, arguments_end = 0, environment_begin = 0, environment_end = 0;
        u64 auxv_begin = 0, auxv_length = 0;
        u64 vdso = 0;
    } layout;

  private:
    void revoke_here(MemoryObject& object, u64 first, u64 last, bool private_copies_too)
        LITEBOX_REQUIRES(mutex_);
    bool revoke_as_errand(MemoryObject& object, u64 first, u64 last, bool private_copies_too);
    Mapping* find(u64 address) const;                    // that contains it
    [[nodiscard]] usize lower_bound(u64 address) const;  // first mapping that ends above it
    Result<u64> choose_address(const MapRequest& request, u64 length);
    Result<u64> find_gap(u64 length, u64 lowest, u64 highest) const;
    [[nodiscard]] bool range_free(u64 begin, u64 end) const;
    Result<void> split_at(u64 address);
    Result<void> insert(Mapping* mapping);
    void try_merge(usize index);
    Result<void> split_around(u64 begin, u64 end);
    Result<void> remove_range(u64 begin, u64 end);
    Result<void> unmap_range(u64 begin, u64 end);
    [[nodiscard]] bool shows_object(u64 begin, u64 end) const;
    void destroy(Mapping* mapping);
    Result<void> install(Mapping& mapping, u64 begin, u64 end);
    Result<void> install_object(Mapping& mapping, u64 begin, u64 end);
    Result<void> populate_all(Mapping& mapping, u64 begin, u64 end);
    Result<void> install_runs(Mapping& mapping, u64 begin, u64 end);
    Result<u64> map_locked(MapRequest& request);
    Result<void> check_limits(u64 length, const MapRequest& request);
    Result<void> check_data_limit(u64 more);
    Result<void> protect_piece(Mapping& mapping, u8 protection);
    Result<void> advise_piece(Mapping& mapping, u64 begin, u64 end, int advice);
    Result<u64> move_mapping(Mapping& mapping, u64 old_length, u64 new_length, u64 target, bool keep);
    Result<void> grow_in_place(Mapping& mapping, u64 length);
    bool grow_stack(u64 address);
    void make_platform_room(u64 address);
    [[nodiscard]] u64 image_of(const Mapping& mapping) const;
    FaultVerdict resolve(Mapping& mapping, u64 address, bool write, bool execute);
    [[nodiscard]] bool covered(u64 begin, u64 end) const;

    /// A range of plain memory that was unmapped. `held`: inaccessible, but its pages are there.
    struct KeptRange {
        u64 begin = 0, end = 0;
        u8 repeats = 0;
        bool held = false;
    };
    KeptRange* worth_keeping(u64 begin, u64 end);
    bool reuse_kept(const Mapping& mapping);
    void forget_kept(u64 begin, u64 end);
    void drop_kept();

    std::atomic<platform::Space*> space_;  // of a forked copy: null until its parent has it from the platform
    mutable Mutex mutex_{LockRank::space};
    Vector<Mapping*> mappings_;  // ascending, disjoint
    u64 map_base_ = 0;           // top-down search starts here
    u64 next_hint_ = 0;
    u64 break_begin_ = 0, break_end_ = 0;
    u64 total_pages_ = 0, locked_pages_ = 0;
    bool lock_future_ = false;
    static constexpr u32 kept_count = 4;
    KeptRange kept_[kept_count];
    u32 kept_turn_ = 0;
};

}  // namespace litebox
