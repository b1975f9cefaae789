// Entry assembly's labels, and what it calls.
#pragma once

#include "platform/process/host_signal.h"
#include "platform/process/thread_slot.h"

#pragma GCC visibility push(hidden)
extern "C" {
// entry.S
extern const char litebox_entry[];           // patched sites and our vDSO jump here
extern const char litebox_entry_switched[];  // from here on the stack is not the guest's
extern const char litebox_entry_lost[];      // %gs was not ours
extern const char litebox_trap_resume[];
extern const char litebox_exit[];  // [litebox_exit, litebox_exit_end) restarts from its beginning
extern const char litebox_exit_jump[];
extern const char litebox_exit_jump_unusual[];
extern const char litebox_exit_end[];
extern const char litebox_wait_begin[];  // [.., litebox_wait_end): a futex wait that a kick cancels
extern const char litebox_wait_end[];
extern const char litebox_wait_interrupted[];
extern const char litebox_end_cleared[];  // where the gate returns to in litebox_end_thread
extern const char litebox_end_live[];
extern const char litebox_gate[];      // begins with the `syscall` instruction, two bytes, then `ret`
extern const char litebox_restorer[];  // sa_restorer of every handler
extern const char litebox_signal[];    // sa_handler of every signal

void litebox_handle_signal(int signal, const litebox::process::HostSigInfo* info,
                           litebox::process::HostContext* context, litebox::process::PlatformBlock* block,
                           litebox::u64 found_gs);
void litebox_trap(litebox::arch::RegisterFrame* frame);
void litebox_kicked(litebox::arch::RegisterFrame* frame);
[[noreturn]] void litebox_run_thread(litebox::process::PlatformBlock* block,
                                     void (*function)(litebox::process::PlatformBlock*));

// The linker: this image's code.
extern const char litebox_text_begin[];
extern const char litebox_text_end[];
}
#pragma GCC visibility pop
