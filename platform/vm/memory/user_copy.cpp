// Copies between core and guest memory. The processor lets the kernel touch guest pages only between stac and
// clac. A fault in one of the instructions listed in the fix-up table that resolve_fault does not resolve
// resumes behind it (user_copy_fix_up); `rep` instructions leave in rcx what they did not do.

#include "platform/vm/memory/space.h"

#define FIX_UP(instruction, target)         \
    ".pushsection litebox_fix_ups, \"a\"\n" \
    ".long " instruction                    \
    " - .\n"                                \
    ".long " target                         \
    " - .\n"                                \
    ".popsection\n"

namespace litebox::vm {

namespace {

struct FixUp {
    i32 instruction, target;  // relative to the entry's own fields
};
extern "C" const FixUp __start_litebox_fix_ups[] __attribute__((visibility("hidden")));
extern "C" const FixUp __stop_litebox_fix_ups[] __attribute__((visibility("hidden")));

}  // namespace

u64 user_copy_fix_up(u64 rip) {
    for (const FixUp* row = __start_litebox_fix_ups; row != __stop_litebox_fix_ups; row++) {
        u64 instruction = reinterpret_cast<u64>(&row->instruction) + static_cast<u64>(i64{row->instruction});
        if (rip == instruction)
            return reinterpret_cast<u64>(&row->target) + static_cast<u64>(i64{row->target});
    }
    return 0;
}

}  // namespace litebox::vm

namespace litebox::platform {

namespace {

/// How many of `length` bytes at `address` lie in the guest's part.
usize guest_part(u64 address, usize length) {
    const SpaceLimits limits = space_limits();
    if (address < limits.lowest || address >= limits.end) return 0;
    return min<u64>(length, limits.end - address);
}

/// Returns how many bytes were not copied. Few go by words, since a string instruction takes long to start,
/// and many by words too: under emulation each step takes the same time, whatever it moves. A fault leaves
/// the rest to single bytes, which go up to the very one that faults.
usize copy_raw(void* to, const void* from, usize length) {
    u64 word;
    asm volatile(
        "   stac\n"
        "   cmp $256, %[length]\n"
        "   ja 5f\n"
        "1: cmp $8, %[length]\n"
        "   jb 4f\n"
        "2: mov (%[from]), %[word]\n"
        "3: mov %[word], (%[to])\n"
        "   add $8, %[from]\n"
        "   add $8, %[to]\n"
        "   sub $8, %[length]\n"
        "   jmp 1b\n"
        "4: test %[length], %[length]\n"
        "   jz 9f\n"
        "   jmp 8f\n"
        "5: mov %[length], %[word]\n"
        "   shr $3, %[length]\n"
        "6: rep movsq\n"
        "7: and $7, %[word]\n"
        "   lea (%[word],%[length],8), %[length]\n"
        "8: rep movsb\n"
        "9: clac\n" FIX_UP("2b", "8b") FIX_UP("3b", "8b") FIX_UP("6b", "7b") FIX_UP("8b", "9b")
        : [to] "+D"(to), [from] "+S"(from), [length] "+c"(length), [word] "=&r"(word)
        :
        : "memory", "cc");
    return length;
}

bool load_u64(u64 address, u64* value) {
    u64 loaded = 0;
    bool failed = true;
    asm volatile("stac\n1: mov (%2), %0\n   movb $0, %1\n2: clac\n" FIX_UP("1b", "2b")
                 : "+r"(loaded), "+m"(failed)
                 : "r"(address)
                 : "memory");
    *value = loaded;
    return !failed;
}

bool load_byte(u64 address, u8* value) {
    u32 loaded = 0;
    bool failed = true;
    asm volatile("stac\n1: movzbl (%2), %0\n   movb $0, %1\n2: clac\n" FIX_UP("1b", "2b")
                 : "+r"(loaded), "+m"(failed)
                 : "r"(address)
                 : "memory");
    *value = static_cast<u8>(loaded);
    return !failed;
}

constexpr u64 low_bits = 0x0101010101010101, high_bits = 0x8080808080808080;

u64 zero_bytes(u64 word) {
    return (word - low_bits) & ~word & high_bits;
}

}  // namespace

usize copy_in(void* to, u64 from, usize length) {
    usize part = guest_part(from, length);
    return part - copy_raw(to, reinterpret_cast<const void*>(from), part);
}

usize copy_out(u64 to, const void* from, usize length) {
    usize part = guest_part(to, length);
    return part - copy_raw(reinterpret_cast<void*>(to), from, part);
}

usize zero_out(u64 to, usize length) {
    usize part = guest_part(to, length), left = part / 8;
    asm volatile(
        "   stac\n"
        "1: rep stosq\n"
        "2: lea (%[rest],%[left],8), %[left]\n"
        "3: rep stosb\n"
        "4: clac\n" FIX_UP("1b", "2b") FIX_UP("3b", "4b")
        : "+&D"(to), [left] "+&c"(left)
        : "a"(u64{0}), [rest] "r"(part % 8)
        : "memory");
    return part - left;
}

isize copy_in_string(char* to, u64 from, usize limit) {
    usize part = guest_part(from, limit), done = 0;
    while (done < part) {
        u64 address = from + done, word = 0;
        bool whole = part - done >= 8 && (address & (page_size - 1)) <= page_size - 8;
        if (whole && !load_u64(address, &word)) return -1;
        if (whole && zero_bytes(word) == 0) {
            __builtin_memcpy(to + done, &word, sizeof(word));
            done += sizeof(word);
            continue;
        }
        u8 byte = 0;
        if (!load_byte(address, &byte)) return -1;
        to[done] = static_cast<char>(byte);
        if (byte == 0) return static_cast<isize>(done);
        done++;
    }
    return part < limit ? -1 : static_cast<isize>(limit);
}

Result<u32> load_word(u64 address) {
    if (address % 4 != 0 || guest_part(address, 4) != 4) return Errno::efault;
    u32 value = 0;
    bool failed = true;
    asm volatile("stac\n1: mov (%2), %0\n   movb $0, %1\n2: clac\n" FIX_UP("1b", "2b")
                 : "+r"(value), "+m"(failed)
                 : "r"(address)
                 : "memory");
    if (failed) return Errno::efault;
    return value;
}

Result<u32> compare_exchange_word(u64 address, u32 expected, u32 desired) {
    if (address % 4 != 0 || guest_part(address, 4) != 4) return Errno::efault;
    bool failed = true;
    asm volatile("stac\n1: lock cmpxchgl %3, (%2)\n   movb $0, %1\n2: clac\n" FIX_UP("1b", "2b")
                 : "+a"(expected), "+m"(failed)
                 : "r"(address), "r"(desired)
                 : "memory");
    if (failed) return Errno::efault;
    return expected;
}

}  // namespace litebox::platform
