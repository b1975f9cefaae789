// Interrupts: the local controller of each processor (xAPIC in memory or x2APIC), the I/O controller for
// device lines, and messages between processors.
#pragma once

#include "platform/platform.h"
#include "platform/vm/cpu/spin_lock.h"

namespace litebox::vm {

struct Processor;

inline constexpr u32 most_lines = 24;

struct ShootDown {
    std::atomic<u32> busy{0};
    platform::Space* space = nullptr;  // null: kernel addresses
    u64 begin = 0, end = 0;
    bool serialize = false;       // only a barrier
    std::atomic<u64> waiting{0};  // bit per processor that has not answered
};

struct Interrupts {
    volatile u8* local = nullptr;  // xAPIC registers; null with x2APIC
    volatile u8* io = nullptr;
    u32 timer_hz = 0;  // ticks of the local timer per second; 0: TSC deadlines
    struct Line {
        void (*handler)(void*) = nullptr;
        void* argument = nullptr;
    };
    Line lines[most_lines];
    ShootDown shoot_down;
};

/// On the boot processor, once device memory can be mapped.
void start_interrupts();
/// On each processor.
void start_local_controller(Processor& processor);

/// Line of the I/O controller (level, active high) -> handler, which runs with interrupts off, only looks
/// what it is, acknowledges and unparks. On the boot processor.
void connect_interrupt(u32 line, void (*handler)(void*), void* argument);
void end_of_interrupt();
/// Called by the trap code for vectors of device lines.
void device_interrupt(u32 line);

/// Next timer interrupt of the calling processor; interrupts off.
void program_timer(u64 deadline_ns);
void send_reschedule(const Processor& to);
/// INIT and two start messages to all others: they begin at `page` (below 1 MiB).
void send_start(u64 page);

/// Invalidates [begin, end) on every processor that has `space` loaded, this one too, and waits until they
/// have. May be called with interrupts off and spin locks held: who waits for either serves these meanwhile.
void shoot_down(platform::Space& space, u64 begin, u64 end);
void shoot_down_kernel(u64 begin, u64 end);
/// A full memory barrier (with the instruction stream) on every processor that has `space` loaded.
void barrier_on_all(platform::Space& space);
/// What others ask of this processor; also called while it spins. Interrupts off.
void serve_shoot_down();

}  // namespace litebox::vm
