// The host calls that the sandbox makes, typed. All go through the one gate.
#pragma once

#include <atomic>

#include "core/base/result.h"
#include "core/base/types.h"
#include "platform/platform.h"
#include "platform/process/thread.h"

namespace litebox::process::host {

struct Timespec {
    i64 seconds;
    i64 nanoseconds;
};

inline i64 call(u64 number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0) {
    register u64 r10 asm("r10") = d;
    register u64 r8 asm("r8") = e;
    register u64 r9 asm("r9") = f;
    i64 result;
    // Counted for --stats: by thread, so that nobody contends.
    asm volatile("incq %%gs:%c0" : : "i"(offsetof(PlatformBlock, host_calls)) : "cc");
    asm volatile("call litebox_gate"
                 : "=a"(result), "+r"(r10), "+r"(r8), "+r"(r9)
                 : "0"(number), "D"(a), "S"(b), "d"(c)
                 : "rcx", "r11", "memory");
    return result;
}

inline Result<u64> checked(i64 result) {
    if (result < 0 && result > -4096) return static_cast<Errno>(-result);
    return static_cast<u64>(result);
}
inline Result<void> checked_void(i64 result) {
    if (result < 0 && result > -4096) return static_cast<Errno>(-result);
    return {};
}

enum Number : u64 {
    nr_mmap = 9,
    nr_mprotect = 10,
    nr_pread64 = 17,
    nr_mremap = 25,
    nr_madvise = 28,
    nr_exit_group = 231,
    nr_futex = 202,
    nr_clock_gettime = 228,
    nr_tgkill = 234,
    nr_membarrier = 324,
};
inline constexpr u64 futex_wait_bitset = 9, futex_wake = 1, match_any = 0xffffffff;
inline constexpr u64 map_shared = 1, map_private = 2, map_fixed = 0x10, map_anonymous = 0x20,
                     map_no_reserve = 0x4000;
inline constexpr u64 advise_dont_need = 4, advise_free = 8, advise_remove = 9, advise_huge = 14,
                     advise_no_huge = 15, advise_populate_write = 23;
inline constexpr u64 thread_flags = 0x50f00, process_flags = 0x8411;

inline Result<void> protect(u64 address, u64 length, u8 protection) {
    return checked_void(call(nr_mprotect, address, length, protection));
}
inline Result<void> map(u64 address, u64 length, u8 protection, u64 flags, int file, u64 offset) {
    return checked_void(
        call(nr_mmap, address, length, protection, flags | map_fixed, static_cast<u64>(i64{file}), offset));
}
inline Result<void> advise(u64 address, u64 length, u64 advice) {
    return checked_void(call(nr_madvise, address, length, advice));
}
inline Result<void> kick(u32 process, u32 thread) {
    return checked_void(call(nr_tgkill, process, thread, static_cast<u64>(kick_signal)));
}
inline i64 wake(const std::atomic<u32>& word, u32 count) {
    return call(nr_futex, reinterpret_cast<u64>(&word), futex_wake, count);
}
/// Relative and not interruptible in the sense of park.
void sleep_on(const std::atomic<u32>& word, u32 expected, u64 nanoseconds);
inline Result<u32> clone_thread(PlatformBlock& block) {
    auto tid = checked(litebox_clone_thread(thread_flags, &block));
    if (!tid.ok()) return tid.error();
    return static_cast<u32>(tid.value());
}
inline Result<u32> clone_process(PlatformBlock& block) {
    auto pid = checked(litebox_clone_process(process_flags, &block));
    if (!pid.ok()) return pid.error();
    return static_cast<u32>(pid.value());
}
inline u64 clock(i32 id) {
    Timespec now{};
    if (call(nr_clock_gettime, static_cast<u64>(static_cast<u32>(id)), reinterpret_cast<u64>(&now)) != 0)
        return 0;
    return static_cast<u64>(now.seconds) * 1000000000 + static_cast<u64>(now.nanoseconds);
}

}  // namespace litebox::process::host
