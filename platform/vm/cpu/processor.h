// One processor of the machine: its descriptor tables, its run queue and timers, its interrupt controller.
#pragma once

#include "platform/vm/cpu/spin_lock.h"
#include "platform/vm/task/block.h"

namespace litebox::vm {

inline constexpr u32 most_processors = 64;

/// Vectors of interrupts; exceptions lie below 32.
enum Vector : u8 {
    vector_device_first = 0x30,  // + line of the I/O interrupt controller
    vector_legacy_call = 0x80,   // int $0x80 of a guest
    vector_timer = 0xe0,
    vector_reschedule = 0xe1,
    vector_shoot_down = 0xe2,
    vector_spurious = 0xff,
};

struct [[gnu::packed]] TaskStateSegment {
    u32 reserved0;
    u64 stacks[3];
    u64 reserved1;
    u64 interrupt_stacks[7];
    u64 reserved2;
    u16 reserved3, io_map;
};
static_assert(sizeof(TaskStateSegment) == 104);

struct RunQueue {
    SpinLock lock;
    OrderedTree ready;
    u32 count = 0;
    u64 least_virtual_ns = 0;
    // What real-time threads had in the present period; interrupts off, on its own processor.
    u64 period_begin_ns = 0, realtime_ns = 0;
};

struct TimerQueue {
    SpinLock lock;
    OrderedTree armed;
};

struct Processor : Pinned {
    u32 number = 0;
    u32 apic_id = 0;
    std::atomic<bool> online{false}, idle{false};
    PlatformBlock* current = nullptr;
    PlatformBlock* idle_block = nullptr;
    PlatformBlock* previous = nullptr;        // from whom the switch under way leads
    PlatformBlock* vectors_of = nullptr;      // whose vector registers are loaded
    platform::Space* loaded_space = nullptr;  // null: the kernel's own tables
    RunQueue queue;
    TimerQueue timers;
    u64 programmed_ns = ~u64{0};  // when the timer interrupt comes
    std::atomic<u64> device_interrupts{0}, last_tick_ns{0};
    TaskStateSegment task_state{};
    u64 descriptors[10]{};
};

/// Where the calling thread runs; with interrupts off, else it may be elsewhere already.
inline Processor& this_processor() {
    return *this_block().processor.load(std::memory_order_relaxed);
}

/// Descriptor tables, control registers and system-call registers of the processor that calls.
void set_up_processor(Processor& processor, u8* fault_stack_top, u8* unmaskable_stack_top);
/// What it must have; names the first thing missing, empty when all is there.
std::string_view missing_feature();

/// The kernel stack on which the processor takes the next trap from the guest.
inline void set_trap_stack(Processor& processor, u64 top) {
    processor.task_state.stacks[0] = top;
}

}  // namespace litebox::vm
