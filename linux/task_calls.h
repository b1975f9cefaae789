// System calls of the task room: processes, threads, signals, time, identity, scheduling, futexes. See
// linux/calls.h.
#pragma once

#include "core/memory/user.h"
#include "core/task/thread.h"
#include "linux/signal_abi.h"
#include "linux/time_abi.h"

namespace litebox::sys {

// Processes: linux/task_calls_process.cpp
Result<u64> fork(Thread& thread);
Result<u64> vfork(Thread& thread);
Result<u64> clone(Thread& thread, u64 flags, u64 stack, u64 parent_tid, u64 child_tid, u64 tls);
Result<u64> clone3(Thread& thread, u64 arguments, usize size);
Result<u64> execve(Thread& thread, UserText path, u64 arguments, u64 environment);
Result<u64> execveat(Thread& thread, int directory, UserText path, u64 arguments, u64 environment, int flags);
Result<u64> exit(Thread& thread, int status);
Result<u64> exit_group(Thread& thread, int status);
struct AbiRusage;
Result<u64> wait4(Thread& thread, i32 pid, UserPtr<i32> status, int options, u64 usage);
Result<u64> waitid(Thread& thread, int kind, i32 id, UserPtr<AbiSiginfo> info, int options, u64 usage);
Result<u64> set_tid_address(Thread& thread, u64 address);
Result<u64> pidfd_open(Thread& thread, i32 pid, u32 flags);
Result<u64> pidfd_send_signal(Thread& thread, int descriptor, int signal, UserPtr<AbiSiginfo> info,
                              u32 flags);
Result<u64> pidfd_getfd(Thread& thread, int pidfd, int descriptor, u32 flags);
Result<u64> kcmp(Thread& thread, i32 first, i32 second, int type, u64 a, u64 b);
Result<u64> ptrace(Thread& thread, i64 request, i32 pid, u64 address, u64 data);
Result<u64> unshare(Thread& thread, u64 flags);
Result<u64> setns(Thread& thread, int descriptor, int kind);
Result<u64> reboot(Thread& thread, u32 magic, u32 magic2, u32 command, u64 argument);

// Identity: linux/task_calls_identity.cpp
Result<u64> getpid(Thread& thread);
Result<u64> gettid(Thread& thread);
Result<u64> getppid(Thread& thread);
Result<u64> getpgid(Thread& thread, i32 pid);
Result<u64> setpgid(Thread& thread, i32 pid, i32 group);
Result<u64> getpgrp(Thread& thread);
Result<u64> getsid(Thread& thread, i32 pid);
Result<u64> setsid(Thread& thread);
Result<u64> getuid(Thread& thread);
Result<u64> geteuid(Thread& thread);
Result<u64> getgid(Thread& thread);
Result<u64> getegid(Thread& thread);
Result<u64> setuid(Thread& thread, u32 uid);
Result<u64> setgid(Thread& thread, u32 gid);
Result<u64> setreuid(Thread& thread, u32 ruid, u32 euid);
Result<u64> setregid(Thread& thread, u32 rgid, u32 egid);
Result<u64> setresuid(Thread& thread, u32 ruid, u32 euid, u32 suid);
Result<u64> setresgid(Thread& thread, u32 rgid, u32 egid, u32 sgid);
Result<u64> getresuid(Thread& thread, UserPtr<u32> ruid, UserPtr<u32> euid, UserPtr<u32> suid);
Result<u64> getresgid(Thread& thread, UserPtr<u32> rgid, UserPtr<u32> egid, UserPtr<u32> sgid);
Result<u64> setfsuid(Thread& thread, u32 uid);
Result<u64> setfsgid(Thread& thread, u32 gid);
Result<u64> getgroups(Thread& thread, int count, UserPtr<u32> groups);
Result<u64> setgroups(Thread& thread, int count, UserPtr<const u32> groups);
Result<u64> capget(Thread& thread, u64 header, u64 data);
Result<u64> capset(Thread& thread, u64 header, u64 data);
Result<u64> prctl(Thread& thread, int option, u64 a, u64 b, u64 c, u64 d);
Result<u64> arch_prctl(Thread& thread, int option, u64 address);
Result<u64> personality(Thread& thread, u32 value);
Result<u64> uname(Thread& thread, u64 buffer);
Result<u64> sethostname(Thread& thread, u64 name, usize length);
Result<u64> setdomainname(Thread& thread, u64 name, usize length);
Result<u64> getrandom(Thread& thread, u64 buffer, usize length, u32 flags);

// Signals: linux/task_calls_signal.cpp
Result<u64> kill(Thread& thread, i32 pid, int signal);
Result<u64> tkill(Thread& thread, i32 tid, int signal);
Result<u64> tgkill(Thread& thread, i32 pid, i32 tid, int signal);
Result<u64> rt_sigaction(Thread& thread, int signal, UserPtr<const AbiSigaction> action,
                         UserPtr<AbiSigaction> old, usize set_size);
Result<u64> rt_sigprocmask(Thread& thread, int how, UserPtr<const u64> set, UserPtr<u64> old, usize set_size);
Result<u64> rt_sigreturn(Thread& thread);
Result<u64> rt_sigpending(Thread& thread, UserPtr<u64> set, usize set_size);
Result<u64> rt_sigtimedwait(Thread& thread, UserPtr<const u64> set, UserPtr<AbiSiginfo> info,
                            UserPtr<const AbiTimespec> timeout, usize set_size);
Result<u64> rt_sigqueueinfo(Thread& thread, i32 pid, int signal, UserPtr<const AbiSiginfo> info);
Result<u64> rt_tgsigqueueinfo(Thread& thread, i32 pid, i32 tid, int signal, UserPtr<const AbiSiginfo> info);
Result<u64> rt_sigsuspend(Thread& thread, UserPtr<const u64> set, usize set_size);
Result<u64> sigaltstack(Thread& thread, UserPtr<const AbiStack> stack, UserPtr<AbiStack> old);
Result<u64> pause(Thread& thread);
Result<u64> restart_syscall(Thread& thread);

// Time: linux/task_calls_time.cpp
Result<u64> nanosleep(Thread& thread, UserPtr<const AbiTimespec> wanted, UserPtr<AbiTimespec> left);
Result<u64> clock_nanosleep(Thread& thread, int clock, int flags, UserPtr<const AbiTimespec> wanted,
                            UserPtr<AbiTimespec> left);
Result<u64> clock_gettime(Thread& thread, int clock, UserPtr<AbiTimespec> time);
Result<u64> clock_getres(Thread& thread, int clock, UserPtr<AbiTimespec> resolution);
Result<u64> clock_settime(Thread& thread, int clock, UserPtr<const AbiTimespec> time);
Result<u64> clock_adjtime(Thread& thread, int clock, u64 buffer);
Result<u64> adjtimex(Thread& thread, u64 buffer);
Result<u64> gettimeofday(Thread& thread, UserPtr<AbiTimeval> time, u64 zone);
Result<u64> settimeofday(Thread& thread, UserPtr<const AbiTimeval> time, u64 zone);
Result<u64> time(Thread& thread, UserPtr<i64> seconds);
Result<u64> times(Thread& thread, u64 buffer);
Result<u64> alarm(Thread& thread, u32 seconds);
Result<u64> getitimer(Thread& thread, int which, UserPtr<AbiItimerval> value);
Result<u64> setitimer(Thread& thread, int which, UserPtr<const AbiItimerval> value,
                      UserPtr<AbiItimerval> old);
Result<u64> timer_create(Thread& thread, int clock, u64 event, UserPtr<i32> id);
Result<u64> timer_settime(Thread& thread, int id, int flags, UserPtr<const AbiItimerspec> value,
                          UserPtr<AbiItimerspec> old);
Result<u64> timer_gettime(Thread& thread, int id, UserPtr<AbiItimerspec> value);
Result<u64> timer_getoverrun(Thread& thread, int id);
Result<u64> timer_delete(Thread& thread, int id);

// Scheduling and limits: linux/task_calls_schedule.cpp
Result<u64> sched_yield(Thread& thread);
Result<u64> sched_setparam(Thread& thread, i32 pid, UserPtr<const i32> priority);
Result<u64> sched_getparam(Thread& thread, i32 pid, UserPtr<i32> priority);
Result<u64> sched_setscheduler(Thread& thread, i32 pid, int policy, UserPtr<const i32> priority);
Result<u64> sched_getscheduler(Thread& thread, i32 pid);
Result<u64> sched_get_priority_max(Thread& thread, int policy);
Result<u64> sched_get_priority_min(Thread& thread, int policy);
Result<u64> sched_rr_get_interval(Thread& thread, i32 pid, UserPtr<AbiTimespec> interval);
Result<u64> sched_setaffinity(Thread& thread, i32 pid, u32 size, u64 mask);
Result<u64> sched_getaffinity(Thread& thread, i32 pid, u32 size, u64 mask);
Result<u64> sched_setattr(Thread& thread, i32 pid, u64 attributes, u32 flags);
Result<u64> sched_getattr(Thread& thread, i32 pid, u64 attributes, u32 size, u32 flags);
Result<u64> getpriority(Thread& thread, int which, i32 who);
Result<u64> setpriority(Thread& thread, int which, i32 who, int value);
Result<u64> ioprio_set(Thread& thread, int which, i32 who, int value);
Result<u64> ioprio_get(Thread& thread, int which, i32 who);
Result<u64> getrlimit(Thread& thread, u32 which, u64 limit);
Result<u64> setrlimit(Thread& thread, u32 which, u64 limit);
Result<u64> prlimit64(Thread& thread, i32 pid, u32 which, u64 fresh, u64 old);
Result<u64> getrusage(Thread& thread, int who, u64 usage);
Result<u64> sysinfo(Thread& thread, u64 buffer);
Result<u64> getcpu(Thread& thread, UserPtr<u32> processor, UserPtr<u32> node);
Result<u64> membarrier(Thread& thread, int command, u32 flags, int processor);

// Futexes: linux/task_calls_futex.cpp
Result<u64> futex(Thread& thread, u64 word, u32 operation, u32 value, u64 timeout, u64 second, u32 value3);
Result<u64> futex_waitv(Thread& thread, u64 rows, u32 count, u32 flags, UserPtr<const AbiTimespec> timeout,
                        int clock);
Result<u64> set_robust_list(Thread& thread, u64 head, usize length);
Result<u64> get_robust_list(Thread& thread, i32 tid, UserPtr<u64> head, UserPtr<u64> length);

}  // namespace litebox::sys
