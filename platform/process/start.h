// From the boot code to the first upcall.
#pragma once

#include <span>

#include "platform/boot_parameters.h"
#include "platform/platform.h"

namespace litebox::process {

struct FilterInstruction;
struct Rings;

struct StartInfo {
    u64 arena_base, arena_length;
    int arena_file;
    u64 windows_begin, windows_end;  // where the guest maps nothing
    u32 pid;                         // of this process in its PID namespace
    u32 processors, usable_processors;
    u64 counter,
        counter_ns;  // the time stamp counter a while ago, and the monotonic clock then; 0: not known
    u32 task_limit;  // processes and threads
    bool counter_usable;
    bool has_processor_random;
    u64 xsave_size, xsave_features;
    std::span<const u8> seed;  // at least 48 bytes
    const platform::BootParameters* parameters;
    Rings* rings;                     // shared with the host side
    std::span<const u8> grant_lanes;  // of the file ring, by grant
    u32 terminal_streams;             // bit per stream that is a terminal
    std::span<const FilterInstruction> filter;
    bool clones_processes;  // the filter lets it
};

/// Builds the shared state at the beginning of the arena and boots the core on the first slot's stack.
[[noreturn]] void start_sandbox(const StartInfo& info);

}  // namespace litebox::process
