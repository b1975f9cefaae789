// Copying, filling and comparing bytes without vector registers: eight at a time, and by the processor's
// string instructions from where these are faster than a loop. memcpy and its kin are made of this
// (string.cpp).
#pragma once

#include "core/base/types.h"

namespace litebox::bytes {

/// Eight and four bytes anywhere. Volatile, or the compiler makes calls of memcpy and memset of the loops.
using Word = volatile u64 __attribute__((aligned(1), may_alias));
using Half = volatile u32 __attribute__((aligned(1), may_alias));
inline constexpr usize word_size = sizeof(u64), half_size = sizeof(u32);
/// Starting a string instruction takes as long as a loop over so many bytes.
inline constexpr usize many = 256;

inline Word& word_at(void* memory, usize offset) {
    return *reinterpret_cast<Word*>(static_cast<u8*>(memory) + offset);
}
inline u64 word_of(const void* memory, usize offset) {
    return *reinterpret_cast<const Word*>(static_cast<const u8*>(memory) + offset);
}

/// Fewer than eight bytes; all are read before one is written.
inline void copy_few(void* to, const void* from, usize length) {
    auto* target = static_cast<volatile u8*>(to);
    const auto* source = static_cast<const volatile u8*>(from);
    if (length >= half_size) {
        usize last = length - half_size;
        u32 head = *reinterpret_cast<const Half*>(source),
            tail = *reinterpret_cast<const Half*>(source + last);
        *reinterpret_cast<Half*>(target) = head;
        *reinterpret_cast<Half*>(target + last) = tail;
    } else if (length > 0) {
        u8 head = source[0], middle = source[length / 2], tail = source[length - 1];
        target[0] = head;
        target[length / 2] = middle;
        target[length - 1] = tail;
    }
}

/// From the first byte to the last: the target may overlap the source from below.
inline void copy_forward(void* to, const void* from, usize length) {
    if (length < word_size) return copy_few(to, from, length);
    u64 tail = word_of(from, length - word_size);
    Word& last = word_at(to, length - word_size);
    if (length >= many) {
        usize words = length / word_size;
        asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    } else {
        for (usize at = 0; at + word_size <= length; at += word_size) word_at(to, at) = word_of(from, at);
    }
    last = tail;
}

/// From the last byte to the first: the target may overlap the source from above.
inline void copy_backward(void* to, const void* from, usize length) {
    if (length < word_size) return copy_few(to, from, length);
    u64 head = word_of(from, 0);
    for (usize at = length; at >= word_size; at -= word_size)
        word_at(to, at - word_size) = word_of(from, at - word_size);
    word_at(to, 0) = head;
}

inline void fill(void* to, u8 value, usize length) {
    u64 word = value * u64{0x0101010101010101};
    if (length < word_size) {
        auto* target = static_cast<volatile u8*>(to);
        for (usize i = 0; i < length; i++) target[i] = value;
        return;
    }
    word_at(to, length - word_size) = word;
    if (length >= many) {
        usize words = length / word_size;
        asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(word) : "memory");
    } else {
        for (usize at = 0; at + word_size <= length; at += word_size) word_at(to, at) = word;
    }
}

/// As memcmp.
inline int compare(const void* a, const void* b, usize length) {
    const auto* x = static_cast<const u8*>(a);
    const auto* y = static_cast<const u8*>(b);
    usize same = 0;
    while (same + word_size <= length && word_of(a, same) == word_of(b, same)) same += word_size;
    for (usize i = same; i < length; i++)
        if (x[i] != y[i]) return x[i] - y[i];
    return 0;
}

}  // namespace litebox::bytes
