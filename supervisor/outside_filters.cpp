// The filters of what is ours outside: PID 1 and the threads that serve the rings. A mistake there that a
// guest finds a use for gets it no further than these lists.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/filter.h"

namespace litebox::supervisor {

namespace {

using Kind = Condition::Kind;

PermittedCall any(uint32_t number) {
    return {number, "", {}, ""};
}

}  // namespace

std::vector<process::FilterInstruction> make_idle_filter() {
    return make_outside_filter(
        {{SYS_read, "", {{{0, Kind::equals, {process::pid_one_descriptor}}}}, ""}, any(SYS_exit_group)});
}

std::vector<process::FilterInstruction> make_ring_filter(const std::vector<uint64_t>& input,
                                                         const std::vector<uint64_t>& output) {
    const Condition ourselves{0, Kind::equals, {static_cast<uint64_t>(getpid())}};
    const Condition no_execution{2, Kind::bits_within, {PROT_READ | PROT_WRITE}};
    const Condition no_file{4, Kind::low_equals, {0xffffffff}};
    return make_outside_filter({
        any(SYS_futex),
        {SYS_read, "", {{{0, Kind::one_of, input}}}, ""},
        {SYS_write, "", {{{0, Kind::one_of, output}}}, ""},
        any(SYS_poll),
        {SYS_tgkill, "", {{ourselves}}, ""},
        any(SYS_getpid),
        any(SYS_clock_nanosleep),
        any(SYS_restart_syscall),
        {SYS_ioctl, "", {{{1, Kind::one_of, {TCSBRK, TIOCGPGRP}}}}, ""},  // tcdrain, tcgetpgrp
        any(SYS_getpgrp),
        any(SYS_brk),
        {SYS_mmap, "", {{no_execution, no_file}}, ""},
        {SYS_mprotect, "", {{no_execution}}, ""},
        any(SYS_munmap),
        any(SYS_madvise),
        any(SYS_rt_sigprocmask),
        any(SYS_exit),
    });
}

bool filters_available() {
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool put_on_filter(const std::vector<process::FilterInstruction>& filter) {
    // The kernel's own structure of an instruction, by another name.
    static_assert(sizeof(process::FilterInstruction) == sizeof(sock_filter));
    sock_fprog program{
        static_cast<unsigned short>(filter.size()),
        reinterpret_cast<sock_filter*>(const_cast<process::FilterInstruction*>(filter.data()))};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace litebox::supervisor
