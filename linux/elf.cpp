#include "linux/elf.h"

#include <elf.h>

namespace litebox {

namespace {

constexpr usize header_limit = 128;  // program headers; Linux allows 64 KiB of them
constexpr u64 address_limit = 0x7ffffffff000;

template <typename T>
Result<T> read_at(std::span<const u8> bytes, u64 offset) {
    u64 end;
    if (!checked_add<u64>(offset, sizeof(T), &end) || end > bytes.size()) return Errno::enoexec;
    T value;
    memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

Result<Elf64_Ehdr> read_header(std::span<const u8> head) {
    auto header = TRY(read_at<Elf64_Ehdr>(head, 0));
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return Errno::enoexec;
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) return Errno::enoexec;
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN) return Errno::enoexec;
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0) return Errno::enoexec;
    if (header.e_phnum > header_limit) return Errno::enoexec;
    return header;
}

Result<void> read_exactly(File& file, void* to, usize length, u64 offset) {
    auto cursor = IoCursor::kernel(to, length);
    while (cursor.remaining() > 0)
        if (TRY(file.read(cursor, offset)) == 0) return Errno::enoexec;
    return {};
}

Result<void> add_segment(ElfImage& image, const Elf64_Phdr& p) {
    u64 end, file_end;
    if (p.p_filesz > p.p_memsz) return Errno::einval;
    if (!checked_add(p.p_vaddr, p.p_memsz, &end) || end > address_limit) return Errno::einval;
    if (!checked_add(p.p_offset, p.p_filesz, &file_end) || file_end > u64{1} << 62) return Errno::einval;
    if ((p.p_vaddr & (page_size - 1)) != (p.p_offset & (page_size - 1))) return Errno::einval;
    if (p.p_memsz == 0) return {};
    u8 protection = static_cast<u8>(((p.p_flags & PF_R) != 0 ? platform::prot_read : 0) |
                                    ((p.p_flags & PF_W) != 0 ? platform::prot_write : 0) |
                                    ((p.p_flags & PF_X) != 0 ? platform::prot_execute : 0));
    if (image.segments.empty()) image.lowest = page_down(p.p_vaddr);
    image.lowest = min(image.lowest, page_down(p.p_vaddr));
    image.highest = max(image.highest, page_up(end));
    bool power_of_two = p.p_align != 0 && (p.p_align & (p.p_align - 1)) == 0;
    if (power_of_two && p.p_align <= u64{1} << 30) image.alignment = max<u64>(image.alignment, p.p_align);
    return image.segments.push(ElfSegment{p.p_vaddr, p.p_memsz, p.p_filesz, p.p_offset, protection});
}

Result<void> read_interpreter(ElfImage& image, const Elf64_Phdr& p, File& file) {
    constexpr u64 longest_path = 4096;
    if (p.p_filesz < 2 || p.p_filesz > longest_path) return Errno::enoexec;
    Vector<char> name;
    TRY(name.resize(p.p_filesz));
    TRY(read_exactly(file, name.data(), name.size(), p.p_offset));
    if (name[name.size() - 1] != 0) return Errno::enoexec;
    image.interpreter = TRY(String::from({name.data(), strlen(name.data())}));
    return {};
}

}  // namespace

Result<ElfImage> parse_elf(std::span<const u8> head, File& file) {
    auto header = TRY(read_header(head));
    Vector<Elf64_Phdr> rows;
    TRY(rows.resize(header.e_phnum));
    TRY(read_exactly(file, rows.data(), rows.size() * sizeof(Elf64_Phdr), header.e_phoff));
    ElfImage image;
    image.position_independent = header.e_type == ET_DYN;
    image.entry = header.e_entry;
    image.header_count = header.e_phnum;
    image.header_size = header.e_phentsize;
    image.executable_stack = false;
    for (const Elf64_Phdr& row : rows) {
        if (row.p_type == PT_LOAD) TRY(add_segment(image, row));
        if (row.p_type == PT_INTERP && image.interpreter.empty()) TRY(read_interpreter(image, row, file));
        if (row.p_type == PT_GNU_STACK) image.executable_stack = (row.p_flags & PF_X) != 0;
    }
    if (image.segments.empty()) return Errno::enoexec;
    for (const ElfSegment& segment : image.segments)
        if (header.e_phoff >= segment.offset && header.e_phoff - segment.offset < segment.file_size)
            image.header_address = segment.address + (header.e_phoff - segment.offset);
    return image;
}

}  // namespace litebox
