// What the supervisor prepares for the sandbox image: one read-only block at a fixed address of this run, and
// descriptors by number. Plain data; the pointers in it (string views, spans) hold inside the sandbox, where
// the block lies at `windows.block`.
#pragma once

#include "platform/boot_parameters.h"

namespace litebox::process {

/// Descriptors that the opener inherits.
enum StartDescriptor : int {
    arena_descriptor = 3,
    block_descriptor = 4,
    rings_descriptor = 5,
    pid_one_descriptor = 6,  // read end: the sandbox's PID 1 lives until the supervisor closes the other
    text_descriptor = 7,     // the command's own file, for the image's code; closed once that is mapped
};

/// Descriptor windows for granted files, the same for every run. Below them is room for what the openers hold
/// for the length of a request: a guest can neither read nor map that.
inline constexpr int file_window_begin = 64, file_window_end = file_window_begin + 4096;
inline constexpr int write_window_begin = file_window_end, write_window_end = file_window_end + 1024;

/// Addresses of this run. All borders are multiples of 4 GiB but for the image's base.
struct Windows {
    u64 begin;  // a 4 GiB guard, then the image's 4 GiB, then block and rings, then the arena
    u64 image, image_length;
    u64 block, block_length;
    u64 rings, rings_length;
    u64 arena, arena_length;
    u64 end;
    u64 gate;         // address of the one system-call instruction
    u64 text_offset;  // of the image's code in text_descriptor's file
};

struct FilterInstruction {  // struct sock_filter
    u16 code;
    u8 jump_true, jump_false;
    u32 value;
};

/// Openers: one for each identity that files are looked at as (the owner of a directory that the invoker
/// named, else the unprivileged identity of the run), and one for each grant whose file system may not
/// answer.
inline constexpr u32 most_file_lanes = 8;
struct FileLaneParameters {
    u32 uid, gid;
    bool slow;  // FUSE, network: nothing there can be watched, and requests may never be answered
};

struct StartBlock {
    static constexpr u64 expected_magic = 0x786f62657469'6cull;
    u64 magic;
    Windows windows;
    u32 processors;
    u32 usable_processors;    // that the invoker's affinity leaves
    u64 counter, counter_ns;  // the time stamp counter, and the monotonic clock at that moment
    u32 task_limit;
    u8 seed[64];
    std::span<const FilterInstruction> filter;  // of guest processes
    bool clones_processes;                      // it lets them
    std::span<const FilterInstruction> opener_filter;
    std::span<const FilterInstruction> idle_filter;  // of PID 1
    i32 supervisor;                                  // its process number, as the opener sees it
    u32 terminal_streams;                            // bit per stream
    u32 grant_count;
    bool switch_identity;                       // false: everything is served as the invoker, who is no root
    std::span<const FileLaneParameters> lanes;  // the first is the opener that makes the others
    std::span<const u8> grant_lanes;            // by grant
    platform::BootParameters parameters;
};

}  // namespace litebox::process
