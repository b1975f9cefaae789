// Images made for tests: OVMF and TDVF with their tables, ELF kernels.
#pragma once

#include "attest/base/encode.h"
#include "attest/measure/firmware.h"

namespace litebox::attest::measure {

struct TableEntry {
    std::string_view guid;
    Bytes data;
};

/// An image of `size` bytes that ends with a table of GUIDs; `metadata` is put at `metadata_offset`.
inline Bytes make_firmware(size_t size, const std::vector<TableEntry>& entries, size_t metadata_offset,
                           const Bytes& metadata) {
    Bytes image(size, 0xF4);
    put(image, metadata_offset, metadata);
    Bytes table;
    for (const TableEntry& entry : entries) {
        append(table, entry.data);
        append_number(table, entry.data.size() + 18, 2);
        append(table, guid_from(entry.guid));
    }
    append_number(table, table.size() + 18, 2);
    append(table, guid_from("96b582de-1fb2-45f7-baea-a366c55a082d"));
    put(image, size - 32 - table.size(), table);
    return image;
}

inline Bytes number32(uint32_t value) {
    Bytes bytes;
    append_number(bytes, value, 4);
    return bytes;
}

inline Bytes sev_metadata(const std::vector<SnpSection>& sections) {
    Bytes bytes = to_bytes(as_bytes("ASEV"));
    append_number(bytes, 16 + 12 * sections.size(), 4);
    append_number(bytes, 1, 4);
    append_number(bytes, sections.size(), 4);
    for (const SnpSection& section : sections) {
        append_number(bytes, section.gpa, 4);
        append_number(bytes, section.size, 4);
        append_number(bytes, section.type, 4);
    }
    return bytes;
}

inline Bytes tdvf_metadata(const std::vector<TdxSection>& sections) {
    Bytes bytes = to_bytes(as_bytes("TDVF"));
    append_number(bytes, 16 + 32 * sections.size(), 4);
    append_number(bytes, 1, 4);
    append_number(bytes, sections.size(), 4);
    for (const TdxSection& section : sections) {
        append_number(bytes, section.data_offset, 4);
        append_number(bytes, section.data_size, 4);
        append_number(bytes, section.address, 8);
        append_number(bytes, section.size, 8);
        append_number(bytes, section.type, 4);
        append_number(bytes, section.attributes, 4);
    }
    return bytes;
}

struct ElfPart {
    uint64_t virtual_address, physical_address, memory_size;
    uint32_t flags;  // 1 execute, 2 write, 4 read
    Bytes contents;
};

/// A 64-bit ELF image; with a PVH note where `pvh_entry` is not 0.
inline Bytes make_elf(uint64_t entry, const std::vector<ElfPart>& parts, uint32_t pvh_entry = 0) {
    size_t count = parts.size() + (pvh_entry ? 1 : 0);
    Bytes image{0x7F, 'E', 'L', 'F', 2, 1, 1};
    image.resize(16);
    append_number(image, 2, 2);
    append_number(image, 62, 2);
    append_number(image, 1, 4);
    append_number(image, entry, 8);
    append_number(image, 64, 8);
    append_number(image, 0, 8);
    append_number(image, 0, 4);
    for (size_t value : {size_t{64}, size_t{56}, count, size_t{0}, size_t{0}, size_t{0}})
        append_number(image, value, 2);
    Bytes data;
    size_t data_at = 64 + 56 * count;
    auto header = [&](uint32_t type, const ElfPart& part) {
        append_number(image, type, 4);
        append_number(image, part.flags, 4);
        append_number(image, data_at + data.size(), 8);
        append_number(image, part.virtual_address, 8);
        append_number(image, part.physical_address, 8);
        append_number(image, part.contents.size(), 8);
        append_number(image, part.memory_size, 8);
        append_number(image, page_size, 8);
        append(data, part.contents);
    };
    for (const ElfPart& part : parts) header(1, part);
    if (pvh_entry) {
        Bytes note;
        for (uint32_t value : {4u, 4u, 18u}) append_number(note, value, 4);
        append(note, as_bytes(std::string_view("Xen\0", 4)));
        append_number(note, pvh_entry, 4);
        header(4, {0, 0, note.size(), 4, note});
    }
    append(image, data);
    return image;
}

}  // namespace litebox::attest::measure
