// One mapping of an address space: a range with one protection and one source. Guarded by its space's lock.
#pragma once

#include "core/memory/address_space.h"

namespace litebox {

struct Mapping : Pinned {
    u64 begin = 0, end = 0;
    u8 protection = 0, max_protection = 7;
    bool shared = false;
    bool grows_down = false, stack = false, locked = false, no_reserve = false;
    bool dont_fork = false, wipe_on_fork = false, dont_dump = false, huge = false;
    bool was_writable = false;   // its private pages may differ from the file's
    bool platform_room = false;  // the platform's code for patched text; not shown to the guest
    string_view name;
    MappingSource source;
    AddressSpace* space = nullptr;

    [[nodiscard]] u64 length() const { return end - begin; }
    [[nodiscard]] u64 offset_of(u64 address) const { return source.offset + (address - begin); }
    [[nodiscard]] bool anonymous() const { return source.kind == MappingSource::Kind::anonymous; }
    [[nodiscard]] bool of_object() const { return source.kind == MappingSource::Kind::object; }
    /// No page of it is a private copy, so absent ones may be brought in, and present ones mapped anew, at
    /// any time.
    [[nodiscard]] bool mapped_on_demand() const {
        return of_object() && (shared || (source.object->has_source() && !was_writable));
    }
};

}  // namespace litebox
