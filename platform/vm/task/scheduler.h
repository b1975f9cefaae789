// Which thread runs where: a fair queue per processor (the thread that has had least of it runs next,
// weighted by priority), stealing by idle processors, preemption when a slice is over or somebody who waited
// longer wakes.
#pragma once

#include "platform/vm/cpu/spin_lock.h"
#include "platform/vm/task/block.h"

namespace litebox::vm {

struct ParkBucket {
    SpinLock lock;
    List<PlatformBlock, &PlatformBlock::park_node> waiting;
};

struct SchedulerState {
    static constexpr u32 bucket_count = 256;
    ParkBucket buckets[bucket_count];
    SpinLock blocks_lock;
    PlatformBlock* free_blocks = nullptr;
    PlatformBlock* all_blocks = nullptr;
    std::atomic<u32> running{0};  // threads that want a processor
    std::atomic<u64> alarm{~u64{0}};
    std::atomic<u32> alarm_bell{0};
    std::atomic<u32> write_back_started{0};
};

/// Gives the processor to whoever is next; the calling thread goes on being ready unless its state says
/// otherwise. Interrupts off.
void schedule();
/// The first thing on a new stack.
extern "C" void litebox_finish_switch();
/// A thread that was not in any queue (new, or parked until now) may run. True if the state was `from`.
bool make_ready(PlatformBlock& block, RunState from);
/// The end of a trap in the kernel, or in the guest: switches if that is due. Interrupts off.
void preempt_if_due();
/// Another processor put somebody into this one's queue.
void reschedule_interrupt();
/// Timers that are due, the end of a slice. In the timer interrupt.
void timer_interrupt();
/// Arms and disarms a thread's deadline.
void arm_timer(PlatformBlock& block, u64 deadline_ns);
void disarm_timer(PlatformBlock& block);
/// The deadline of a parked thread has come. Under its timer queue's lock.
void park_timed_out(PlatformBlock& block);
/// What a processor does that has nothing to do.
[[noreturn]] void idle_loop();

/// Loads a thread's page tables (null: the kernel's own). Interrupts off.
void load_space(Processor& processor, platform::Space* space);

/// A thread of the kernel's own; `name` lives for ever. It may park, and allocate from the core's heap once
/// that stands.
Result<ThreadBlock*> start_kernel_thread(void (*body)(void*), void* argument, const char* name);
/// A block with its stack; not running.
Result<PlatformBlock*> make_block(Thread* thread, Kernel* kernel);
/// Starts a block that was just made; `begin` is called with `argument` on its stack.
void start_block(PlatformBlock& block, void (*begin)(PlatformBlock*));
/// The calling thread goes on as this block for good: the boot stack becomes free.
void recycle_block(PlatformBlock& block);

inline constexpr u32 normal_weight = 1024;
/// Keys of a run queue below this are of real-time threads.
inline constexpr u64 least_fair_key = 128;

}  // namespace litebox::vm
