// Lengths of x86-64 instructions, and the little about them that moving one elsewhere takes: relative
// branches and operands that are addressed by rip. Intel SDM vol. 2, chapter 2 and appendix A.
#pragma once

#include <optional>
#include <span>

#include "core/base/types.h"

namespace litebox::arch {

struct Instruction {
    enum class Flow : u8 {
        next,         // goes on behind it
        branch,       // jmp rel
        conditional,  // jcc rel, jrcxz, loop
        call,         // call rel
        elsewhere     // ret, indirect jump or call, trap, system call: nothing to follow
    };
    u8 length = 0;
    u8 opcode = 0;
    u8 map = 0;              // 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a, others as VEX and EVEX have them
    u8 displacement_at = 0;  // offset of the four bytes of a rip-relative displacement, 0: none
    u8 target_size = 0;      // bytes of the relative target, at the end of the instruction
    Flow flow = Flow::next;
    i64 target = 0;  // relative to the instruction's own beginning; branch, conditional, call
};

inline constexpr usize longest_instruction = 15;

/// The instruction at the beginning of `bytes`. Nothing for one that is undefined in 64-bit mode, cut short,
/// or that no compiler writes.
std::optional<Instruction> decode(std::span<const u8> bytes);

}  // namespace litebox::arch
