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

#include "platform/process/abi/rings.h"

extern "C" {
extern const unsigned char litebox_embedded_image[], litebox_embedded_image_end[];
extern const uint64_t litebox_gate_offset;
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));  // the linker: this program
}

namespace litebox::supervisor {

namespace {

constexpr uint64_t four_gib = uint64_t{1} << 32;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
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

/// The segments: what each run gets as a file of its own, the start-up code, the code, the relocations.
const Elf64_Phdr& segment(size_t index) {
    if (segments().size() <= index || segments()[index].p_type != PT_LOAD)
        throw std::runtime_error("sandbox image: not as it was linked");
    return segments()[index];
}

/// Moves everything that names an address by `base`, in a copy of the file's first part.
void relocate(std::span<unsigned char> image, uint64_t base) {
    // All are in the first segment, which is what is relocated for each run.
    const Elf64_Phdr& own = segment(0);
    for (const Elf64_Rela& row : relocations().rows) {
        uint64_t value = base + static_cast<uint64_t>(row.r_addend), within = row.r_offset - own.p_vaddr;
        if (ELF64_R_TYPE(row.r_info) != R_X86_64_RELATIVE || within > own.p_filesz ||
            own.p_filesz - within < sizeof(value) || own.p_offset + own.p_filesz > image.size())
            throw std::runtime_error("sandbox image: unknown relocation");
        memcpy(image.data() + own.p_offset + within, &value, sizeof(value));
    }
    auto* head = reinterpret_cast<Elf64_Ehdr*>(image.data());
    head->e_type = ET_EXEC;
    head->e_entry += base;
    auto* rows = reinterpret_cast<Elf64_Phdr*>(image.data() + head->e_phoff);
    for (int i = 0; i < head->e_phnum; i++) {
        rows[i].p_vaddr += base;
        rows[i].p_paddr += base;
        if (rows[i].p_offset + rows[i].p_filesz > image.size()) rows[i].p_type = PT_NULL;
    }
}

constexpr size_t boot_segment = 1, text_segment = 2;

/// Where in this program's file the embedded image begins.
uint64_t embedded_offset() {
    auto base = reinterpret_cast<uint64_t>(&__ehdr_start);
    auto place = reinterpret_cast<uint64_t>(litebox_embedded_image);
    auto* rows = reinterpret_cast<const Elf64_Phdr*>(base + __ehdr_start.e_phoff);
    uint64_t first = ~uint64_t{0};
    for (int i = 0; i < __ehdr_start.e_phnum; i++)
        if (rows[i].p_type == PT_LOAD) first = std::min<uint64_t>(first, rows[i].p_vaddr - rows[i].p_offset);
    for (int i = 0; i < __ehdr_start.e_phnum; i++) {
        uint64_t begin = base - first + rows[i].p_vaddr;
        if (rows[i].p_type == PT_LOAD && place >= begin && place - begin < rows[i].p_filesz)
            return rows[i].p_offset + (place - begin);
    }
    throw std::runtime_error("sandbox image: not in this program's file");
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

uint64_t text_file_offset() {
    return embedded_offset() + segment(text_segment).p_offset;
}

void seal(int file, unsigned seals) {
    if (fcntl(file, F_ADD_SEALS, seals) != 0) fail("sealing a memory file");
}

int make_image(const process::Windows& windows) {
    const Elf64_Phdr& last = segment(boot_segment);
    const size_t size = last.p_offset + last.p_filesz;
    int file = memfd_create("litebox-sandbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) fail("memfd_create");
    // In place, and its memory at once: a copy to be written out, page by page, takes several times as long.
    if (ftruncate(file, static_cast<off_t>(size)) != 0) fail("ftruncate");
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (memory == MAP_FAILED) fail("writing the sandbox image");
    memcpy(memory, litebox_embedded_image, size);
    relocate({static_cast<unsigned char*>(memory), size}, windows.image);
    munmap(memory, size);
    seal(file, read_only_seals);
    return file;
}

}  // namespace litebox::supervisor
