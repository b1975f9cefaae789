// One entry of a page table, at any level: nothing, a pointer to the next table, a frame that the processor
// sees, or (present bit clear) what this folder notes there.
//
//   bit        present                      not present
//   0          1                            0
//   1..3       writable, user, -            kind
//   4..6       -, accessed, dirty           protection (read, write, execute)
//   7          large page                   large page (kind frame)
//   8          global                       shared
//   9          may be written (the program) huge pages wanted (kind anonymous)
//   10         shared
//   12..       frame                        frame, or source: file number and page of the file
//   63         not executable
//
// An entry of a higher level stands for all pages beneath: its source is that of the first, the others
// follow.
#pragma once

#include "platform/platform.h"
#include "platform/vm/memory/physical.h"

namespace litebox::vm {

enum class Kind : u8 {
    none,
    anonymous,  // zeros
    file,       // pages of a host file
    frame,      // a frame that nobody may touch just now
};

/// Pages beneath an entry of each level.
constexpr u64 pages_of(unsigned level) {
    return u64{1} << 9 * (level - 1);
}
constexpr u64 span_of(unsigned level) {
    return pages_of(level) * page_size;
}
constexpr u64 index_in(u64 address, unsigned level) {
    return address >> (page_shift + 9 * (level - 1)) & 511;
}

inline constexpr unsigned top_level = 4, large_level = 2;
inline constexpr u64 table_entries = 512;

/// Which page of which file, packed into the source of an entry.
struct FileSource {
    static constexpr unsigned index_bits = 32;
    static constexpr u64 most_pages = u64{1} << index_bits, most_files = u64{1} << 16;
    u32 file;
    u64 index;
    [[nodiscard]] u64 packed() const { return u64{file} << index_bits | index; }
    static FileSource of(u64 packed) {
        return {static_cast<u32>(packed >> index_bits), packed & (most_pages - 1)};
    }
};

struct Entry {
    static constexpr u64 present_bit = 1, writable_bit = 2, user_bit = 4, through_bit = 8, uncached_bit = 16,
                         accessed_bit = 32, dirty_bit = 64, large_bit = 128, global_bit = 256,
                         may_write_bit = 512, shared_bit = 1024, no_execute_bit = u64{1} << 63;
    static constexpr u64 frame_mask = 0x000ffffffffff000;
    static constexpr unsigned kind_shift = 1, protection_shift = 4;
    static constexpr u64 absent_shared_bit = 256, huge_bit = 512;

    u64 bits = 0;

    static Entry table(Physical frame, bool user) {
        return {frame | present_bit | writable_bit | accessed_bit | (user ? user_bit : 0)};
    }
    /// What a guest sees. `writable`: writes go through now; else they fault first.
    static Entry page(Physical frame, u8 protection, bool shared, bool large, bool writable) {
        u64 bits = frame | present_bit | user_bit | accessed_bit;
        if (large) bits |= large_bit;
        if ((protection & platform::prot_write) != 0) bits |= may_write_bit;
        if (writable) bits |= writable_bit | dirty_bit;
        if (shared) bits |= shared_bit;
        if ((protection & platform::prot_execute) == 0) bits |= no_execute_bit;
        return {bits};
    }
    static constexpr Entry absent(Kind kind, u8 protection, u64 source, bool shared) {
        return {u64{static_cast<u8>(kind)} << kind_shift | u64{protection} << protection_shift |
                source << page_shift | (shared ? absent_shared_bit : 0)};
    }
    static Entry kept(Physical frame, u8 protection, bool shared, bool large) {
        Entry entry = absent(Kind::frame, protection, frame >> page_shift, shared);
        if (large) entry.bits |= large_bit;
        return entry;
    }

    [[nodiscard]] bool none() const { return bits == 0; }
    [[nodiscard]] bool present() const { return (bits & present_bit) != 0; }
    [[nodiscard]] bool is_table(unsigned level) const {
        return level > 1 && (bits & (present_bit | large_bit)) == present_bit;
    }
    /// Kind::frame for what is present, too.
    [[nodiscard]] Kind kind() const {
        return present() ? Kind::frame : static_cast<Kind>(bits >> kind_shift & 7);
    }
    [[nodiscard]] bool has_frame() const { return kind() == Kind::frame; }
    [[nodiscard]] Physical frame() const { return bits & frame_mask; }
    [[nodiscard]] u64 source() const { return bits >> page_shift; }
    [[nodiscard]] bool large() const { return (bits & large_bit) != 0; }
    [[nodiscard]] bool writable() const { return present() && (bits & writable_bit) != 0; }
    [[nodiscard]] bool shared() const { return (bits & (present() ? shared_bit : absent_shared_bit)) != 0; }
    [[nodiscard]] bool huge() const { return !present() && (bits & huge_bit) != 0; }
    [[nodiscard]] u8 protection() const {
        if (!present()) return static_cast<u8>(bits >> protection_shift & 7);
        return static_cast<u8>(platform::prot_read |
                               ((bits & may_write_bit) != 0 ? platform::prot_write : 0) |
                               ((bits & no_execute_bit) == 0 ? platform::prot_execute : 0));
    }
    [[nodiscard]] Entry with_protection(u8 protection) const {
        constexpr u64 all = u64{7} << protection_shift;
        return {(bits & ~all) | u64{protection} << protection_shift};
    }
    [[nodiscard]] Entry read_only() const { return {bits & ~(writable_bit | dirty_bit)}; }
    /// Of an entry that is not present and no table: what the page `pages` further on would have.
    [[nodiscard]] Entry advanced(u64 pages) const {
        Kind k = kind();
        bool moves = k == Kind::file || k == Kind::frame;
        return {moves ? bits + (pages << page_shift) : bits};
    }
    friend bool operator==(Entry a, Entry b) { return a.bits == b.bits; }
};

inline u64* table_at(Physical frame) {
    return static_cast<u64*>(direct(frame));
}

}  // namespace litebox::vm
