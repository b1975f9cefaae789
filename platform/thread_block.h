// The thread block: what a thread of the library OS finds through %gs. Its first 64 bytes are fixed, since
// compiled code (the stack protector) and entry assembly rely on them; the platform keeps its own state
// behind.
#pragma once

#include "core/base/types.h"

namespace litebox {

class Thread;
class WakeBatch;
struct Kernel;

namespace arch {
struct RegisterFrame;
}

struct ThreadBlock {
    ThreadBlock* self;  // 0
    Thread* thread;     // 8: whom this host thread runs now; a vfork child borrows its parent's
    Kernel* kernel;     // 16
    u64 scratch;        // 24: entry assembly
    u64 core_stack;     // 32: top
    u64 canary;         // 40: -mstack-protector-guard-offset
    u64 platform_word;  // 48
    WakeBatch* wakes;   // 56: wake-ups that the core holds back
};
static_assert(sizeof(ThreadBlock) == 64);

#ifdef LITEBOX_FREESTANDING
inline ThreadBlock* current_block() {
    ThreadBlock* block;
    asm("mov %%gs:0, %0" : "=r"(block));
    return block;
}
inline Thread* current_thread() {
    Thread* thread;
    asm volatile("mov %%gs:8, %0" : "=r"(thread));
    return thread;
}
inline Kernel& kernel() {
    Kernel* kernel;
    asm volatile("mov %%gs:16, %0" : "=r"(kernel));
    return *kernel;
}
/// For boot. A plain store to the block would not be ordered with the reads above.
inline void set_kernel(Kernel* kernel) {
    asm volatile("mov %0, %%gs:16" : : "r"(kernel) : "memory");
}
#else
inline thread_local ThreadBlock* hosted_block = nullptr;
inline ThreadBlock* current_block() {
    return hosted_block;
}
inline Thread* current_thread() {
    return hosted_block->thread;
}
inline Kernel& kernel() {
    return *hosted_block->kernel;
}
inline void set_kernel(Kernel* kernel) {
    hosted_block->kernel = kernel;
}
#endif

}  // namespace litebox
