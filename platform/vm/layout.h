// Offsets and sizes that entry assembly shares with C++. Checked in task/thread_state.h and cpu/.
#pragma once

// ThreadBlock and what lies behind it (PlatformBlock).
#define BLOCK_THREAD 8
#define BLOCK_SCRATCH 24
#define BLOCK_CORE_STACK 32
#define BLOCK_PENDING 64
#define BLOCK_SAVED_STACK 72

// arch::RegisterFrame; it ends at core_stack.
#define FRAME_SIZE 160
#define FRAME_R11 48
#define FRAME_RAX 80
#define FRAME_RCX 88
#define FRAME_RIP 128
#define FRAME_RFLAGS 136
#define FRAME_RSP 144
#define FRAME_FULL_RESTORE 152

// Selectors as Linux has them, which programs can see.
#define KERNEL_CODE 0x10
#define KERNEL_DATA 0x18
#define USER_DATA 0x2b
#define USER_CODE 0x33
#define TASK_STATE 0x40

#define CLEAN_FLAGS 0x202
