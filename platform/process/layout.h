// Numbers that entry assembly and C++ share: where things lie in a thread slot. See thread_slot.h for the
// types; the asserts there keep both in step.
//
// A slot is 64 KiB, aligned to its size, so that any address in it, a stack pointer above all, tells the
// block:
//
//   0x0000  guard page
//   0x1000  core stack, grows down from the register frame
//   0xbd60  RegisterFrame: the guest's registers while the thread is in the core
//   0xbe00  the thread block (%gs)
//   0xc000  alternate signal stack, 16 KiB
#pragma once

#define LITEBOX_SLOT_SIZE 0x10000
#define LITEBOX_SLOT_STACK 0x1000
#define LITEBOX_SLOT_BLOCK 0xbe00
#define LITEBOX_SLOT_ALTERNATE 0xc000
#define LITEBOX_SLOT_ALTERNATE_SIZE 0x4000

// RegisterFrame, from its own beginning.
#define FRAME_SIZE 160
#define FRAME_RAX 80
#define FRAME_RIP 128
#define FRAME_RFLAGS 136
#define FRAME_RSP 144

// The thread block, from %gs. The frame lies directly below.
#define BLOCK_SELF 0
#define BLOCK_THREAD 8
#define BLOCK_SCRATCH 24
#define BLOCK_CORE_STACK 32
#define BLOCK_RESUME 64
#define BLOCK_KICKED 72
#define BLOCK_TID 76
#define BLOCK_FORK_RETURN 80
#define BLOCK_GONE 88
#define BLOCK_FRAME (-FRAME_SIZE)

// Flags that must not be set in the core, or cannot be restored by sahf: TF, DF, NT, RF, AC, ID.
#define FLAGS_UNUSUAL 0x254500

// SandboxState begins with the return words of litebox_end_thread.
#define STATE_RETURN_CLEARED 0
#define STATE_RETURN_LIVE 8

// What the core's exit path gives the host as exit status.
#define LITEBOX_EXIT_COOKIE 42
