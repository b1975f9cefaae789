// A thread slot: core stack, register frame, thread block and alternate signal stack of one thread, in the
// arena. layout.h draws it.
#pragma once

#include <atomic>
#include <cstddef>

#include "arch/x86_64/registers.h"
#include "platform/platform.h"
#include "platform/process/layout.h"

namespace litebox {
namespace platform {
struct Space;
}
}  // namespace litebox

namespace litebox::process {

struct SandboxState;

/// What a handler leaves for litebox_trap.
struct PendingTrap {
    enum class Kind : u8 { none, system_call, foreign_call, fault, interrupt };
    Kind kind = Kind::none;
    u64 site = 0;  // system_call: of the instruction, 0 where there is none
    upcall::Fault fault{};
};

struct PlatformBlock {
    ThreadBlock head;
    u64 resume;  // 64: where the exit path jumps to
    /// 72: somebody kicked the thread since it entered the core; the exit path looks once more.
    std::atomic<u32> kicked;
    /// 76: host thread id while it may be kicked, else 0. Changed and used under kick_lock.
    std::atomic<u32> tid;
    u64 fork_return[1];  // 80: the one word of stack that a process clone returns over
    /// 88: 0 while the slot is in use, 1 when nobody will touch it any more.
    std::atomic<u32> gone;
    std::atomic<u32> kick_lock;
    u64 host_calls;  // made in this slot since the sandbox began
    platform::Space* space;
    platform::ThreadEntry entry;
    PlatformBlock* next_free;
    PlatformBlock* next_in_space;
    PlatformBlock* previous_in_space;
    u32 signal_stack_ready;
    u32 retires_space;  // the last thread of its process
    u32 stepping;       // TF was set when the thread came in
    PlatformBlock*
        previous_host_block;  // of the spare, or a resting thread, until who took it over has settled
    std::atomic<u32> rest;    // park word; see resting.cpp, also for the next four
    u32 host_thread;          // host thread id
    PlatformBlock* successor;
    u64 given_fs_base;
    u64 cpu_before;  // nanoseconds that the host thread had run when this thread began
    PendingTrap trap;

    [[nodiscard]] u64 slot() const { return reinterpret_cast<u64>(this) - LITEBOX_SLOT_BLOCK; }
    [[nodiscard]] arch::RegisterFrame& frame() const {
        return *reinterpret_cast<arch::RegisterFrame*>(reinterpret_cast<u64>(this) - FRAME_SIZE);
    }
    [[nodiscard]] u64 alternate_stack() const { return slot() + LITEBOX_SLOT_ALTERNATE; }
    [[nodiscard]] SandboxState& state() const { return *reinterpret_cast<SandboxState*>(head.platform_word); }
};
static_assert(offsetof(PlatformBlock, resume) == BLOCK_RESUME &&
              offsetof(PlatformBlock, kicked) == BLOCK_KICKED && offsetof(PlatformBlock, tid) == BLOCK_TID &&
              offsetof(PlatformBlock, fork_return) == BLOCK_FORK_RETURN &&
              offsetof(PlatformBlock, gone) == BLOCK_GONE);
static_assert(offsetof(ThreadBlock, thread) == BLOCK_THREAD &&
              offsetof(ThreadBlock, core_stack) == BLOCK_CORE_STACK &&
              offsetof(ThreadBlock, scratch) == BLOCK_SCRATCH);
static_assert(sizeof(PlatformBlock) <= LITEBOX_SLOT_ALTERNATE - LITEBOX_SLOT_BLOCK);
static_assert(offsetof(arch::RegisterFrame, rip) == FRAME_RIP &&
              offsetof(arch::RegisterFrame, rflags) == FRAME_RFLAGS &&
              offsetof(arch::RegisterFrame, rsp) == FRAME_RSP && sizeof(arch::RegisterFrame) == FRAME_SIZE);

inline PlatformBlock* platform_block(ThreadBlock* block) {
    return reinterpret_cast<PlatformBlock*>(block);
}
inline PlatformBlock& this_block() {
    PlatformBlock* block;
    asm volatile("mov %%gs:0, %0" : "=r"(block));
    return *block;
}
inline SandboxState& sandbox() {
    SandboxState* state;
    asm volatile("mov %%gs:48, %0" : "=r"(state));
    return *state;
}

}  // namespace litebox::process
