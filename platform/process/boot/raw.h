// System calls of the start-up code and of the opener. Guest processes cannot use them: their filter traps
// every call that is not from the gate. Where LITEBOX_PLAYED_KERNEL is set, a fuzzer plays the kernel.
#pragma once

#include "core/base/types.h"

namespace litebox::process::raw {

#ifdef LITEBOX_PLAYED_KERNEL
i64 call(i64 number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0);
#else
inline i64 call(i64 number, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0, u64 e = 0, u64 f = 0) {
    register u64 r10 asm("r10") = d;
    register u64 r8 asm("r8") = e;
    register u64 r9 asm("r9") = f;
    i64 result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}
#endif

enum Number : i64 {
    nr_read = 0,
    nr_close = 3,
    nr_poll = 7,
    nr_lseek = 8,
    nr_mmap = 9,
    nr_munmap = 11,
    nr_rt_sigaction = 13,
    nr_rt_sigprocmask = 14,
    nr_pread64 = 17,
    nr_pwrite64 = 18,
    nr_getpid = 39,
    nr_getppid = 110,
    nr_clone = 56,
    nr_exit = 60,
    nr_fcntl = 72,
    nr_fdatasync = 75,
    nr_ftruncate = 77,
    nr_fsync = 74,
    nr_chdir = 80,
    nr_fchdir = 81,
    nr_fstatfs = 138,
    nr_prctl = 157,
    nr_lsetxattr = 189,
    nr_lgetxattr = 192,
    nr_llistxattr = 195,
    nr_lremovexattr = 198,
    nr_futex = 202,
    nr_getdents64 = 217,
    nr_exit_group = 231,
    nr_inotify_add_watch = 254,
    nr_inotify_rm_watch = 255,
    nr_mkdirat = 258,
    nr_mknodat = 259,
    nr_unlinkat = 263,
    nr_linkat = 265,
    nr_symlinkat = 266,
    nr_readlinkat = 267,
    nr_utimensat = 280,
    nr_fallocate = 285,
    nr_dup3 = 292,
    nr_inotify_init1 = 294,
    nr_prlimit64 = 302,
    nr_renameat2 = 316,
    nr_seccomp = 317,
    nr_membarrier = 324,
    nr_statx = 332,
    nr_close_range = 436,
    nr_openat2 = 437,
    nr_fchmodat2 = 452,
    nr_capset = 126,
    nr_fchmodat = 268,
    nr_fchownat = 260,
    nr_setresuid = 117,
    nr_setresgid = 119,
};

inline constexpr u64 futex_wait = 0, futex_wake = 1;
inline constexpr u64 fcntl_set_open_file_lock = 37;

}  // namespace litebox::process::raw
