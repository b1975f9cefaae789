#include "attest/measure/elf.h"

namespace litebox::attest::measure {

namespace {

constexpr uint32_t type_load = 1, type_note = 4;
constexpr uint32_t flag_execute = 1, flag_write = 2, flag_read = 4;
constexpr uint64_t maximum_memory = uint64_t{1} << 30;
constexpr size_t maximum_segments = 64;

struct ProgramHeader {
    uint32_t type, flags;
    uint64_t offset, virtual_address, physical_address, file_size, memory_size;
};

ProgramHeader read_header(ByteView bytes) {
    Reader reader(bytes);
    ProgramHeader header{};
    header.type = reader.u32();
    header.flags = reader.u32();
    header.offset = reader.u64();
    header.virtual_address = reader.u64();
    header.physical_address = reader.u64();
    header.file_size = reader.u64();
    header.memory_size = reader.u64();
    return header;
}

/// The PVH entry among the notes of a segment, if it is there.
std::optional<uint32_t> find_pvh_entry(ByteView notes) {
    constexpr uint32_t phys32_entry = 18;
    Reader reader(notes);
    while (reader.remaining() >= 12) {
        uint32_t name_size = reader.u32(), size = reader.u32(), type = reader.u32();
        if (name_size > notes.size() || size > notes.size()) return std::nullopt;
        ByteView name = reader.take(name_size);
        reader.skip((4 - name_size % 4) % 4);
        ByteView description = reader.take(size);
        if (reader.failed()) return std::nullopt;
        if (type == phys32_entry && as_text(name) == std::string_view("Xen\0", 4) && size >= 4)
            return load32(description.data());
        reader.skip((4 - size % 4) % 4);
    }
    return std::nullopt;
}

}  // namespace

Result<ElfImage> parse_elf(ByteView image) {
    Reader reader(image);
    ByteView identity = reader.take(16);
    if (reader.failed() || as_text(identity.first(4)) != "\177ELF") return Error{"not an ELF image"};
    uint16_t type = reader.u16(), machine = reader.u16();
    if (identity[4] != 2 || identity[5] != 1 || machine != 62 || (type != 2 && type != 3))
        return Error{"not a 64-bit x86 ELF executable"};
    reader.skip(4);
    ElfImage elf;
    elf.entry = reader.u64();
    uint64_t headers = reader.u64();
    reader.skip(8 + 4 + 2);
    uint16_t header_size = reader.u16(), count = reader.u16();
    if (reader.failed() || header_size != 56) return Error{"an ELF image with a damaged header"};
    uint64_t memory = 0;
    for (uint16_t i = 0; i < count; i++) {
        if (headers > image.size() || image.size() - headers < uint64_t{header_size} * (i + 1))
            return Error{"an ELF image whose program headers lie outside the file"};
        ProgramHeader header = read_header(image.subspan(headers + uint64_t{header_size} * i, header_size));
        if (header.type != type_load && header.type != type_note) continue;
        if (header.offset > image.size() || header.file_size > image.size() - header.offset)
            return Error{"an ELF image with a segment outside the file"};
        ByteView contents = image.subspan(header.offset, header.file_size);
        if (header.type == type_note) {
            if (auto entry = find_pvh_entry(contents)) elf.pvh_entry = entry;
            continue;
        }
        if (header.memory_size == 0) continue;
        if (header.file_size > header.memory_size || header.memory_size > maximum_memory ||
            header.virtual_address > ~uint64_t{0} - 2 * maximum_memory ||
            header.physical_address > ~uint64_t{0} - 2 * maximum_memory)
            return Error{"an ELF image with a segment of impossible size or address"};
        memory += header.memory_size;
        if (elf.segments.size() == maximum_segments || memory > maximum_memory)
            return Error{"an ELF image with more than 64 segments, or more than 1 GiB of them"};
        elf.segments.push_back({header.virtual_address, header.physical_address, header.memory_size, contents,
                                (header.flags & flag_read) != 0, (header.flags & flag_write) != 0,
                                (header.flags & flag_execute) != 0});
    }
    if (elf.segments.empty()) return Error{"an ELF image with nothing to load"};
    return elf;
}

}  // namespace litebox::attest::measure
