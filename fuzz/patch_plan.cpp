// The instruction decoder and the patcher's planner, on arbitrary bytes as a guest may have for code. Beyond
// not crashing: a plan covers whole instructions that end at the system call, and a trampoline's note leads
// back to where they stood.
#include <array>
#include <cstdio>
#include <vector>

#include "arch/x86_64/decoder.h"
#include "arch/x86_64/patch_plan.h"
#include "fuzz/input.h"

using namespace litebox;

namespace {

void check_decoder(std::span<const u8> text) {
    for (usize at = 0; at < text.size(); at++) {
        auto instruction = arch::decode(text.subspan(at));
        if (!instruction) continue;
        FUZZ_CHECK(instruction->length >= 1 && instruction->length <= arch::longest_instruction);
        FUZZ_CHECK(at + instruction->length <= text.size());
        FUZZ_CHECK(instruction->target_size < instruction->length);
        FUZZ_CHECK(instruction->displacement_at == 0 ||
                   instruction->displacement_at + 4 <= instruction->length);
        // What was left of the text has no say in it.
        auto alone = arch::decode(text.subspan(at, instruction->length));
        FUZZ_CHECK(alone && alone->length == instruction->length);
    }
}

void check_plan(const arch::PatchSite& site, const arch::PatchPlan& plan, fuzz::Input& input) {
    FUZZ_CHECK(plan.replaced >= arch::jump_length && plan.replaced <= site.site - site.address);
    FUZZ_CHECK(plan.count >= 1 && plan.count <= arch::most_moved);
    u64 total = 0;
    for (usize i = 0; i < plan.count; i++) total += plan.lengths[i];
    FUZZ_CHECK(total == plan.replaced);

    std::array<u8, arch::trampoline_size> cell{};
    u64 near = site.address + input.below(u32{1} << 30);
    u64 cell_address = (input.flip() ? near : input.take<u64>()) & ~u64{arch::trampoline_size - 1};
    u64 slot = input.flip() ? cell_address + input.below(1 << 20) : input.take<u64>();
    constexpr u32 magic = 0x600df00d;
    if (!arch::write_trampoline(site, plan, cell_address, slot, magic, cell)) return;
    arch::TrampolineNote note;
    std::memcpy(&note, cell.data() + cell.size() - sizeof(note), sizeof(note));
    FUZZ_CHECK(note.magic == magic && note.replaced == plan.replaced);
    u64 begin = site.site - plan.replaced, original = begin;
    for (usize i = 0; i < plan.count; i++) {
        FUZZ_CHECK(arch::original_address(note, cell_address, cell_address + note.moved(i)) == original);
        original += plan.lengths[i];
    }
    std::vector<u8> patched(site.text.begin(), site.text.end());
    if (!arch::write_jump(patched, site.address, site, plan, cell_address)) return;
    // Nothing but the replaced bytes has changed.
    for (usize i = 0; i < patched.size(); i++) {
        u64 address = site.address + i;
        FUZZ_CHECK((address >= begin && address < site.site) || patched[i] == site.text[i]);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fuzz::Input input(data, size);
    arch::PatchSite site{};
    site.address = input.take<u64>() >> 17 << 4;
    u16 where = input.take<u16>(), function = input.take<u16>();
    bool known = input.flip();
    fuzz::Input choices(data, size);
    auto text = input.rest();
    check_decoder(text);
    site.text = text;
    site.site = site.address + where % (text.size() + 1);
    if (known) {
        site.function_begin = site.address + function % (text.size() + 1);
        site.function_end = site.address + text.size();
    }
    if (auto plan = arch::plan_patch(site)) check_plan(site, *plan, choices);
    return 0;
}
