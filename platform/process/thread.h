// Threads inside the process platform: what space.cpp and start-up share with thread.cpp.
#pragma once

#include "platform/process/host_signal.h"
#include "platform/process/thread_slot.h"

namespace litebox::process {

/// Fills a slot's block and zeroes its frame.
void prepare_block(SandboxState& state, PlatformBlock& block, Thread* thread, Kernel* kernel);
/// The creator tells the host thread's number; from then on the thread can be kicked.
void publish_thread_number(PlatformBlock& block, u32 tid);
/// No kick is on its way to the thread any more when this returns: the host's number that it had.
u32 end_kicks(PlatformBlock& block);
/// What a new host thread does first, on its own stack: guard page, alternate stack, entry in its space's
/// list.
void settle_thread(PlatformBlock& block);
/// Makes the slot's guard page inaccessible in the calling process.
void guard_slot(platform::Space& space, PlatformBlock& block);
/// The calling thread is the only one of its space when this returns.
void await_siblings(platform::Space& space);
void release_space(platform::Space& space);

}  // namespace litebox::process

#pragma GCC visibility push(hidden)
extern "C" {
void litebox_thread_started(litebox::process::PlatformBlock* block);
/// Goes through the host's rt_sigreturn; returns as if from a call with callee-saved registers as they were.
/// The callee fills in rip, rsp and those registers.
void litebox_load_context(litebox::process::HostContext* context);
/// Leaves the stack, tells whoever waits, and ends the host thread, or, `last`, the host process.
[[noreturn]] void litebox_end_thread(litebox::process::PlatformBlock* block,
                                     std::atomic<litebox::u32>* cleared, std::atomic<litebox::u32>* live,
                                     litebox::u64 last);
/// Host clone; the child goes on in litebox_thread_started on its own core stack. Host's return value.
litebox::i64 litebox_clone_thread(litebox::u64 flags, litebox::process::PlatformBlock* block);
litebox::i64 litebox_clone_process(litebox::u64 flags, litebox::process::PlatformBlock* block);
/// futex(2) wait with a look at the block's `kicked` word that a kick cannot slip past: -EINTR then.
litebox::i64 litebox_futex_wait(const void* word, litebox::u64 operation, litebox::u64 expected,
                                const void* deadline, litebox::u64 unused, litebox::u64 mask);
}
#pragma GCC visibility pop
