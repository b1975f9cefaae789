// The end of the machine.

#include "platform/vm/boot/stop.h"

#include "platform/vm/boot/serial.h"
#include "platform/vm/host/control.h"
#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"

namespace litebox::vm {

void stop_machine() {
    asm volatile("cli" : : : "memory");
    // The keyboard controller's reset line; where there is none, a fault with no way to handle it. Both end
    // the monitor, or restart the machine where it wishes that.
    constexpr u16 controller_command = 0x64;
    constexpr u8 pulse_reset = 0xfe;
    host_io::port_out8(controller_command, pulse_reset);
    struct [[gnu::packed]] {
        u16 limit = 0;
        u64 base = 0;
    } no_gates;
    asm volatile("lidt %0; int3" : : "m"(no_gates));
    host_io::halt_forever();
}

void stop_before_start(std::string_view reason) {
    serial_write("litebox: ");
    serial_write(reason);
    serial_write("\n");
    stop_machine();
}

/// The stack protector found a kernel stack overwritten.
extern "C" [[noreturn]] __attribute__((visibility("hidden"))) void __stack_chk_fail() {
    platform::panic("a kernel stack was overwritten");
}

/// A function was called that its class does not have.
extern "C" [[noreturn]] __attribute__((visibility("hidden"))) void __cxa_pure_virtual() {
    platform::panic("a virtual function without a body was called");
}

}  // namespace litebox::vm

namespace litebox::platform {

using namespace vm;

void stop(int status) {
    // What the program wrote through mappings of granted files goes out first.
    flush_all_cached();
    say_stopped(status);
    stop_machine();
}

void panic(std::string_view reason) {
    // One processor tells; the others, and a fault while it does, just wait for the end.
    if (machine().broken.exchange(1, std::memory_order_acq_rel) != 0) host_io::halt_forever();
    serial_write("litebox: ");
    serial_write(reason);
    serial_write("\n");
    say_broken(reason);
    stop_machine();
}

/// The host makes no calls for us; what leaves the machine are interrupts of devices.
u64 host_call_count() {
    u64 count = 0;
    for (u32 i = 0; i < machine().processor_count; i++)
        count += machine().processors[i]->device_interrupts.load(std::memory_order_relaxed);
    return count;
}

}  // namespace litebox::platform
