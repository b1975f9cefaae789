#include "platform/vm/cpu/processor.h"

#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"

#pragma GCC visibility push(hidden)
extern "C" {
extern const litebox::u8 litebox_vectors[];
void litebox_syscall_entry();
void litebox_unmaskable();
void litebox_double_fault();
}
#pragma GCC visibility pop

namespace litebox::vm {

namespace {

struct [[gnu::packed]] TablePointer {
    u16 limit;
    u64 base;
};

struct Gate {
    u16 offset_low, selector;
    u8 stack, type;
    u16 offset_middle;
    u32 offset_high, reserved;
};
static_assert(sizeof(Gate) == 16);

struct GateTable {
    Gate gates[256];
};
GateTable gate_table;  // the same for all processors; read-only once made

constexpr u32 vector_unmaskable = 2, vector_breakpoint = 3, vector_overflow = 4, vector_double_fault = 8;
constexpr u8 interrupt_gate = 0x8e, guest_may_call = 0x60;

Gate make_gate(u64 handler, u8 stack, u8 type) {
    return {static_cast<u16>(handler),
            KERNEL_CODE,
            stack,
            type,
            static_cast<u16>(handler >> 16),
            static_cast<u32>(handler >> 32),
            0};
}

void fill_gates() {
    constexpr u64 stub_size = 16;
    for (u32 vector = 0; vector < 256; vector++) {
        bool guest = vector == vector_breakpoint || vector == vector_overflow || vector == vector_legacy_call;
        gate_table.gates[vector] = make_gate(reinterpret_cast<u64>(litebox_vectors) + vector * stub_size, 0,
                                             static_cast<u8>(interrupt_gate | (guest ? guest_may_call : 0)));
    }
    gate_table.gates[vector_double_fault] =
        make_gate(reinterpret_cast<u64>(litebox_double_fault), 1, interrupt_gate);
    gate_table.gates[vector_unmaskable] =
        make_gate(reinterpret_cast<u64>(litebox_unmaskable), 2, interrupt_gate);
}

/// Descriptors as Linux numbers them: programs see the selectors 0x33 and 0x2b.
void fill_descriptors(Processor& processor) {
    constexpr u64 kernel_code = 0x00af9b000000ffff, kernel_data = 0x00cf93000000ffff;
    constexpr u64 user_data = 0x00cff3000000ffff, user_code = 0x00affb000000ffff;
    u64* d = processor.descriptors;
    d[KERNEL_CODE / 8] = kernel_code;
    d[KERNEL_DATA / 8] = kernel_data;
    d[USER_DATA / 8] = user_data;
    d[USER_CODE / 8] = user_code;
    u64 base = reinterpret_cast<u64>(&processor.task_state);
    constexpr u64 limit = sizeof(TaskStateSegment) - 1, available_task_state = u64{0x89} << 40;
    d[TASK_STATE / 8] = limit | (base & 0xffffff) << 16 | available_task_state | (base >> 24 & 0xff) << 56;
    d[TASK_STATE / 8 + 1] = base >> 32;
    processor.task_state.io_map = sizeof(TaskStateSegment);
}

void load_tables(Processor& processor) {
    TablePointer descriptors{sizeof(processor.descriptors) - 1, reinterpret_cast<u64>(processor.descriptors)};
    TablePointer gates{sizeof(gate_table) - 1, reinterpret_cast<u64>(&gate_table)};
    asm volatile(
        "lgdt %0\n\t"
        "lidt %1\n\t"
        "ltr %w2\n\t"
        "xor %%eax, %%eax\n\t"
        "mov %%eax, %%ds\n\t"
        "mov %%eax, %%es\n\t"
        "mov %%eax, %%fs\n\t"
        "mov $0x18, %%eax\n\t"
        "mov %%eax, %%ss"
        :
        : "m"(descriptors), "m"(gates), "r"(TASK_STATE)
        : "rax", "memory");
}

bool bit(u32 word, unsigned index) {
    return (word >> index & 1) != 0;
}

constexpr u64 cr0_value = 0x80050033;  // PG, AM, WP, NE, ET, MP, PE
enum Cr4 : u64 {
    cr4_pae = 1 << 5,
    cr4_page_global = 1 << 7,
    cr4_fxsr = 1 << 9,
    cr4_vector_exceptions = 1 << 10,
    cr4_umip = 1 << 11,
    cr4_fsgsbase = 1 << 16,
    cr4_xsave = 1 << 18,
    cr4_smep = 1 << 20,
    cr4_smap = 1 << 21,
};

void set_control_registers() {
    auto seven = host_io::cpuid(7);
    u64 cr4 = cr4_pae | cr4_page_global | cr4_fxsr | cr4_vector_exceptions | cr4_fsgsbase | cr4_xsave |
              cr4_smep | cr4_smap;
    if (bit(seven.ecx, 2)) cr4 |= cr4_umip;
    asm volatile("mov %0, %%cr0" : : "r"(cr0_value));
    asm volatile("mov %0, %%cr4" : : "r"(cr4));
    // x87, SSE, AVX, AVX-512: tiles (AMX) are for those who ask, and nobody can.
    constexpr u64 wanted = 0xe7;
    auto offered = host_io::cpuid(0xd);
    u64 features = (u64{offered.edx} << 32 | offered.eax) & wanted;
    asm volatile("xsetbv" : : "a"(static_cast<u32>(features)), "d"(static_cast<u32>(features >> 32)), "c"(0));
}

void set_call_registers(const Processor& processor) {
    constexpr u64 system_call_enable = 1, no_execute_enable = 0x800;
    // TF, IF, DF, IOPL, NT, AC are cleared at the door, and those that a guest may not have set.
    constexpr u64 cleared_flags = 0x257fd5;
    u64 efer = host_io::read_msr(host_io::msr_efer);
    host_io::write_msr(host_io::msr_efer, efer | system_call_enable | no_execute_enable);
    host_io::write_msr(host_io::msr_star,
                       u64{USER_DATA - 8} << 48 | u64{KERNEL_CODE} << 32);  // sysret: + 8, + 16
    host_io::write_msr(host_io::msr_lstar, reinterpret_cast<u64>(litebox_syscall_entry));
    host_io::write_msr(host_io::msr_sfmask, cleared_flags);
    if (bit(host_io::cpuid(0x80000001).edx, 27)) host_io::write_msr(host_io::msr_tsc_aux, processor.number);
}

}  // namespace

std::string_view missing_feature() {
    auto one = host_io::cpuid(1);
    auto seven = host_io::cpuid(7);
    auto extended = host_io::cpuid(0x80000001);
    if (!bit(extended.edx, 20)) return "no-execute pages (NX)";
    if (!bit(extended.edx, 11)) return "syscall";
    if (!bit(one.ecx, 26)) return "XSAVE";
    if (!bit(one.edx, 9)) return "a local interrupt controller (APIC)";
    if (!bit(seven.ebx, 0)) return "FSGSBASE";
    if (!bit(seven.ebx, 7)) return "SMEP";
    if (!bit(seven.ebx, 20)) return "SMAP";
    return {};
}

void set_up_processor(Processor& processor, u8* fault_stack_top, u8* unmaskable_stack_top) {
    if (processor.number == 0) fill_gates();
    fill_descriptors(processor);
    processor.task_state.interrupt_stacks[0] = reinterpret_cast<u64>(fault_stack_top);
    processor.task_state.interrupt_stacks[1] = reinterpret_cast<u64>(unmaskable_stack_top);
    u64 block = host_io::read_msr(host_io::msr_gs_base);
    load_tables(processor);
    host_io::write_msr(host_io::msr_gs_base, block);  // loading selectors may have cleared it
    set_control_registers();
    set_call_registers(processor);
}

}  // namespace litebox::vm
