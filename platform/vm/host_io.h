// The only door to ports, device memory, model-specific registers, CPUID and HLT. On a plain machine each is
// the instruction; a confidential guest will ask its host for each instead (SEV-SNP: GHCB, TDX: TDVMCALL), so
// that no instruction is ever decoded.
#pragma once

#include "core/base/types.h"

namespace litebox::vm::host_io {

struct CpuidResult {
    u32 eax, ebx, ecx, edx;
};
inline CpuidResult cpuid(u32 leaf, u32 subleaf = 0) {
    CpuidResult r{};
    asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

enum Msr : u32 {
    msr_apic_base = 0x1b,
    msr_tsc_deadline = 0x6e0,
    msr_x2apic = 0x800,  // register at offset N of the memory form is msr_x2apic + N / 16
    msr_kvm_system_time = 0x4b564d01,
    msr_efer = 0xc0000080,
    msr_star = 0xc0000081,
    msr_lstar = 0xc0000082,
    msr_cstar = 0xc0000083,
    msr_sfmask = 0xc0000084,
    msr_fs_base = 0xc0000100,
    msr_gs_base = 0xc0000101,
    msr_kernel_gs_base = 0xc0000102,
    msr_tsc_aux = 0xc0000103,
};

inline u64 read_msr(u32 msr) {
    u32 low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return u64{high} << 32 | low;
}
inline void write_msr(u32 msr, u64 value) {
    asm volatile("wrmsr"
                 :
                 : "c"(msr), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32))
                 : "memory");
}

inline void port_out8(u16 port, u8 value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline u8 port_in8(u16 port) {
    u8 value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
/// Many bytes with one exit.
inline void port_out_string(u16 port, const char* bytes, usize length) {
    asm volatile("rep outsb" : "+S"(bytes), "+c"(length) : "d"(port) : "memory");
}

inline u32 mmio_read32(const volatile void* address) {
    u32 value;
    asm volatile("movl %1, %0" : "=r"(value) : "m"(*static_cast<const volatile u32*>(address)) : "memory");
    return value;
}
inline void mmio_write32(volatile void* address, u32 value) {
    asm volatile("movl %1, %0" : "=m"(*static_cast<volatile u32*>(address)) : "r"(value) : "memory");
}
inline u8 mmio_read8(const volatile void* address) {
    u8 value;
    asm volatile("movb %1, %0" : "=q"(value) : "m"(*static_cast<const volatile u8*>(address)) : "memory");
    return value;
}

/// Sleeps until an interrupt; turns interrupts on in the same moment.
inline void halt_until_interrupt() {
    asm volatile("sti; hlt" : : : "memory");
}
/// For good.
[[noreturn]] inline void halt_forever() {
    for (;;) asm volatile("cli; hlt" : : : "memory");
}

}  // namespace litebox::vm::host_io
