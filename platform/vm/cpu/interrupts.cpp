#include "platform/vm/cpu/interrupts.h"

#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"
#include "platform/vm/task/watchdog.h"

namespace litebox::vm {

namespace {

enum LocalRegister : u32 {
    local_id = 0x20,
    local_task_priority = 0x80,
    local_end = 0xb0,
    local_spurious = 0xf0,
    local_command = 0x300,
    local_command_high = 0x310,
    local_timer = 0x320,
    local_line0 = 0x350,
    local_line1 = 0x360,
    local_timer_initial = 0x380,
    local_timer_current = 0x390,
    local_timer_divide = 0x3e0,
};
constexpr u32 masked = 1u << 16, deadline_mode = 2u << 17;
constexpr u64 controller_size = 4096, io_controller_address = 0xfec00000;

u32 read_local(LocalRegister at) {
    const Interrupts& interrupts = machine().interrupts;
    if (interrupts.local == nullptr)
        return static_cast<u32>(host_io::read_msr(host_io::msr_x2apic + at / 16));
    return host_io::mmio_read32(interrupts.local + at);
}

void write_local(LocalRegister at, u32 value) {
    const Interrupts& interrupts = machine().interrupts;
    if (interrupts.local == nullptr)
        host_io::write_msr(host_io::msr_x2apic + at / 16, value);
    else
        host_io::mmio_write32(interrupts.local + at, value);
}

/// To the processor with this controller number, or with a shorthand in `command`.
void send(u32 apic_id, u32 command) {
    constexpr u32 pending = 1u << 12;
    if (machine().interrupts.local == nullptr) {
        host_io::write_msr(host_io::msr_x2apic + local_command / 16, u64{apic_id} << 32 | command);
        return;
    }
    InterruptsOff off;
    write_local(local_command_high, apic_id << 24);
    write_local(local_command, command);
    while ((read_local(local_command) & pending) != 0) asm volatile("pause");
}

void write_io(u32 at, u32 value) {
    volatile u8* io = machine().interrupts.io;
    host_io::mmio_write32(io, at);
    host_io::mmio_write32(io + 0x10, value);
}

constexpr u32 cpuid_x2apic = 1u << 21, cpuid_deadline = 1u << 24;

bool has_deadline_timer() {
    return (host_io::cpuid(1).ecx & cpuid_deadline) != 0;
}

}  // namespace

void start_interrupts() {
    Interrupts& interrupts = machine().interrupts;
    u64 base = host_io::read_msr(host_io::msr_apic_base) & ~(controller_size - 1) & 0xfffffffffffff;
    bool memory = (host_io::cpuid(1).ecx & cpuid_x2apic) == 0;
    auto local = map_device(memory ? base : io_controller_address, controller_size);
    auto io = map_device(io_controller_address, controller_size);
    if (!local.ok() || !io.ok()) platform::panic("the interrupt controllers cannot be mapped");
    if (memory) interrupts.local = local.value();
    interrupts.io = io.value();
    for (u32 line = 0; line < most_lines; line++) write_io(0x10 + 2 * line, masked);
    // KVM and QEMU count this timer in nanoseconds of a bus of 1 GHz.
    constexpr u32 bus_hz = 1000000000;
    interrupts.timer_hz = has_deadline_timer() ? 0 : bus_hz;
}

void start_local_controller(Processor& processor) {
    constexpr u64 enable = 1 << 11, enable_x2apic = 1 << 10;
    bool memory = machine().interrupts.local != nullptr;
    u64 base = host_io::read_msr(host_io::msr_apic_base) | enable;
    host_io::write_msr(host_io::msr_apic_base, memory ? base : base | enable_x2apic);
    constexpr u32 software_enable = 1u << 8, divide_by_1 = 0xb;
    write_local(local_task_priority, 0);
    write_local(local_line0, masked);
    write_local(local_line1, masked);
    write_local(local_spurious, software_enable | vector_spurious);
    write_local(local_timer_divide, divide_by_1);
    write_local(local_timer, vector_timer | (machine().interrupts.timer_hz == 0 ? deadline_mode : 0));
    processor.apic_id = memory ? read_local(local_id) >> 24 : read_local(local_id);
}

void connect_interrupt(u32 line, void (*handler)(void*), void* argument) {
    if (line >= most_lines) return;
    Interrupts& interrupts = machine().interrupts;
    interrupts.lines[line].argument = argument;
    __atomic_store_n(&interrupts.lines[line].handler, handler, __ATOMIC_RELEASE);
    write_io(0x10 + 2 * line + 1, machine().processors[0]->apic_id << 24);
    // A device that has news while its handler acknowledges the last keeps the line up: an edge would be
    // missed.
    constexpr u32 level_triggered = 1u << 15;
    write_io(0x10 + 2 * line, (vector_device_first + line) | level_triggered);
}

void device_interrupt(u32 line) {
    Interrupts::Line& entry = machine().interrupts.lines[line];
    auto* handler = __atomic_load_n(&entry.handler, __ATOMIC_ACQUIRE);
    if (handler != nullptr) handler(entry.argument);
}

void end_of_interrupt() {
    write_local(local_end, 0);
}

void program_timer(u64 deadline_ns) {
    Processor& processor = this_processor();
    if (deadline_ns == processor.programmed_ns) return;
    processor.programmed_ns = deadline_ns;
    const Interrupts& interrupts = machine().interrupts;
    if (interrupts.timer_hz == 0) {
        u64 when = deadline_ns == platform::no_deadline ? 0 : counter_at(deadline_ns);
        host_io::write_msr(host_io::msr_tsc_deadline, when);
        return;
    }
    u64 now = platform::monotonic_ns();
    constexpr u64 longest = 0xffffffff, shortest = 1000;
    u64 ticks = deadline_ns <= now + shortest ? shortest : min(deadline_ns - now, longest);
    write_local(local_timer_initial, deadline_ns == platform::no_deadline ? 0 : static_cast<u32>(ticks));
}

void send_reschedule(const Processor& to) {
    send(to.apic_id, vector_reschedule);
}

void send_start(u64 page) {
    constexpr u32 all_others = 3u << 18, assert_level = 1u << 14, init = 5u << 8, start = 6u << 8;
    send(0, all_others | assert_level | init);
    // Old processors want pauses here; those that have what we ask for do not.
    for (int i = 0; i < 2; i++)
        send(0, all_others | assert_level | start | static_cast<u32>(page / page_size));
}

namespace {

/// Global pages too.
void invalidate_all() {
    constexpr u64 global_pages = 1 << 7;
    u64 cr4;
    asm volatile("mov %%cr4, %0" : "=r"(cr4));
    asm volatile("mov %0, %%cr4" : : "r"(cr4 & ~global_pages) : "memory");
    asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
}

void invalidate(u64 begin, u64 end) {
    constexpr u64 longest = 32 * page_size;
    if (end - begin > longest) return invalidate_all();
    for (u64 page = page_down(begin); page < end; page += page_size)
        asm volatile("invlpg (%0)" : : "r"(page) : "memory");
}

/// One at a time; who waits serves the others.
void ask_all(u64 mask, platform::Space* space, u64 begin, u64 end, bool serialize) {
    ShootDown& request = machine().interrupts.shoot_down;
    InterruptsOff off;
    mask &= ~(u64{1} << this_processor().number);
    if (mask == 0) return;
    u32 free = 0;
    while (!request.busy.compare_exchange_weak(free, 1, std::memory_order_acquire)) {
        free = 0;
        serve_shoot_down();
        asm volatile("pause");
    }
    request.space = space, request.begin = begin, request.end = end, request.serialize = serialize;
    request.waiting.store(mask, std::memory_order_release);
    for (u32 i = 0; i < machine().processor_count; i++)
        if ((mask >> i & 1) != 0) send(machine().processors[i]->apic_id, vector_shoot_down);
    u64 since = 0;
    while (request.waiting.load(std::memory_order_acquire) != 0) {
        watch_wait(since);
        asm volatile("pause");
    }
    request.busy.store(0, std::memory_order_release);
}

u64 online_mask() {
    u64 mask = 0;
    for (u32 i = 0; i < machine().processor_count; i++)
        if (machine().processors[i]->online.load(std::memory_order_acquire)) mask |= u64{1} << i;
    return mask;
}

}  // namespace

void serve_shoot_down() {
    ShootDown& request = machine().interrupts.shoot_down;
    u64 bit = u64{1} << this_processor().number;
    if ((request.waiting.load(std::memory_order_acquire) & bit) == 0) return;
    if (request.serialize)
        (void)host_io::cpuid(0);
    else if (request.space == nullptr || this_processor().loaded_space == request.space)
        invalidate(request.begin, request.end);
    request.waiting.fetch_and(~bit, std::memory_order_acq_rel);
}

void while_spinning() {
    if (machine().processor_count > 1) serve_shoot_down();
}

void shoot_down(platform::Space& space, u64 begin, u64 end) {
    InterruptsOff off;  // all of it on one processor
    if (this_processor().loaded_space == &space) invalidate(begin, end);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    ask_all(space.active.load(std::memory_order_acquire), &space, begin, end, false);
}

void shoot_down_kernel(u64 begin, u64 end) {
    InterruptsOff off;
    invalidate(begin, end);
    ask_all(online_mask(), nullptr, begin, end, false);
}

void barrier_on_all(platform::Space& space) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    ask_all(space.active.load(std::memory_order_acquire), &space, 0, 0, true);
}

}  // namespace litebox::vm
