// A task that runs: registers, signal mask, and references to all that a process's threads share or do not
// (clone(2)).
#pragma once

#include "core/base/list.h"
#include "core/base/ref.h"
#include "core/memory/address_space.h"
#include "core/task/credentials.h"
#include "core/task/signal.h"
#include "core/task/wait_queue.h"
#include "platform/platform.h"

namespace litebox {

class Process;
class DescriptorTable;
class FileContext;

enum WorkFlag : u32 {
    work_signal = 1,        // a signal may be deliverable: look before returning to the guest
    work_exit = 2,          // the thread group is going away
    work_stop = 4,          // the process is stopped: park before returning to the guest
    work_notify = 8,        // accounting, tracing
    work_file_signal = 16,  // it woke somebody who is to be told by a signal: send_file_signals()
};

struct ResourceUsage {  // struct rusage in nanoseconds and counts
    u64 user_ns = 0, system_ns = 0, max_resident_kib = 0, minor_faults = 0, major_faults = 0, blocks_in = 0,
        blocks_out = 0, voluntary_switches = 0, involuntary_switches = 0;
    void add(const ResourceUsage& other);
};

class Thread final : public RefCounted<Thread> {
  public:
    Thread();
    ~Thread();

    i32 tid = 0;
    Process* process = nullptr;    // outlives its threads
    ThreadBlock* block = nullptr;  // changes under the signal lock
    ListNode group_node;           // in Process::threads, under the signal lock
    ListNode table_node;           // in the task table's bucket

    // Shared with other threads as clone(2)'s flags said. Only the thread itself replaces them; others that
    // look use the process lock.
    Ref<AddressSpace> space;
    Ref<DescriptorTable> files;
    Ref<FileContext> directory;
    Ref<SignalActions> actions;
    Ref<Credentials> credentials;

    char name[16] = {};

    // Blocking.
    std::atomic<u32> wake_word{0};
    u32 look_time = ~u32{0} / 2;   // saved up for looking in vain before sleeping, ns
    std::atomic<u32> work{0};      // WorkFlag
    std::atomic<char> state{'R'};  // as /proc shows it: R S D T Z
    const char* wait_channel = "";

    /// What it has used so far. A vfork child's time is its lender's.
    [[nodiscard]] ResourceUsage usage() const;

    /// Wakes it from block(); safe from any thread that holds a reference.
    void wake();
    /// Wakes it and makes it look at `work`, also when it runs guest code.
    void interrupt(u32 work_flags);

    // Signals. `pending` is guarded by the process's signal lock; the mask is changed by the thread itself
    // only.
    SignalSet mask;
    SignalSet saved_mask;  // of sigsuspend, ppoll, pselect, epoll_pwait: restored after the handler's frame
                           // is built
    bool restore_mask = false;
    int fault_trap = 0, fault_error = 0;  // of the last fault, for the frame of its handler
    SignalQueue pending;
    struct {
        u64 base = 0, size = 0;
        u32 flags = 2;  // SS_DISABLE
    } alternate_stack;
    SignalSet waiting_for;  // sigtimedwait: taken although blocked

    // How a blocking call that is restarted through restart_syscall goes on.
    struct {
        Result<u64> (*function)(Thread&) = nullptr;
        u64 words[6] = {};
    } restart;

    u64 clear_child_tid = 0;  // set_tid_address, CLONE_CHILD_CLEARTID
    u64 set_child_tid = 0;
    u64 robust_list = 0;
    u64 robust_list_length = 0;
    u64 rseq = 0;

    i32 exit_status = 0;
    i32 parent_death_signal = 0;
    u32 scheduling_policy = 0;
    i32 nice = 0;
    u16 io_priority = 0;  // class << 13 | level, recorded only
    u32 priority = 0;
    u64 affinity[16] = {};  // 1024 processors
    u64 timer_slack_ns = 50000;
    u64 start_ns = 0;
    std::atomic<u64> system_calls{0};
    void* exec_plan = nullptr;  // linux: an exec that goes on in a new address space
    u64 start_tls = 0;          // CLONE_SETTLS of a thread that has not started
    bool start_with_tls = false;
    u64 minor_faults = 0, voluntary_switches = 0;
    bool is_vfork_child = false;  // borrows its parent's host thread and address space
    Thread* lender = nullptr;     // of a borrowing child: its parent's thread, and that thread's registers
    platform::GuestState* lender_state = nullptr;
    u64 resume_value = 0;  // what the system call returns in which this thread became current again
    std::atomic<bool> vfork_done{false};
    bool dumpable_exec = true;

    /// After a change of policy, priority, nice value, affinity or timer slack, and for a new block.
    void tell_scheduling() const;
};

}  // namespace litebox
