// The loadable segments of a 64-bit ELF image.
#pragma once

#include <optional>
#include <vector>

#include "attest/base/bytes.h"

namespace litebox::attest::measure {

struct ElfSegment {
    uint64_t virtual_address = 0, physical_address = 0;
    uint64_t memory_size = 0;
    ByteView contents;  // at most memory_size; zeros behind
    bool readable = false, writable = false, executable = false;
};

struct ElfImage {
    uint64_t entry = 0;
    std::optional<uint32_t> pvh_entry;  // Xen's note PHYS32_ENTRY
    std::vector<ElfSegment> segments;   // in file order
};
/// x86-64, little-endian; at most 64 segments, in memory at most 1 GiB together. Views point into the image.
Result<ElfImage> parse_elf(ByteView image);

}  // namespace litebox::attest::measure
