// Turning `syscall` instructions into jumps: which bytes before one can be replaced by `jmp rel32`, and the
// trampoline that does what stood there and enters the library OS with rcx = the address behind the
// instruction. The two bytes of `syscall` themselves stay, so that whoever jumps to them still traps.
#pragma once

#include <optional>
#include <span>

#include "core/base/types.h"

namespace litebox::arch {

/// Trampolines lie in cells of this size, aligned to it; the last 16 bytes tell how to get back
/// (TrampolineNote).
inline constexpr usize trampoline_size = 64;
inline constexpr usize jump_length = 5, syscall_length = 2;
/// As many instructions are moved at most.
inline constexpr usize most_moved = 4;

/// What a cell says about itself.
struct TrampolineNote {
    u32 magic;     // of this run
    i32 original;  // where the replaced bytes begin, relative to the cell
    /// Instruction i + 1 began `original_at[i]` bytes into the replaced ones and begins `moved_at[i]` bytes
    /// into the cell; the first one begins both. Behind the last one, the system call is next.
    u8 moved_at[3], original_at[3];
    u8 count;
    u8 replaced;  // bytes before the system call

    [[nodiscard]] u8 moved(usize i) const { return i == 0 ? u8{0} : moved_at[i - 1]; }
    [[nodiscard]] u8 original_of(usize i) const { return i == 0 ? u8{0} : original_at[i - 1]; }
};
static_assert(sizeof(TrampolineNote) == 16);

/// Code around a `syscall` instruction, as read from the guest: nothing in it is trusted.
struct PatchSite {
    std::span<const u8> text;
    u64 address;         // of text's first byte
    u64 site;            // of the instruction
    u64 function_begin;  // where decoding can start; 0: not known
    u64 function_end;    // behind the function's last byte
};

struct PatchPlan {
    u8 replaced;  // bytes before the site: 5 to 15
    u8 count;
    u8 lengths[most_moved];
};

/// Nothing where no safe way is seen: then the instruction goes on trapping.
std::optional<PatchPlan> plan_patch(const PatchSite& site);

/// Writes the trampoline for `plan` as it will lie at `cell_address`; it jumps through the eight-byte word at
/// `entry_slot`. False where something is out of reach.
bool write_trampoline(const PatchSite& site, const PatchPlan& plan, u64 cell_address, u64 entry_slot,
                      u32 magic, std::span<u8, trampoline_size> cell);

/// Writes the jump over the replaced bytes; `text` is the page copy whose first byte lies at `address`.
bool write_jump(std::span<u8> text, u64 address, const PatchSite& site, const PatchPlan& plan,
                u64 cell_address);

/// Where the replaced instruction that began at `original` is now; nothing if none did.
std::optional<u64> moved_address(const TrampolineNote& note, u64 cell_address, u64 original);

/// The original address for an instruction pointer inside a trampoline.
u64 original_address(const TrampolineNote& note, u64 cell_address, u64 rip);

}  // namespace litebox::arch
