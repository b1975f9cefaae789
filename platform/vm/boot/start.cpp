// From the first instruction at the kernel's own address to the first of the guest's.

#include "platform/vm/boot/early.h"
#include "platform/vm/boot/load_address.h"
#include "platform/vm/boot/self_test.h"
#include "platform/vm/boot/stop.h"
#include "platform/vm/cpu/processors.h"
#include "platform/vm/device/devices.h"
#include "platform/vm/host/control.h"
#include "platform/vm/host/parameters.h"
#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"
#include "platform/vm/task/alarm.h"
#include "platform/vm/text_line.h"

#pragma GCC visibility push(hidden)
extern "C" {
extern litebox::u8 litebox_image_begin[], litebox_text_end[], litebox_constants_end[], litebox_image_end[];
extern litebox::u8 litebox_boot_stack_end[];
}
#pragma GCC visibility pop

namespace litebox::vm {

namespace {

/// The one machine there is. Everything else finds it through a thread block.
struct FirstState {
    alignas(64) u8 machine[sizeof(Machine)];
    alignas(64) u8 block[sizeof(PlatformBlock)];
    alignas(64) u8 processor[sizeof(Processor)];
    alignas(64) u8 fault_stack[page_size], unmaskable_stack[page_size];
};
FirstState first;

constexpr u64 window = u64{1} << 39;

u64 random_word() {
    u64 value = 0;
    constexpr u32 rdrand_bit = 1u << 30;
    if ((host_io::cpuid(1).ecx & rdrand_bit) != 0) asm volatile("rdrand %0" : "=r"(value) : : "cc");
    u32 low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return (value ^ (u64{high} << 32 | low)) * 0x9e3779b97f4a7c15;
}

/// Where the kernel's windows lie: between the direct map's part of the upper half (level-4 slots 256 to 383)
/// and the image's (480 to 509).
KernelPlacement place_kernel(const BootInfo& boot) {
    constexpr u64 windows_begin = 0xffffc00000000000, slots_each = 32;
    KernelPlacement placement{};
    placement.ram = boot.ram.all();
    placement.image_base = reinterpret_cast<u64>(litebox_image_begin);
    placement.image_physical = LITEBOX_LOAD_ADDRESS;
    placement.text_end = reinterpret_cast<u64>(litebox_text_end);
    placement.constants_end = reinterpret_cast<u64>(litebox_constants_end);
    placement.image_end = reinterpret_cast<u64>(litebox_image_end);
    u64 random = random_word();
    placement.region_base = windows_begin + (random % slots_each) * window;
    placement.stacks_base = windows_begin + (slots_each + (random >> 8) % slots_each) * window;
    placement.devices_base = windows_begin + (2 * slots_each + (random >> 16) % slots_each) * window;
    u64 memory = 0;
    for (const PhysicalRange& range : boot.ram.all()) memory += range.length();
    // Addresses are free; what is not there is not used.
    constexpr u64 least = u64{256} << 20, most = u64{64} << 30;
    placement.region_length = min(max(2 * memory, least), most);
    constexpr u32 gigabyte_pages_bit = 1u << 26;
    placement.gigabyte_pages = (host_io::cpuid(0x80000001).edx & gigabyte_pages_bit) != 0;
    return placement;
}

void start_memory(Machine& all) {
    all.memory.frames.begin(all.boot.usable.all());
    keep_last_pages();
    auto root = build_kernel_space(place_kernel(all.boot));
    if (!root.ok()) stop_before_start("the machine has too little memory to start in");
    all.kernel_root = root.value();
    asm volatile("mov %0, %%cr3" : : "r"(all.kernel_root) : "memory");
}

void read_loader_tables(Machine& all, u64 start_info) {
    u64 length = static_cast<u64>(litebox_image_end - litebox_image_begin);
    BootMemory memory{static_cast<const u8*>(direct(0)),
                      {LITEBOX_LOAD_ADDRESS, LITEBOX_LOAD_ADDRESS + length}};
    std::string_view problem;
    if (!read_start_info(start_info, memory, all.boot, problem).ok()) stop_before_start(problem);
}

void start_first_processor(Machine& all, Processor& processor, PlatformBlock& block) {
    processor.current = processor.idle_block = &block;
    processor.online.store(true, std::memory_order_relaxed);
    all.processors[0] = &processor;
    block.processor.store(&processor, std::memory_order_relaxed);
    block.on_processor.store(1, std::memory_order_relaxed);
    set_up_processor(processor, first.fault_stack + page_size, first.unmaskable_stack + page_size);
    all.xsave_size = host_io::cpuid(0xd).ebx;
    u32 low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    all.xsave_features = u64{high} << 32 | low;
}

/// The program's first thread: brings everything up, then becomes the program.
void run_first_thread(Thread*) {
    Machine& all = machine();
    run_self_test(all.boot, SelfTestStage::processor);
    start_processors();
    start_devices(all.boot);
    run_self_test(all.boot, SelfTestStage::devices);
    start_host_side();
    start_alarm();
    upcall::boot();
    all.kernel.store(this_block().head.kernel, std::memory_order_release);
}

void start_first_thread(Machine& all) {
    auto space = make_space();
    auto block = make_block(nullptr, nullptr);
    if (!space.ok() || !block.ok()) stop_before_start("the machine has too little memory to start in");
    all.boot_space = space.value();
    all.boot_space->live.store(1, std::memory_order_relaxed);
    PlatformBlock& thread = *block.value();
    thread.has_guest = true;
    thread.space = thread.home = all.boot_space;
    thread.entry = run_first_thread;
    start_block(thread, [](PlatformBlock* block) { block->entry(nullptr); });
}

/// The boot stack's thread becomes the first processor's idle one.
[[noreturn]] void start_machine(u64 start_info) {
    Machine& all = machine();
    std::string_view missing = missing_feature();
    if (!missing.empty()) {
        TextLine line;
        line.text("the processor lacks ").text(missing);
        stop_before_start(line.view());
    }
    read_loader_tables(all, start_info);
    auto* processor = new (first.processor) Processor();
    start_first_processor(all, *processor, this_block());
    start_memory(all);
    std::string_view problem = read_parameters(all.boot);
    if (!problem.empty()) stop_before_start(problem);
    start_interrupts();
    start_local_controller(*processor);
    ClockRecord told = told_clock();
    if (!start_clock(told.counter_hz))
        stop_before_start(
            "nobody tells the rate of the time stamp counter; name it with counter_hz= on the command line");
    set_realtime(told.realtime_ns);
    start_first_thread(all);
    idle_loop();
}

}  // namespace

u64 image_base() {
    return reinterpret_cast<u64>(litebox_image_begin);
}

/// The stack protector reads through %gs: nothing but the next call happens before it stands.
extern "C" [[noreturn]] __attribute__((no_stack_protector)) void litebox_kernel_main(u64 start_info,
                                                                                     u64 direct_base) {
    auto* all = new (first.machine) Machine();
    auto* block = new (first.block) PlatformBlock();
    all->head = {direct_base, &all->memory};
    block->head.self = &block->head;
    block->head.platform_word = reinterpret_cast<u64>(all);
    block->head.core_stack = reinterpret_cast<u64>(litebox_boot_stack_end);
    block->weight = normal_weight;
    block->sliced = true;
    block->affinity.store(~u64{0}, std::memory_order_relaxed);
    block->name = "idle";
    all->canary = random_word() & ~u64{0xff};  // a zero byte stops strings
    block->head.canary = all->canary;
    host_io::write_msr(host_io::msr_gs_base, reinterpret_cast<u64>(block));
    start_machine(start_info);
}

}  // namespace litebox::vm
