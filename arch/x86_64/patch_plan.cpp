#include "arch/x86_64/patch_plan.h"

#include "arch/x86_64/decoder.h"

namespace litebox::arch {

namespace {

using Flow = Instruction::Flow;

constexpr usize note_at = trampoline_size - sizeof(TrampolineNote);

u32 read_u32(const u8* from) {
    u32 value;
    __builtin_memcpy(&value, from, sizeof(value));
    return value;
}

void write_u32(u8* to, i64 value) {
    i32 narrow = static_cast<i32>(value);
    __builtin_memcpy(to, &narrow, sizeof(narrow));
}

bool fits(i64 distance) {
    return distance == static_cast<i32>(distance);
}

class Planner {
  public:
    explicit Planner(const PatchSite& site) : site_(site), at_(site.site - site.address) {}

    std::optional<PatchPlan> run() {
        if (site_.function_begin != 0 && decode_function()) return take_back();
        return agreed_instructions();
    }

  private:
    static constexpr usize kept = most_moved + 1;  // instructions before the site

    [[nodiscard]] std::optional<Instruction> decode_at(usize offset) const {
        return decode(site_.text.subspan(offset));
    }

    /// Decodes the whole function: the instructions up to the site, and every direct target close before it.
    bool decode_function() {
        u64 text_end = site_.address + site_.text.size();
        if (site_.function_begin < site_.address || site_.function_begin > site_.site ||
            site_.function_end > text_end)
            return false;
        bool met_site = false;
        for (usize offset = site_.function_begin - site_.address;
             offset < site_.function_end - site_.address;) {
            auto instruction = decode_at(offset);
            if (!instruction) return false;
            met_site |= offset == at_;
            if (offset < at_) remember(offset, *instruction);
            if (!note_target(offset, *instruction)) return false;
            offset += instruction->length;
        }
        return met_site;
    }

    void remember(usize offset, const Instruction& instruction) {
        for (usize i = kept - 1; i > 0; i--) before_[i] = before_[i - 1];
        before_[0] = {offset, instruction};
        if (known_ < kept) known_++;
    }

    /// False for what makes the function's shape uncertain: switch tables, and parts that lie elsewhere and
    /// may jump back in.
    bool note_target(usize offset, const Instruction& instruction) {
        bool indirect_jump = instruction.map == 0 && instruction.opcode == 0xff &&
                             instruction.flow == Flow::elsewhere &&
                             (site_.text[offset + instruction.length - 1] & 0x38) == 0x20;
        if (indirect_jump) simple_ = false;
        if (instruction.target_size == 0) return true;
        i64 target = static_cast<i64>(offset) + instruction.target;
        i64 begin = static_cast<i64>(site_.function_begin - site_.address);
        i64 end = static_cast<i64>(site_.function_end - site_.address);
        if (instruction.flow == Flow::conditional && (target < begin || target >= end)) simple_ = false;
        i64 distance = static_cast<i64>(at_) - target;
        if (distance > 0 && distance < i64{longest_span}) targets_ |= u32{1} << distance;
        return true;
    }

    [[nodiscard]] bool movable(const Instruction& instruction) const {
        if (instruction.flow == Flow::elsewhere || instruction.flow == Flow::call) return false;
        if (instruction.flow == Flow::branch) return false;
        // loop and jrcxz have no long form.
        bool short_only = instruction.map == 0 && instruction.opcode >= 0xe0 && instruction.opcode <= 0xe3;
        return !short_only;
    }
    static bool is_landing_pad(const u8* code, usize length) {
        return length == 4 && read_u32(code) == 0xfa1e0ff3;
    }

    /// Whole instructions back from the site until the jump fits.
    [[nodiscard]] std::optional<PatchPlan> take_back() const {
        PatchPlan plan{};
        for (usize i = 0; i < known_ && plan.count < most_moved; i++) {
            const auto& [offset, instruction] = before_[i];
            if (offset + instruction.length + plan.replaced != at_) return std::nullopt;
            if (!movable(instruction) || is_landing_pad(site_.text.data() + offset, instruction.length))
                return std::nullopt;
            // Somebody may come to what follows this instruction.
            if (plan.replaced != 0 && ((targets_ >> plan.replaced & 1) != 0 || !simple_)) return std::nullopt;
            for (usize j = plan.count; j > 0; j--) plan.lengths[j] = plan.lengths[j - 1];
            plan.lengths[0] = instruction.length;
            plan.count++;
            plan.replaced = static_cast<u8>(plan.replaced + instruction.length);
            if (plan.replaced >= jump_length) return plan;
        }
        return std::nullopt;
    }

    /// No function known (static programs have no table of them): whole instructions back to one that holds
    /// the jump by itself, if decoding from many places before agrees on them. What follows that one begins
    /// with a breakpoint, so whoever comes to it by a jump that nobody sees here goes on in the trampoline.
    [[nodiscard]] std::optional<PatchPlan> agreed_instructions() const {
        constexpr usize run_up = 64, starts = 16;
        if (at_ < run_up) return std::nullopt;
        std::optional<PatchPlan> agreed;
        usize votes = 0;
        for (usize start = at_ - run_up; start < at_ - run_up + starts; start++) {
            usize lengths[kept] = {};
            usize offset = start;
            while (offset < at_) {
                auto instruction = decode_at(offset);
                if (!instruction) break;
                for (usize i = kept - 1; i > 0; i--) lengths[i] = lengths[i - 1];
                lengths[0] = instruction->length;
                offset += instruction->length;
            }
            if (offset != at_) continue;
            auto plan = back_to_long_instruction(lengths);
            if (!plan || (agreed && !same(*agreed, *plan))) return std::nullopt;
            agreed = plan;
            votes++;
        }
        if (votes < starts / 4) return std::nullopt;
        return agreed;
    }

    [[nodiscard]] std::optional<PatchPlan> back_to_long_instruction(const usize (&lengths)[kept]) const {
        PatchPlan plan{};
        for (usize i = 0; i < kept - 1 && lengths[i] != 0; i++) {
            usize replaced = plan.replaced + lengths[i];
            auto instruction = decode_at(at_ - replaced);
            if (replaced > longest_replaced || !instruction || !movable(*instruction)) return std::nullopt;
            if (is_landing_pad(site_.text.data() + at_ - replaced, lengths[i])) return std::nullopt;
            for (usize j = plan.count; j > 0; j--) plan.lengths[j] = plan.lengths[j - 1];
            plan.lengths[0] = static_cast<u8>(lengths[i]);
            plan.count++;
            plan.replaced = static_cast<u8>(replaced);
            if (lengths[i] >= jump_length) return plan;
        }
        return std::nullopt;
    }

    static bool same(const PatchPlan& a, const PatchPlan& b) {
        return a.replaced == b.replaced && a.count == b.count &&
               __builtin_memcmp(a.lengths, b.lengths, sizeof(a.lengths)) == 0;
    }

    static constexpr usize longest_span = 20, longest_replaced = 15;
    struct Before {
        usize offset;
        Instruction instruction;
    };
    const PatchSite& site_;
    usize at_;
    Before before_[kept] = {};
    usize known_ = 0;
    u32 targets_ = 0;     // bit n: a direct branch goes to the site minus n bytes
    bool simple_ = true;  // all ways into the middle of the function are direct branches in it
};

/// Appends code to a cell.
class CellWriter {
  public:
    CellWriter(std::span<u8, trampoline_size> cell, u64 address) : cell_(cell), address_(address) {}

    [[nodiscard]] usize at() const { return at_; }
    bool bytes(const u8* from, usize length) {
        if (at_ + length > note_at) return false;
        __builtin_memcpy(cell_.data() + at_, from, length);
        at_ += length;
        return true;
    }
    /// Opcode bytes and a distance to `target`.
    bool relative(std::initializer_list<u8> opcode, u64 target) {
        if (!bytes(opcode.begin(), opcode.size()) || at_ + 4 > note_at) return false;
        i64 distance = static_cast<i64>(target - (address_ + at_ + 4));
        write_u32(cell_.data() + at_, distance);
        at_ += 4;
        return fits(distance);
    }
    bool moved(const u8* code, const Instruction& instruction, u64 from) {
        if (instruction.flow == Flow::conditional) {
            u8 condition =
                (instruction.map == 0 ? instruction.opcode - 0x70 : instruction.opcode - 0x80) & 15;
            return relative({0x0f, static_cast<u8>(0x80 | condition)},
                            from + static_cast<u64>(instruction.target));
        }
        usize begin = at_;
        if (!bytes(code, instruction.length)) return false;
        if (instruction.displacement_at == 0) return true;
        i64 displacement = static_cast<i32>(read_u32(code + instruction.displacement_at));
        displacement += static_cast<i64>(from - (address_ + begin));
        write_u32(cell_.data() + begin + instruction.displacement_at, displacement);
        return fits(displacement);
    }

  private:
    std::span<u8, trampoline_size> cell_;
    u64 address_;
    usize at_ = 0;
};

}  // namespace

std::optional<PatchPlan> plan_patch(const PatchSite& site) {
    u64 end = site.address + site.text.size();
    if (site.site < site.address || site.site + syscall_length > end) return std::nullopt;
    return Planner(site).run();
}

bool write_trampoline(const PatchSite& site, const PatchPlan& plan, u64 cell_address, u64 entry_slot,
                      u32 magic, std::span<u8, trampoline_size> cell) {
    u64 begin = site.site - plan.replaced;
    i64 back = static_cast<i64>(begin - cell_address);
    if (!fits(back)) return false;
    TrampolineNote note{magic, static_cast<i32>(back), {}, {}, plan.count, plan.replaced};
    CellWriter writer(cell, cell_address);
    usize offset = 0;
    for (usize i = 0; i < plan.count; i++) {
        const u8* code = site.text.data() + (begin - site.address) + offset;
        auto instruction = decode({code, plan.lengths[i]});
        if (!instruction || instruction->length != plan.lengths[i]) return false;
        if (i > 0) {
            note.moved_at[i - 1] = static_cast<u8>(writer.at());
            note.original_at[i - 1] = static_cast<u8>(offset);
        }
        if (!writer.moved(code, *instruction, begin + offset)) return false;
        offset += plan.lengths[i];
    }
    if (!writer.relative({0x48, 0x8d, 0x0d}, site.site + syscall_length))
        return false;                                              // lea behind(%rip), %rcx
    if (!writer.relative({0xff, 0x25}, entry_slot)) return false;  // jmp *entry_slot(%rip)
    __builtin_memcpy(cell.data() + note_at, &note, sizeof(note));
    return true;
}

bool write_jump(std::span<u8> text, u64 address, const PatchSite& site, const PatchPlan& plan,
                u64 cell_address) {
    u64 begin = site.site - plan.replaced;
    i64 distance = static_cast<i64>(cell_address - (begin + jump_length));
    if (begin < address || site.site > address + text.size() || !fits(distance)) return false;
    u8* at = text.data() + (begin - address);
    at[0] = 0xe9;
    write_u32(at + 1, distance);
    for (usize i = jump_length; i < plan.replaced; i++) at[i] = 0xcc;  // nobody comes here
    return true;
}

std::optional<u64> moved_address(const TrampolineNote& note, u64 cell_address, u64 original) {
    u64 offset = original - (cell_address + static_cast<u64>(i64{note.original}));
    for (usize i = 0; i < note.count && i < most_moved; i++)
        if (offset == note.original_of(i)) return cell_address + note.moved(i);
    return std::nullopt;
}

u64 original_address(const TrampolineNote& note, u64 cell_address, u64 rip) {
    u64 begin = cell_address + static_cast<u64>(i64{note.original});
    u64 offset = rip - cell_address;
    for (usize i = 0; i < note.count && i < most_moved; i++)
        if (offset == note.moved(i)) return begin + note.original_of(i);
    return begin + note.replaced;
}

}  // namespace litebox::arch
