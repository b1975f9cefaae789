#include "supervisor/filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>

namespace litebox::supervisor {

namespace {

using process::FilterInstruction;

/// An instruction stream with forward labels. Conditional jumps reach 255 instructions; longer ones go
/// through unconditional ones.
class Assembler {
  public:
    using Label = int;
    Label label() {
        places_.push_back(-1);
        return static_cast<Label>(places_.size() - 1);
    }
    void place(Label label) { places_[static_cast<size_t>(label)] = static_cast<int>(code_.size()); }
    void load(uint32_t offset) { emit(BPF_LD | BPF_W | BPF_ABS, offset); }
    void mask(uint32_t bits) { emit(BPF_ALU | BPF_AND | BPF_K, bits); }
    void leave(uint32_t action) { emit(BPF_RET | BPF_K, action); }
    /// Falls through when the comparison holds, else goes to `otherwise`.
    void require(uint16_t comparison, uint32_t value, Label otherwise) {
        jump(comparison, value, -1, otherwise);
    }
    void refuse(uint16_t comparison, uint32_t value, Label otherwise) {
        jump(comparison, value, otherwise, -1);
    }
    void jump(uint16_t comparison, uint32_t value, Label when_true, Label when_false) {
        jumps_.push_back({code_.size(), when_true, when_false});
        emit(BPF_JMP | comparison | BPF_K, value);
    }
    void go(Label target) {
        jumps_.push_back({code_.size(), target, -2});
        emit(BPF_JMP | BPF_JA, 0);
    }
    std::vector<FilterInstruction> finish() {
        for (const Jump& jump : jumps_) {
            FilterInstruction& instruction = code_[jump.at];
            if (jump.when_false == -2) {
                instruction.value = static_cast<uint32_t>(distance(jump.at, jump.when_true));
                continue;
            }
            instruction.jump_true = reach(jump.at, jump.when_true);
            instruction.jump_false = reach(jump.at, jump.when_false);
        }
        return code_;
    }

  private:
    struct Jump {
        size_t at;
        Label when_true, when_false;  // -1: the next instruction
    };
    void emit(uint16_t code, uint32_t value) { code_.push_back({code, 0, 0, value}); }
    int distance(size_t at, Label label) const {
        int place = places_[static_cast<size_t>(label)];
        if (place <= static_cast<int>(at)) throw std::logic_error("filter: a label was not placed");
        return place - static_cast<int>(at) - 1;
    }
    uint8_t reach(size_t at, Label label) const {
        if (label == -1) return 0;
        int jump = distance(at, label);
        if (jump > 255) throw std::logic_error("filter: a jump is too far");
        return static_cast<uint8_t>(jump);
    }
    std::vector<FilterInstruction> code_;
    std::vector<int> places_;
    std::vector<Jump> jumps_;
};

constexpr uint32_t number_offset = offsetof(seccomp_data, nr),
                   architecture_offset = offsetof(seccomp_data, arch),
                   pointer_offset = offsetof(seccomp_data, instruction_pointer);

uint32_t low_offset(int argument) {
    return static_cast<uint32_t>(offsetof(seccomp_data, args) + 8 * static_cast<size_t>(argument));
}
uint32_t high_offset(int argument) {
    return low_offset(argument) + 4;
}
uint32_t low(uint64_t value) {
    return static_cast<uint32_t>(value);
}
uint32_t high(uint64_t value) {
    return static_cast<uint32_t>(value >> 32);
}

void check_one_of(Assembler& code, const Condition& condition, Assembler::Label fail) {
    // Values whose high half is zero: one look at it serves all.
    code.load(high_offset(condition.argument));
    code.require(BPF_JEQ, 0, fail);
    code.load(low_offset(condition.argument));
    auto pass = code.label();
    for (uint64_t value : condition.values) {
        if (high(value) != 0) throw std::logic_error("filter: one_of takes 32-bit values");
        code.refuse(BPF_JEQ, low(value), pass);
    }
    code.go(fail);
    code.place(pass);
}

/// Ids 0 to 7 and 11; or negative ints whose low three bits are 0-2 or 4-6. The kernel takes an int: the high
/// half says nothing, but only a zero- or sign-extended one passes.
void check_clock(Assembler& code, const Condition& condition, Assembler::Label fail) {
    auto negative = code.label(), pass = code.label(), kind = code.label();
    code.load(low_offset(condition.argument));
    code.refuse(BPF_JSET, 0x80000000, negative);
    code.refuse(BPF_JEQ, 11, kind);
    code.refuse(BPF_JGE, 8, fail);
    code.place(kind);
    code.load(high_offset(condition.argument));
    code.require(BPF_JEQ, 0, fail);
    code.go(pass);
    code.place(negative);
    code.mask(3);
    code.refuse(BPF_JEQ, 3, fail);
    code.load(high_offset(condition.argument));
    auto zero_extended = code.label();
    code.refuse(BPF_JEQ, 0, zero_extended);
    code.require(BPF_JEQ, 0xffffffff, fail);
    code.place(zero_extended);
    code.place(pass);
}

void check(Assembler& code, const Condition& condition, Assembler::Label fail) {
    const auto& v = condition.values;
    switch (condition.kind) {
        case Condition::Kind::equals:
            code.load(low_offset(condition.argument));
            code.require(BPF_JEQ, low(v[0]), fail);
            code.load(high_offset(condition.argument));
            code.require(BPF_JEQ, high(v[0]), fail);
            return;
        case Condition::Kind::low_equals:
            code.load(low_offset(condition.argument));
            code.require(BPF_JEQ, low(v[0]), fail);
            return;
        case Condition::Kind::one_of:
            check_one_of(code, condition, fail);
            return;
        case Condition::Kind::bits_within:
            code.load(low_offset(condition.argument));
            code.refuse(BPF_JSET, ~low(v[0]), fail);
            code.load(high_offset(condition.argument));
            code.refuse(BPF_JSET, ~high(v[0]), fail);
            return;
        case Condition::Kind::in_range:
            code.load(high_offset(condition.argument));
            code.require(BPF_JEQ, 0, fail);
            code.load(low_offset(condition.argument));
            code.require(BPF_JGE, low(v[0]), fail);
            code.refuse(BPF_JGE, low(v[1]), fail);
            return;
        case Condition::Kind::high_within:
            code.load(high_offset(condition.argument));
            code.require(BPF_JGE, low(v[0]), fail);
            code.refuse(BPF_JGE, low(v[1]), fail);
            return;
        case Condition::Kind::high_outside: {
            auto pass = code.label();
            code.load(high_offset(condition.argument));
            code.require(BPF_JGE, low(v[0]), pass);
            code.require(BPF_JGE, low(v[1]), fail);
            code.place(pass);
            return;
        }
        case Condition::Kind::cpu_clock:
            check_clock(code, condition, fail);
            return;
    }
}

/// One call's alternatives, each ending in a verdict.
void check_call(Assembler& code, const PermittedCall& call) {
    if (call.alternatives.empty()) return code.leave(SECCOMP_RET_ALLOW);
    for (const Alternative& alternative : call.alternatives) {
        auto next = code.label();
        for (const Condition& condition : alternative) check(code, condition, next);
        code.leave(SECCOMP_RET_ALLOW);
        code.place(next);
    }
    code.leave(SECCOMP_RET_KILL_PROCESS);
}

/// The list by number; what is not on it kills.
void check_calls(Assembler& code, const std::vector<PermittedCall>& calls) {
    code.load(number_offset);
    for (const PermittedCall& call : calls) {
        auto mine = code.label(), next = code.label();
        code.refuse(BPF_JEQ, call.number, mine);
        code.go(next);
        code.place(mine);
        check_call(code, call);
        code.place(next);
    }
    code.leave(SECCOMP_RET_KILL_PROCESS);
}

/// As above, halving: when a filter is put on, the kernel works out what it says of every number, which for a
/// long list takes longer than everything else.
void search_calls(Assembler& code, std::span<const PermittedCall> sorted) {
    if (sorted.size() > 1) {
        auto upper = code.label();
        size_t middle = sorted.size() / 2;
        code.refuse(BPF_JGE, sorted[middle].number, upper);
        search_calls(code, sorted.first(middle));
        code.place(upper);
        return search_calls(code, sorted.subspan(middle));
    }
    auto other = code.label();
    code.require(BPF_JEQ, sorted.front().number, other);
    check_call(code, sorted.front());
    code.place(other);
    code.leave(SECCOMP_RET_KILL_PROCESS);
}

}  // namespace

std::vector<FilterInstruction> make_filter(const std::vector<PermittedCall>& calls, uint64_t gate) {
    constexpr uint64_t instruction_length = 2;  // the pointer that the filter sees is behind the instruction
    uint64_t from = gate + instruction_length;
    Assembler code;
    auto trap = code.label();
    // 32-bit calls and calls that are not from the gate: the core's handler answers them.
    code.load(architecture_offset);
    code.require(BPF_JEQ, AUDIT_ARCH_X86_64, trap);
    code.load(pointer_offset + 4);
    code.require(BPF_JEQ, high(from), trap);
    code.load(pointer_offset);
    auto at_gate = code.label();
    code.refuse(BPF_JEQ, low(from), at_gate);
    code.place(trap);
    code.leave(SECCOMP_RET_TRAP);
    code.place(at_gate);
    check_calls(code, calls);
    return code.finish();
}

std::vector<FilterInstruction> make_outside_filter(std::vector<PermittedCall> calls) {
    Assembler code;
    auto native = code.label();
    code.load(architecture_offset);
    code.refuse(BPF_JEQ, AUDIT_ARCH_X86_64, native);
    code.leave(SECCOMP_RET_KILL_PROCESS);
    code.place(native);
    code.load(number_offset);
    std::sort(calls.begin(), calls.end(),
              [](const PermittedCall& a, const PermittedCall& b) { return a.number < b.number; });
    search_calls(code, calls);
    return code.finish();
}

}  // namespace litebox::supervisor
