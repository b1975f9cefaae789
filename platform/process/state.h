// Everything of the process platform that its host processes share: one object at the start of the arena.
// A thread finds it through its block: sandbox().
#pragma once

#include "core/base/lock.h"
#include "platform/boot_parameters.h"
#include "platform/entropy_pool.h"
#include "platform/process/abi/start_block.h"
#include "platform/process/clock.h"
#include "platform/process/patch.h"
#include "platform/process/thread_slot.h"

namespace litebox::process {
inline constexpr u32 most_slots = 8192;
inline constexpr u32 file_slot_count = write_window_end - file_window_begin;
}  // namespace litebox::process

namespace litebox::platform {

using process::PlatformBlock;

enum SpaceState : u32 { space_free = 0, space_running = 1, space_retired = 2 };

/// A host process. When one has ended its record goes to the next; whoever still has an errand there holds on
/// to the mailbox and to the lock of the threads, so these stay what they are.
struct Space {
    /// Everything but the mailbox and the locks as for a new process.
    void begin() {
        pid.store(0, std::memory_order_relaxed);
        live.store(0, std::memory_order_relaxed);
        for (u64& word : guarded) word = 0;
        for (u64& site : hopeless_sites) site = 0;
        state.store(space_running, std::memory_order_release);
    }

    std::atomic<u32> pid{0};   // host's number in the sandbox's PID namespace
    std::atomic<u32> live{0};  // threads started and not yet gone from their stacks
    std::atomic<u32> state{0};
    Space* next_free = nullptr;

    Mutex threads_mutex{LockRank::leaf};
    PlatformBlock* threads = nullptr;
    PlatformBlock* resting = nullptr;  // host threads without a guest's, linked by next_in_space
    u32 resting_count = 0;

    /// Bit by slot: this process has set its guard page. A clone inherits both.
    u64 guarded[process::most_slots / 64] = {};

    // run_in_space: one request at a time; `request` is 0 idle, 1 posted, 2 taken, 3 done.
    Mutex mailbox_mutex{LockRank::leaf};
    std::atomic<u32> request{0};
    void (*action)(void*) = nullptr;
    void* argument = nullptr;

    /// System-call instructions that cannot be patched, by a hash of their address.
    static constexpr u64 hopeless_count = 64;
    u64 hopeless_sites[hopeless_count] = {};
};

}  // namespace litebox::platform

namespace litebox::process {

/// The host process cloned ahead for blank_space. `state` is a park word.
struct Spare {
    Mutex mutex{LockRank::process};
    std::atomic<u32> state{0};  // SpareState
    platform::Space* space = nullptr;
    PlatformBlock* next = nullptr;  // what it shall run
};
enum SpareState : u32 { spare_none = 0, spare_ready = 1, spare_taken = 2, spare_failed = 3 };

struct Rings;

struct SandboxState {
    u64 return_words[2];  // the last stack of ending threads, see entry.S; never written after start-up
    u64 arena_base;
    u64 arena_length;
    int arena_file;  // descriptor
    platform::PageRegion pages;
    platform::SpaceLimits limits;
    u64 canary;
    u32 processors;
    u32 usable_processors;  // host threads run on as many at once
    std::atomic<Kernel*> kernel;
    std::atomic<i32> awake;    // threads that are not parked
    std::atomic<i32> resting;  // host threads, in all spaces

    // Thread slots.
    Mutex slots_mutex{LockRank::leaf};
    u64 slots_base;
    u32 slot_count;
    u32 slots_used;  // slots at and above this index have never been used
    PlatformBlock* free_slots;

    // Host processes.
    Mutex spaces_mutex{LockRank::leaf};
    platform::Space* spaces;
    u32 space_count;
    u32 spaces_used;
    platform::Space* free_spaces;
    platform::Space* boot_space;
    Spare spare;

    // When the system process has to look after timers. It sleeps on a bell in the rings.
    std::atomic<u64> alarm{~u64{0}};

    ClockState clock;
    platform::EntropyPool entropy;
    PatchState patch;

    std::span<const FilterInstruction> filter;
    bool clones_processes;
    std::atomic<u32> system_confined;  // the system process has put on its filter

    const platform::BootParameters* parameters;
    Rings* rings;
    u32 terminal_streams;
    Mutex output_mutex{LockRank::leaf};
    Mutex input_mutex{LockRank::leaf};
    std::atomic<u32> file_turn, file_waiters;  // a slot of the file ring became free
    std::span<const u8> grant_lanes;
    std::atomic<u8> slot_lanes[file_slot_count];  // of descriptor slots that were handed in

    usize xsave_size;  // of the area alone, without the trailing magic
    u64 xsave_features;
};

}  // namespace litebox::process
