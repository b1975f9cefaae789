// From the physical address at which the loader put us to a random virtual one. This runs one to one mapped,
// before relocation: no pointer constant of the image may be used here, only addresses relative to the code.

#include "platform/vm/boot/early.h"

#include "platform/vm/boot/load_address.h"
#include "platform/vm/host_io.h"

extern "C" {
using namespace litebox;

#pragma GCC visibility push(hidden)
extern u64 litebox_boot_tables[];
extern u8 litebox_image_begin[], litebox_text_end[], litebox_constants_end[], litebox_image_end[];
extern u8 litebox_boot_stack_end[];
struct Relocation {
    u64 offset, information;
    i64 addend;
};
extern const Relocation litebox_relocations_begin[], litebox_relocations_end[];
[[noreturn]] void litebox_leap(u64 stack, u64 function, u64 first, u64 second);
#pragma GCC visibility pop
}

namespace litebox::vm {

namespace {

constexpr u64 entries = 512;
constexpr u64 present = 1, writable = 2, no_execute = u64{1} << 63;

/// Tables for the way up; the final ones are built by memory/ and take their place.
struct alignas(4096) EarlyTables {
    u64 image_level3[entries], image_level2[entries], image_level1[entries];
    u64 direct_level3[entries];
};
EarlyTables early_tables;

u64 read_counter() {
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return u64{high} << 32 | low;
}

/// Enough to place the image; what has to be unguessable for longer is seeded later, from more.
u64 early_random() {
    constexpr u32 rdrand_bit = 1u << 30;
    u64 value = read_counter() * 0x9e3779b97f4a7c15;
    if ((host_io::cpuid(1).ecx & rdrand_bit) == 0) return value;
    for (int tries = 0; tries < 10; tries++) {
        u64 drawn;
        bool good;
        asm volatile("rdrand %0" : "=r"(drawn), "=@ccc"(good));
        if (good) return drawn ^ value;
    }
    return value;
}

template <typename T>
u64 address_of(const T* object) {
    return reinterpret_cast<u64>(object);
}

/// The upper half's level 4 slots: the direct map in the lower part, then memory/'s windows, then the image.
constexpr u64 slot_size = u64{1} << 39, upper_half = 0xffff800000000000;
constexpr u64 direct_slots = 64, image_first_slot = 480, image_slots = 30;
constexpr u64 large_page = u64{1} << 21;

void map_image(u64 base) {
    u64 begin = address_of(litebox_image_begin), end = address_of(litebox_image_end);
    u64 text_end = address_of(litebox_text_end), constants_end = address_of(litebox_constants_end);
    EarlyTables& tables = early_tables;
    litebox_boot_tables[base >> 39 & (entries - 1)] = address_of(tables.image_level3) | present | writable;
    tables.image_level3[base >> 30 & (entries - 1)] = address_of(tables.image_level2) | present | writable;
    tables.image_level2[base >> 21 & (entries - 1)] = address_of(tables.image_level1) | present | writable;
    for (u64 at = begin; at < end; at += page_size) {
        u64 flags = at < text_end ? present : present | no_execute;
        if (at >= constants_end) flags |= writable;
        tables.image_level1[(at - begin) / page_size] = at | flags;
    }
}

/// The first 4 GiB, with the tables that already map them one to one.
void map_direct(u64 base) {
    constexpr u64 gibibytes = 4;
    for (u64 i = 0; i < gibibytes; i++)
        early_tables.direct_level3[i] =
            (address_of(litebox_boot_tables) + (2 + i) * page_size) | present | writable | no_execute;
    litebox_boot_tables[base >> 39 & (entries - 1)] =
        address_of(early_tables.direct_level3) | present | writable | no_execute;
}

/// The image is linked at 0.
void relocate(u64 image_base) {
    constexpr u64 relative = 8;
    for (const Relocation* r = litebox_relocations_begin; r != litebox_relocations_end; r++)
        if ((r->information & 0xffffffff) == relative)
            *reinterpret_cast<u64*>(r->offset + LITEBOX_LOAD_ADDRESS) =
                static_cast<u64>(r->addend) + image_base;
}

}  // namespace

extern "C" void litebox_early(u64 start_info) {
    u64 random = early_random();
    u64 image_base = upper_half + (image_first_slot - entries / 2 + random % image_slots) * slot_size +
                     (random >> 8) % (slot_size / large_page) * large_page;
    u64 direct_base = upper_half + (random >> 40) % direct_slots * slot_size;
    u64 delta = image_base - LITEBOX_LOAD_ADDRESS;
    map_image(image_base);
    map_direct(direct_base);
    relocate(image_base);
    u64 root = address_of(litebox_boot_tables);
    asm volatile("mov %0, %%cr3" : : "r"(root) : "memory");
    litebox_leap(address_of(litebox_boot_stack_end) + delta,
                 reinterpret_cast<u64>(litebox_kernel_main) + delta, start_info, direct_base);
}

}  // namespace litebox::vm
