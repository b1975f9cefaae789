// Whole pages of memory, eight bytes at a time: under emulation several times faster than string
// instructions.
#pragma once

#include "core/base/types.h"

namespace litebox::vm {

// Volatile, or the compiler makes calls of memset and memcpy of the loops.

inline void zero_pages(void* to, u64 count = 1) {
    auto* word = static_cast<volatile u64*>(to);
    const volatile u64* end = word + count * (page_size / sizeof(u64));
    for (; word != end; word += 4) {
        word[0] = 0;
        word[1] = 0;
        word[2] = 0;
        word[3] = 0;
    }
}

/// The source may change meanwhile (guests write to it).
inline void copy_page(void* to, const void* from) {
    auto* target = static_cast<volatile u64*>(to);
    const auto* source = static_cast<const volatile u64*>(from);
    for (u64 i = 0; i < page_size / sizeof(u64); i += 4) {
        u64 a = source[i], b = source[i + 1], c = source[i + 2], d = source[i + 3];
        target[i] = a;
        target[i + 1] = b;
        target[i + 2] = c;
        target[i + 3] = d;
    }
}

}  // namespace litebox::vm
