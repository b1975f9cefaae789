#include "platform/process/eh_frame.h"

#include "platform/platform.h"

namespace litebox::process {

namespace {

template <typename T>
bool read(u64 address, T* value) {
    return platform::copy_in(value, address, sizeof(T)) == sizeof(T);
}

struct ElfHeader {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, program_headers, section_headers;
    u32 flags;
    u16 size, program_header_size, program_header_count;
};
struct ProgramHeader {
    u32 type, flags;
    u64 offset, address, physical, file_size, memory_size, alignment;
};
constexpr u32 elf_magic = 0x464c457f, type_load = 1, type_eh_frame = 0x6474e550;
constexpr u64 most_headers = 64;

struct TableHeader {
    u8 version, frame_encoding, count_encoding, table_encoding;
    i32 frame;
    u32 count;
};
constexpr u8 encoding_pcrel_sdata4 = 0x1b, encoding_udata4 = 0x03, encoding_datarel_sdata4 = 0x3b;

struct TableEntry {
    i32 function, description;  // relative to the table's header
};

/// The common part's augmentation names a signal frame ("zRS").
bool is_signal_frame(u64 common) {
    struct Common {
        u32 length, id;
        u8 version;
        char augmentation[7];
    } part{};
    if (!read(common, &part)) return false;
    for (char letter : part.augmentation) {
        if (letter == 0) return false;
        if (letter == 'S') return true;
    }
    return false;
}

u64 plus(u64 base, i32 distance) {
    return base + static_cast<u64>(i64{distance});
}

}  // namespace

FunctionTable::FunctionTable(u64 image) {
    ElfHeader elf{};
    u32 magic = 0;
    if (!read(image, &elf)) return;
    __builtin_memcpy(&magic, elf.ident, sizeof(magic));
    if (magic != elf_magic || elf.program_header_size != sizeof(ProgramHeader)) return;
    u64 first_address = ~u64{0}, table = 0;
    for (u64 i = 0; i < min<u64>(elf.program_header_count, most_headers); i++) {
        ProgramHeader header{};
        if (!read(image + elf.program_headers + i * sizeof(header), &header)) return;
        if (header.type == type_load && first_address == ~u64{0})
            first_address = header.address - header.offset;
        if (header.type == type_eh_frame) table = header.address;
    }
    if (table == 0 || first_address == ~u64{0}) return;
    u64 address = image + table - first_address;
    TableHeader header{};
    if (!read(address, &header) || header.version != 1 || header.frame_encoding != encoding_pcrel_sdata4 ||
        header.count_encoding != encoding_udata4 || header.table_encoding != encoding_datarel_sdata4)
        return;
    header_ = address;
    table_ = address + sizeof(header);
    count_ = header.count;
}

bool FunctionTable::read_entry(u64 index, u64* function, u64* description) const {
    TableEntry entry{};
    if (!read(table_ + index * sizeof(entry), &entry)) return false;
    *function = plus(header_, entry.function);
    *description = plus(header_, entry.description);
    return true;
}

void FunctionTable::find(u64 address, u64* begin, u64* end) const {
    u64 low = 0, high = count_, function = 0, description = 0;
    while (low < high) {
        u64 middle = (low + high) / 2;
        if (!read_entry(middle, &function, &description)) return;
        if (function <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || !read_entry(low - 1, &function, &description)) return;
    // Length, pointer to the common part, begin, size: as every compiler for this processor writes them.
    struct Description {
        u32 length, common;
        i32 begin;
        u32 size;
    } frame{};
    if (!read(description, &frame) || plus(description + 8, frame.begin) != function) return;
    if (address - function >= frame.size) return;
    // A signal's return code is described from one byte before it on, so that unwinders which step back find
    // it.
    bool signal_return = is_signal_frame(description + sizeof(u32) - frame.common);
    *begin = function + (signal_return ? 1 : 0);
    *end = function + frame.size;
}

}  // namespace litebox::process
