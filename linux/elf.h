// Reads an ELF executable for loading. Every field is the file's author's word: nothing is used before it is
// checked.
#pragma once

#include "core/base/vector.h"
#include "core/file/file.h"

namespace litebox {

struct ElfSegment {
    u64 address, memory_size, file_size, offset;
    u8 protection;
};

struct ElfImage {
    bool position_independent = false;
    u64 entry = 0;
    u64 header_address = 0;  // of the program headers once loaded, relative to the bias
    u16 header_count = 0;
    u16 header_size = 0;
    bool executable_stack = false;
    u64 lowest = 0, highest = 0;  // of the loadable segments, page aligned
    u64 alignment = page_size;
    Vector<ElfSegment> segments;
    String interpreter;  // empty: none
};

/// `head` is the file's beginning. ENOEXEC: not an ELF for this machine; EINVAL or EIO for a broken one, as
/// Linux answers.
Result<ElfImage> parse_elf(std::span<const u8> head, File& file);

}  // namespace litebox
