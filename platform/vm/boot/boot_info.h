// What the loader told us, copied out of its structures: they lie in memory that becomes free.
// PVH start info: Xen's public/arch-x86/hvm/start_info.h.
#pragma once

#include <span>
#include <string_view>

#include "core/base/result.h"
#include "platform/vm/memory/physical.h"

namespace litebox::vm {

/// Page-aligned, ascending, disjoint ranges.
class RangeList {
  public:
    /// Nothing is added where it is empty. False: no room, or it overlaps another.
    bool add(PhysicalRange range);
    /// Takes out what lies in `hole`. False where one range would become two and there is no room for that.
    bool cut(PhysicalRange hole);
    [[nodiscard]] std::span<const PhysicalRange> all() const { return {ranges_, count_}; }

  private:
    static constexpr usize most_ranges_ = 32;
    PhysicalRange ranges_[most_ranges_];
    usize count_ = 0;
};

struct BootInfo {
    static constexpr usize longest_command_line = 4096;

    RangeList ram;
    RangeList usable;            // ram without the first megabyte, the image and the module
    PhysicalRange module{0, 0};  // the first one, to the byte; empty where there is none
    u64 rsdp = 0;
    char command_line_bytes[longest_command_line];
    usize command_line_length = 0;

    [[nodiscard]] std::string_view command_line() const { return {command_line_bytes, command_line_length}; }
    /// The value of the first `name=` of the command line; empty where it is not there.
    [[nodiscard]] std::string_view option(std::string_view name) const;
};

/// How physical memory is read while this is done: adds the offset of the mapping to an address. Physical
/// addresses below 4 GiB are mapped.
struct BootMemory {
    const u8* base;
    PhysicalRange image;  // page-aligned; may not be handed out
};

/// Fills `info` from the structure at `start_info`. The loader is not trusted: a table outside of 4 GiB, too
/// many entries, wrapping ranges are EINVAL, and `problem` says which.
Result<void> read_start_info(u64 start_info, const BootMemory& memory, BootInfo& info,
                             std::string_view& problem);

}  // namespace litebox::vm
