#include "supervisor/image.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "platform/process/abi/rings.h"

extern "C" {
extern const unsigned char litebox_embedded_image[], litebox_embedded_image_end[];
extern const uint64_t litebox_gate_offset;
}

namespace litebox::supervisor {

namespace {

constexpr uint64_t four_gib = uint64_t{1} << 32;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::span<const unsigned char> embedded() {
    return {litebox_embedded_image, litebox_embedded_image_end};
}

const Elf64_Ehdr& header() {
    return *reinterpret_cast<const Elf64_Ehdr*>(litebox_embedded_image);
}
std::span<const Elf64_Phdr> segments() {
    return {reinterpret_cast<const Elf64_Phdr*>(litebox_embedded_image + header().e_phoff), header().e_phnum};
}

uint64_t image_length() {
    uint64_t end = 0;
    for (const Elf64_Phdr& segment : segments())
        if (segment.p_type == PT_LOAD) end = std::max(end, segment.p_vaddr + segment.p_memsz);
    return (end + 4095) & ~uint64_t{4095};
}

uint64_t file_offset(uint64_t address) {
    for (const Elf64_Phdr& segment : segments())
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address < segment.p_vaddr + segment.p_filesz)
            return segment.p_offset + (address - segment.p_vaddr);
    throw std::runtime_error("sandbox image: a relocation outside its segments");
}

struct Relocations {
    std::span<const Elf64_Rela> rows;
};
Relocations relocations() {
    uint64_t table = 0, size = 0;
    for (const Elf64_Phdr& segment : segments()) {
        if (segment.p_type != PT_DYNAMIC) continue;
        auto* row = reinterpret_cast<const Elf64_Dyn*>(litebox_embedded_image + segment.p_offset);
        for (; row->d_tag != DT_NULL; row++) {
            if (row->d_tag == DT_RELA) table = row->d_un.d_ptr;
            if (row->d_tag == DT_RELASZ) size = row->d_un.d_val;
        }
    }
    if (size == 0) return {};
    return {{reinterpret_cast<const Elf64_Rela*>(litebox_embedded_image + file_offset(table)),
             size / sizeof(Elf64_Rela)}};
}

/// Moves everything that names an address by `base`, in a copy of the file.
void relocate(std::vector<unsigned char>& image, uint64_t base) {
    for (const Elf64_Rela& row : relocations().rows) {
        if (ELF64_R_TYPE(row.r_info) != R_X86_64_RELATIVE)
            throw std::runtime_error("sandbox image: unknown relocation");
        uint64_t value = base + static_cast<uint64_t>(row.r_addend);
        memcpy(image.data() + file_offset(row.r_offset), &value, sizeof(value));
    }
    auto* head = reinterpret_cast<Elf64_Ehdr*>(image.data());
    head->e_type = ET_EXEC;
    head->e_entry += base;
    auto* rows = reinterpret_cast<Elf64_Phdr*>(image.data() + head->e_phoff);
    for (int i = 0; i < head->e_phnum; i++) {
        rows[i].p_vaddr += base;
        rows[i].p_paddr += base;
        if (rows[i].p_type == PT_DYNAMIC) rows[i].p_type = PT_NULL;
    }
}

}  // namespace

process::Windows choose_windows(uint64_t arena_length, uint64_t block_length) {
    uint64_t random[2];
    if (getrandom(random, sizeof(random), 0) != sizeof(random)) fail("getrandom");
    process::Windows w{};
    // Between the addresses of position-independent programs and those that mmap hands out from the top.
    constexpr uint64_t lowest = 0x600000000000, choices = 0xe00;
    w.begin = lowest + random[0] % choices * four_gib;
    w.image_length = image_length();
    uint64_t room = (four_gib - w.image_length) / 4096 - 16;
    w.image = w.begin + four_gib + random[1] % room * 4096;
    w.block = w.begin + 2 * four_gib;
    w.block_length = (block_length + 4095) & ~uint64_t{4095};
    w.rings = w.block + (uint64_t{1} << 31);
    w.rings_length = (sizeof(process::Rings) + 4095) & ~uint64_t{4095};
    w.arena = w.begin + 3 * four_gib;
    w.arena_length = (arena_length + four_gib - 1) / four_gib * four_gib;
    w.end = w.arena + w.arena_length;
    return w;
}

uint64_t gate_address(const process::Windows& windows) {
    return windows.image + litebox_gate_offset;
}

void seal(int file, unsigned seals) {
    // The kernel refuses to seal against writing while it holds a page of the file for a moment, in a list of
    // another processor, say.
    constexpr int tries = 20;
    constexpr unsigned pause_us = 5000;
    for (int i = 0; fcntl(file, F_ADD_SEALS, seals) != 0; i++) {
        if (errno != EBUSY || i == tries) fail("sealing a memory file");
        usleep(pause_us);
    }
}

int make_image(const process::Windows& windows) {
    auto source = embedded();
    std::vector<unsigned char> image(source.begin(), source.end());
    relocate(image, windows.image);
    int file = memfd_create("litebox-sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) fail("memfd_create");
    if (write(file, image.data(), image.size()) != static_cast<ssize_t>(image.size()))
        fail("writing the sandbox image");
    seal(file, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return file;
}

}  // namespace litebox::supervisor
