// Sending, choosing and taking signals. See signal(7); the rules follow what Linux does (man 7 signal, man 2
// kill, sigaction).
#pragma once

#include "core/task/process.h"

namespace litebox {

enum class SignalScope : u8 { process, thread };

enum SignalCode : int {  // si_code values
    code_user = 0,
    code_kernel = 0x80,
    code_queue = -1,
    code_timer = -2,
    code_message = -3,
    code_async = -4,
    code_tkill = -6,
};
enum ChildCode : int {
    child_exited = 1,
    child_killed,
    child_dumped,
    child_trapped,
    child_stopped,
    child_continued
};

/// Sends to a process (any thread takes it) or to one thread. EAGAIN when a real-time signal finds the queue
/// full. Never fails for the kernel's own signals. Takes the process's signal lock.
Result<void> send_signal(Process& process, const SignalInfo& info);
Result<void> send_signal(Thread& thread, const SignalInfo& info);
/// The same with a node that the caller (a timer) owns. False if it is queued already.
bool send_preallocated(Process& process, Thread* thread, QueuedSignal& queued);
/// To every member of a process group. ESRCH when it is empty.
Result<void> send_to_group(i32 group, const SignalInfo& info);
/// What the threads of `child` wished to be sent when their parent ends (PR_SET_PDEATHSIG).
void send_parent_death_signals(Process& child, i32 parent);
/// A fault of the current thread: taken even if blocked or ignored (then the default action ends the
/// process).
void force_signal(Thread& thread, SignalInfo info);

/// kill(2)'s permission rule.
bool may_signal(const Thread& sender, Process& target, int signal);

/// Takes the next signal that is in `wanted` off the thread's and its process's queues. False: none.
bool take_signal(Thread& thread, SignalSet wanted, SignalInfo& info);
/// Signals pending for the thread and its process.
SignalSet pending_signals(Thread& thread);
/// Recomputes the thread's work_signal after its mask changed.
void update_signal_work(Thread& thread);
void set_signal_mask(Thread& thread, SignalSet mask);

/// What a signal does when it has no handler.
enum class DefaultAction : u8 { terminate, core, ignore, stop, resume };
DefaultAction default_action(int signal);

/// Starts the end of a process: every thread leaves. `status` in wait(2) format. Under signal_mutex.
void begin_group_exit(Process& process, i32 status);
/// Removes ignored pending signals after a disposition became "ignore".
void flush_signal(Process& process, int signal);
/// Stops the process (job control); resumes it. Under neither lock.
void stop_process(Thread& thread, int signal);

/// Tells `process`'s parent of an exit, stop or continue: SIGCHLD with details, and wakes its waits. Under
/// the table lock.
void notify_parent(Process& process, int code, int status);

}  // namespace litebox
