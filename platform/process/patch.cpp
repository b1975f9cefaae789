#include "platform/process/patch.h"

#include "arch/x86_64/patch_plan.h"
#include "platform/process/eh_frame.h"
#include "platform/process/host.h"
#include "platform/process/state.h"
#include "platform/process/trap.h"

namespace litebox::process {

namespace {

/// Files are patched in parts of this size: small enough to be copied in no time, large enough that the
/// mappings of a library stay few.
constexpr u64 part_size = 64 * 1024;
/// What is read on either side, for functions that reach over a part's border.
constexpr u64 margin = 16 * 1024;
constexpr u64 room_size = 64 * 1024;
/// Patching a part costs as much as some dozens of traps, and short programs make but a few calls in each:
/// the traps of all processes count together, and one in some is looked at, for all of these.
constexpr u32 traps_before_patching = 24, traps_at_a_time = 8;
constexpr u64 trap_accounts = 64;
constexpr u32 cell_count = room_size / arch::trampoline_size;

}  // namespace

/// Patched bytes of a file: [begin, end) of it.
struct TextPart {
    TextPart* next;
    u64 begin, end;
    u8* copy;
};

struct TextVersion {
    TextVersion* next;
    u64 version[5];
    u64 begin, end;   // of the file, what `copies` has room for
    u8* copies;       // side by side as in the file, so that parts beside each other are one mapping
    i64 room_offset;  // from the file's first byte in memory to its trampolines, the same wherever it is
                      // mapped
    TextPart* parts;
    u8* trampolines;
    u32 cells_used;
    u32 traps[trap_accounts];  // by a hash of the part
};

namespace {

void* take_memory(PatchState& patch, u64 length) {
    u64 begin = page_up(patch.next);
    if (begin > patch.end || patch.end - begin < length) return nullptr;
    patch.next = begin + length;
    return reinterpret_cast<void*>(begin);
}

TextVersion* find_version(PatchState& patch, const upcall::Text& text) {
    i64 room_offset = static_cast<i64>(text.room - text.image);
    for (TextVersion* version = patch.versions; version != nullptr; version = version->next)
        if (__builtin_memcmp(version->version, text.version, sizeof(text.version)) == 0 &&
            version->room_offset == room_offset)
            return version;
    return nullptr;
}

/// The version's record; made when absent.
TextVersion* version_of(PatchState& patch, const upcall::Text& text) {
    if (TextVersion* found = find_version(patch, text)) return found;
    auto* version = static_cast<TextVersion*>(take_memory(patch, page_size));
    auto* cells = static_cast<u8*>(take_memory(patch, room_size));
    auto* copies = static_cast<u8*>(take_memory(patch, text.end - text.begin));
    if (version == nullptr || cells == nullptr || copies == nullptr) return nullptr;
    *version = {.next = patch.versions,
                .version = {},
                .begin = text.begin - text.image,
                .end = text.end - text.image,
                .copies = copies,
                .room_offset = static_cast<i64>(text.room - text.image),
                .parts = nullptr,
                .trampolines = cells,
                .cells_used = 1,
                .traps = {}};
    __builtin_memcpy(version->version, text.version, sizeof(text.version));
    // Cell 0 holds the word that all others jump through.
    u64 entry = reinterpret_cast<u64>(litebox_entry);
    __builtin_memcpy(cells, &entry, sizeof(entry));
    patch.versions = version;
    patch.any_versions.store(1, std::memory_order_release);
    return version;
}

/// The code around a part as the guest has it, in the scratch memory.
struct Window {
    u64 address;  // of the first byte
    std::span<u8> bytes;
};

bool read_window(PatchState& patch, const upcall::Text& text, u64 begin, u64 end, Window& window) {
    u64 from = max(text.begin, begin - min(begin, margin)), to = min(text.end, end + margin);
    window = {from, {patch.scratch, to - from}};
    return platform::copy_in(patch.scratch, from, to - from) == to - from;
}

void patch_one(PatchState& patch, TextVersion& version, const upcall::Text& text,
               const FunctionTable& functions, const Window& window, std::span<u8> copy, u64 copy_address,
               u64 site_address) {
    arch::PatchSite site{window.bytes, window.address, site_address, 0, 0};
    functions.find(site_address, &site.function_begin, &site.function_end);
    auto plan = arch::plan_patch(site);
    if (!plan || version.cells_used == cell_count) return;
    u64 cell_address = text.room + u64{version.cells_used} * arch::trampoline_size;
    u8 cell[arch::trampoline_size] = {};
    // The jump must lie in this part as a whole.
    if (site_address - plan->replaced < copy_address) return;
    if (!arch::write_trampoline(site, *plan, cell_address, text.room, patch.magic, cell)) return;
    __builtin_memcpy(version.trampolines + u64{version.cells_used} * arch::trampoline_size, cell,
                     sizeof(cell));
    if (arch::write_jump(copy, copy_address, site, *plan, cell_address)) version.cells_used++;
}

/// The highest bit of each byte that equals `value`, exactly.
u64 bytes_equal(u64 word, u8 value) {
    constexpr u64 ones = 0x0101010101010101, lows = 0x7f * ones;
    word ^= value * ones;
    return ~(((word & lows) + lows) | word | lows);
}

/// Offset of the next two bytes that read as `syscall`, at or after `at`; the size when there is none.
usize find_site(std::span<const u8> bytes, usize at) {
    constexpr u8 first = 0x0f, second = 0x05;
    u64 word, next;
    for (; at + sizeof(word) < bytes.size(); at += sizeof(word)) {
        __builtin_memcpy(&word, bytes.data() + at, sizeof(word));
        __builtin_memcpy(&next, bytes.data() + at + 1, sizeof(next));
        u64 found = bytes_equal(word, first) & bytes_equal(next, second);
        if (found != 0) return at + static_cast<usize>(__builtin_ctzll(found)) / 8;
    }
    for (; at + 1 < bytes.size(); at++)
        if (bytes[at] == first && bytes[at + 1] == second) return at;
    return bytes.size();
}

TextPart* make_part(PatchState& patch, TextVersion& version, const upcall::Text& text, u64 begin, u64 end) {
    Window window{};
    if (!read_window(patch, text, begin, end, window)) return nullptr;
    u64 offset = begin - text.image;
    if (offset < version.begin || end - text.image > version.end) return nullptr;
    auto* part = static_cast<TextPart*>(take_memory(patch, page_size));
    u8* copy = version.copies + (offset - version.begin);
    if (part == nullptr) return nullptr;
    const u8* source = window.bytes.data() + (begin - window.address);
    __builtin_memcpy(copy, source, end - begin);
    FunctionTable functions(text.image);
    std::span<const u8> part_bytes{source, end - begin};
    for (usize at = find_site(part_bytes, 0); at < part_bytes.size(); at = find_site(part_bytes, at + 2))
        patch_one(patch, version, text, functions, window, {copy, end - begin}, begin, begin + at);
    *part = {version.parts, offset, end - text.image, copy};
    version.parts = part;
    return part;
}

Result<void> map_copy(u64 address, u64 length, const void* copy) {
    SandboxState& state = sandbox();
    return host::map(address, length, platform::prot_read | platform::prot_execute, host::map_private,
                     state.arena_file, reinterpret_cast<u64>(copy) - state.arena_base);
}

/// The bytes before a site that has been patched in this process begin with a jump to its trampoline; a trap
/// there comes from a jump to the instruction itself.
bool part_is_mapped(const TextPart& part, u64 image, u64 site) {
    constexpr usize looked_at = 15;
    u64 offset = site - image - part.begin;
    usize length = min<u64>(looked_at, offset);
    u8 there[looked_at] = {};
    if (platform::copy_in(there, site - length, length) != length) return true;
    return __builtin_memcmp(there, part.copy + offset - length, length) == 0;
}

enum class Outcome : u8 { too_early, patched, hopeless };

TextPart* part_at(const TextVersion& version, u64 offset) {
    TextPart* part = version.parts;
    while (part != nullptr && (offset < part->begin || offset >= part->end)) part = part->next;
    return part;
}

Outcome patch_text(const upcall::Text& text, u64 site) {
    PatchState& patch = sandbox().patch;
    LockGuard guard(patch.mutex);
    TextVersion* version = version_of(patch, text);
    if (version == nullptr) return Outcome::hopeless;
    u64 offset = site - text.image;
    TextPart* part = part_at(*version, offset);
    u32& traps = version->traps[offset / part_size % trap_accounts];
    if (part == nullptr && (traps += traps_at_a_time) < traps_before_patching) return Outcome::too_early;
    if (part == nullptr) {
        u64 first = text.image + offset / part_size * part_size;
        part = make_part(patch, *version, text, max(first, text.begin), min(first + part_size, text.end));
    }
    if (part == nullptr) return Outcome::hopeless;
    u64 address = text.image + part->begin, length = part->end - part->begin;
    if (address < text.begin || address + length > text.end || part_is_mapped(*part, text.image, site))
        return Outcome::hopeless;
    if (!map_copy(text.room, room_size, version->trampolines).ok()) return Outcome::hopeless;
    if (!map_copy(address, length, part->copy).ok()) return Outcome::hopeless;
    // Another program may have come to these addresses since.
    for (u64& hopeless : this_block().space->hopeless_sites) hopeless = 0;
    return Outcome::patched;
}

/// Maps every part of the version that was patched before, those beside each other in one go.
void map_patched_parts(const TextVersion& version, const upcall::Text& text) {
    if (version.parts == nullptr || !map_copy(text.room, room_size, version.trampolines).ok()) return;
    u64 last = text.end - text.image;
    for (u64 offset = text.begin - text.image; offset < last;) {
        const TextPart* first = part_at(version, offset);
        if (first == nullptr || first->begin < offset || first->end > last) {
            offset = (offset / part_size + 1) * part_size;
            continue;
        }
        u64 end = first->end;
        for (const TextPart* next; (next = part_at(version, end)) != nullptr && next->end <= last;)
            end = next->end;
        if (!map_copy(text.image + first->begin, end - first->begin, first->copy).ok()) return;
        offset = end;
    }
}

}  // namespace

namespace {

/// One trap in `traps_at_a_time`, spread by multiples of the golden ratio: programs that trap at the same few
/// places again and again would have every eighth at the same one.
bool is_looked_at(u32 trap) {
    constexpr u32 golden = 0x9e3779b1;
    return trap * golden < (u64{1} << 32) / traps_at_a_time;
}

}  // namespace

void patch_site(u64 site) {
    if (!is_looked_at(sandbox().patch.traps.fetch_add(1, std::memory_order_relaxed))) return;
    u64& hopeless = this_block().space->hopeless_sites[site / 2 % platform::Space::hopeless_count];
    if (hopeless == site) return;
    upcall::Text text{};
    bool known = upcall::text_at(site, text) && site + arch::syscall_length <= text.end;
    if (!known || patch_text(text, site) == Outcome::hopeless) hopeless = site;
}

namespace {

bool read_note(u64 cell, arch::TrampolineNote& note) {
    u64 address = cell + arch::trampoline_size - sizeof(note);
    return platform::copy_in(&note, address, sizeof(note)) == sizeof(note) &&
           note.magic == sandbox().patch.magic;
}

}  // namespace

void leave_trampoline(arch::RegisterFrame& frame) {
    u64 cell = frame.rip & ~u64{arch::trampoline_size - 1};
    arch::TrampolineNote note{};
    if (read_note(cell, note)) frame.rip = arch::original_address(note, cell, frame.rip);
}

bool enter_trampoline(arch::RegisterFrame& frame) {
    constexpr u8 jump_opcode = 0xe9;
    constexpr u64 longest_replaced = 15;
    u64 original = frame.rip - 1;
    for (u64 back = arch::jump_length; back < longest_replaced; back++) {
        u8 jump[arch::jump_length];
        u64 begin = original - back;
        if (platform::copy_in(jump, begin, sizeof(jump)) != sizeof(jump) || jump[0] != jump_opcode) continue;
        i32 distance;
        __builtin_memcpy(&distance, jump + 1, sizeof(distance));
        u64 cell = begin + arch::jump_length + static_cast<u64>(i64{distance});
        arch::TrampolineNote note{};
        if (cell % arch::trampoline_size != 0 || !read_note(cell, note)) continue;
        auto moved = arch::moved_address(note, cell, original);
        if (!moved || cell + static_cast<u64>(i64{note.original}) != begin) continue;
        frame.rip = *moved;
        return true;
    }
    return false;
}

}  // namespace litebox::process

namespace litebox::platform {

using namespace process;

void text_mapped(u64 address) {
    PatchState& patch = sandbox().patch;
    upcall::Text text{};
    if (patch.any_versions.load(std::memory_order_acquire) == 0 || !upcall::text_at(address, text)) return;
    LockGuard guard(patch.mutex);
    if (const TextVersion* version = find_version(patch, text)) map_patched_parts(*version, text);
}

}  // namespace litebox::platform
