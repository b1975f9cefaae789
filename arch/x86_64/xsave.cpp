#include "arch/x86_64/xsave.h"

namespace litebox::arch {

namespace {

template <typename T>
T read_at(const u8* area, usize offset) {
    T value;
    __builtin_memcpy(&value, area + offset, sizeof(value));
    return value;
}

template <typename T>
void write_at(u8* area, usize offset, T value) {
    __builtin_memcpy(area + offset, &value, sizeof(value));
}

constexpr usize mxcsr_offset = 24;
constexpr u64 legacy_features = 3;  // x87 and SSE

}  // namespace

void mark_signal_area(u8* area, usize size, u64 features) {
    SoftwareBytes words{};
    words.magic1 = xstate_magic1;
    words.extended_size = static_cast<u32>(size);
    words.features = features;
    words.xstate_size = static_cast<u32>(size - sizeof(u32));
    __builtin_memcpy(area + software_bytes_offset, &words, sizeof(words));
    write_at(area, size - sizeof(u32), xstate_magic2);
}

void sanitise_signal_area(u8* area, usize size, u64 features) {
    auto words = read_at<SoftwareBytes>(area, software_bytes_offset);
    bool extended = words.magic1 == xstate_magic1 && words.extended_size == size &&
                    words.xstate_size == size - sizeof(u32) &&
                    read_at<u32>(area, size - sizeof(u32)) == xstate_magic2;
    write_at(area, mxcsr_offset, read_at<u32>(area, mxcsr_offset) & mxcsr_mask);
    u64 present =
        extended ? read_at<u64>(area, legacy_area_size) & features & words.features : legacy_features;
    write_at(area, legacy_area_size, present);
    for (usize i = 8; i < xsave_header_size; i++) area[legacy_area_size + i] = 0;
}

}  // namespace litebox::arch
