// Signals: numbers, sets, information, dispositions, queues. Values are Linux's (x86-64); see signal(7).
#pragma once

#include "core/base/list.h"
#include "core/base/lock.h"
#include "core/base/ref.h"

namespace litebox {

enum Signal : int {
    sighup = 1,
    sigint,
    sigquit,
    sigill,
    sigtrap,
    sigabrt,
    sigbus,
    sigfpe,
    sigkill,
    sigusr1,
    sigsegv,
    sigusr2,
    sigpipe,
    sigalrm,
    sigterm,
    sigstkflt,
    sigchld,
    sigcont,
    sigstop,
    sigtstp,
    sigttin,
    sigttou,
    sigurg,
    sigxcpu,
    sigxfsz,
    sigvtalrm,
    sigprof,
    sigwinch,
    sigio,
    sigpwr,
    sigsys,
    sigrtmin_kernel = 32,
    signal_max = 64
};

/// Bit n-1 is signal n.
struct SignalSet {
    u64 bits = 0;
    [[nodiscard]] bool has(int signal) const { return (bits >> (signal - 1) & 1) != 0; }
    void add(int signal) { bits |= u64{1} << (signal - 1); }
    void remove(int signal) { bits &= ~(u64{1} << (signal - 1)); }
    [[nodiscard]] bool empty() const { return bits == 0; }
};

/// What siginfo_t says (the linux room lays it out).
struct SignalInfo {
    int signal = 0;
    int code = 0;
    int error = 0;
    i32 pid = 0;
    u32 uid = 0;
    u64 value = 0;                       // sigval, or the timer's
    u64 address = 0;                     // faults
    int status = 0;                      // SIGCHLD: exit status or signal
    i64 user_time = 0, system_time = 0;  // SIGCHLD, in clock ticks
    int timer_id = 0, overrun = 0;
    int band = 0, descriptor = 0;  // SIGIO
    u64 call_address = 0;          // SIGSYS
    int call_number = 0;
    u32 architecture = 0;
};

struct SignalAction {
    u64 handler = 0;  // 0 default, 1 ignore
    u64 flags = 0;    // SA_*
    u64 restorer = 0;
    SignalSet mask;
};
inline constexpr u64 handler_default = 0, handler_ignore = 1;
inline constexpr u64 sa_nocldstop = 1, sa_nocldwait = 2, sa_siginfo = 4, sa_restorer = 0x04000000,
                     sa_onstack = 0x08000000, sa_restart = 0x10000000, sa_nodefer = 0x40000000,
                     sa_resethand = 0x80000000;

/// Dispositions, shared by the threads of a process (and by CLONE_SIGHAND).
struct SignalActions : RefCounted<SignalActions> {
    Mutex mutex{LockRank::signals};
    SignalAction actions[signal_max];  // [signal - 1]
};

struct QueuedSignal {
    ListNode node;
    SignalInfo info;
    bool preallocated = false;  // belongs to a timer
};

/// Pending signals of a thread or of a process; its owner's lock guards it.
struct SignalQueue {
    SignalSet pending;
    List<QueuedSignal, &QueuedSignal::node> queued;
};

}  // namespace litebox
