// The thread block of the VM platform: what is behind the ThreadBlock of one kernel thread. It lies at the
// top of the thread's kernel stack, above the guest's register frame, and stays a thread block for good:
// blocks are used again, never given back for anything else.
#pragma once

#include <atomic>
#include <cstddef>

#include "arch/x86_64/registers.h"
#include "core/base/list.h"
#include "platform/platform.h"
#include "platform/vm/layout.h"
#include "platform/vm/task/ordered_tree.h"

namespace litebox::vm {

struct Machine;
struct Processor;

/// What has to be done before the guest goes on.
enum Pending : u32 { pending_kick = 1, pending_switch = 2 };

enum class RunState : u32 { running, queued, parked, dead };

struct PlatformBlock {
    ThreadBlock head;
    std::atomic<u32> pending;
    u32 preemption_held;  // > 0: an interrupt does not switch to another thread
    u64 saved_stack;      // while another thread runs
    /// Whose page tables are loaded while it runs; null: the kernel's alone.
    platform::Space* space;
    platform::Space* home;  // the space it belongs to; `space` differs while it runs an errand elsewhere
    std::atomic<Processor*> processor;  // that runs it, or ran it last
    std::atomic<u32> on_processor;      // its stack or registers are in use there
    std::atomic<RunState> state;
    bool has_guest;             // it runs guest code: vector registers and bases are its own
    bool retires_space;         // it is the last of its space
    std::atomic<u32>* cleared;  // set when its stack is no longer in use

    // Scheduling; under the lock of the queue that it is in.
    TreeNode run_node;
    u64 virtual_ns;
    u32 weight;
    u32 realtime;  // priority; 0: fair
    bool sliced;   // others of its kind get their turn
    u64 timer_slack_ns;
    std::atomic<u64> affinity;    // bit per processor
    std::atomic<u64> started_ns;  // what it had until then is counted
    std::atomic<u64> cpu_ns;

    // Parking; under the lock of the word's bucket, the timer's under that of its timer queue.
    ListNode park_node;
    std::atomic<const std::atomic<u32>*> park_word;
    platform::ParkResult park_result;
    TreeNode timer_node;
    u64 timer_deadline_ns;
    Processor* timer_processor;

    u64 fs_base, guest_gs_base;  // while it does not run
    u8* vectors;                 // XSAVE area of machine().xsave_size bytes
    Processor* vectors_on;       // whose registers still hold what is in `vectors`
    platform::ThreadEntry entry;
    void (*body)(void*);  // of a thread of the kernel's own
    void* argument;
    const char* name;
    PlatformBlock* next_free;
    PlatformBlock* next_made;  // all that were ever made

    arch::RegisterFrame& frame() {
        return *reinterpret_cast<arch::RegisterFrame*>(head.core_stack - FRAME_SIZE);
    }
};
static_assert(offsetof(PlatformBlock, pending) == BLOCK_PENDING &&
              offsetof(PlatformBlock, saved_stack) == BLOCK_SAVED_STACK &&
              offsetof(ThreadBlock, scratch) == BLOCK_SCRATCH &&
              offsetof(ThreadBlock, core_stack) == BLOCK_CORE_STACK &&
              sizeof(arch::RegisterFrame) == FRAME_SIZE && offsetof(arch::RegisterFrame, rip) == FRAME_RIP &&
              offsetof(arch::RegisterFrame, rsp) == FRAME_RSP &&
              offsetof(arch::RegisterFrame, rflags) == FRAME_RFLAGS &&
              offsetof(arch::RegisterFrame, full_restore) == FRAME_FULL_RESTORE);

inline PlatformBlock& platform_block(ThreadBlock* block) {
    return *reinterpret_cast<PlatformBlock*>(block);
}
inline PlatformBlock& this_block() {
    return platform_block(current_block());
}

}  // namespace litebox::vm
