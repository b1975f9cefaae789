#include "platform/vm/cpu/processors.h"

#include "core/base/string.h"
#include "platform/vm/host_io.h"
#include "platform/vm/machine.h"

#pragma GCC visibility push(hidden)
extern "C" {
extern const litebox::u8 litebox_trampoline[], litebox_trampoline_end[], litebox_trampoline_data[];
extern litebox::u64 litebox_boot_tables[];
[[noreturn]] void litebox_processor_main(litebox::u64 number, litebox::u64 machine);
}
#pragma GCC visibility pop

namespace litebox::vm {

namespace {

/// Memory below 1 MiB that nobody uses once the loader's structures have been read.
constexpr Physical trampoline_page = 0x8000;

struct TrampolineData {
    u64 tables, function, stacks, argument;
    u32 next, count;
};

u32 wanted_processors() {
    auto told = parse_decimal(machine().boot.option("cpus"));
    if (!told.ok() || told.value() < 1) return 1;
    return static_cast<u32>(min<u64>(told.value(), most_processors));
}

/// By processor number - 1.
struct Stacks {
    u64 tops[most_processors];
};
static_assert(sizeof(Stacks) <= page_size && sizeof(Processor) + 2 * 1024 <= page_size);

/// A processor that will find itself in machine().processors. ENOMEM.
Result<void> prepare_processor(u32 number, Stacks& stacks) {
    auto* memory = static_cast<u8*>(direct(TRY(frames().allocate_zeroed(FrameUse::kernel))));
    PlatformBlock& idle = *TRY(make_block(nullptr, nullptr));
    auto* processor = new (memory) Processor();
    idle.name = "idle";
    idle.processor.store(processor, std::memory_order_relaxed);
    idle.on_processor.store(1, std::memory_order_relaxed);
    processor->number = number;
    processor->current = processor->idle_block = &idle;
    machine().processors[number] = processor;
    stacks.tops[number - 1] = idle.head.core_stack - FRAME_SIZE;
    return {};
}

/// The kernel's tables, and below them the first 4 GiB one to one.
Result<Physical> temporary_tables() {
    Physical tables = TRY(frames().allocate_zeroed(FrameUse::kernel));
    if (tables >= u64{1} << 32) return Errno::enomem;
    __builtin_memcpy(direct(tables), direct(machine().kernel_root), page_size);
    *static_cast<u64*>(direct(tables)) = litebox_boot_tables[0];
    return tables;
}

Result<void> prepare_start(u32 wanted) {
    Machine& all = machine();
    auto& stacks = *static_cast<Stacks*>(direct(TRY(frames().allocate_zeroed(FrameUse::kernel))));
    Physical tables = TRY(temporary_tables());
    u32 count = 1;
    while (count < wanted && prepare_processor(count, stacks).ok()) count++;
    usize length = static_cast<usize>(litebox_trampoline_end - litebox_trampoline);
    auto* page = static_cast<u8*>(direct(trampoline_page));
    __builtin_memcpy(page, litebox_trampoline, length);
    auto& data = *reinterpret_cast<TrampolineData*>(page + (litebox_trampoline_data - litebox_trampoline));
    data = {tables,
            reinterpret_cast<u64>(litebox_processor_main),
            reinterpret_cast<u64>(&stacks),
            reinterpret_cast<u64>(&all),
            0,
            count - 1};
    all.processor_count = count;
    return {};
}

}  // namespace

void start_processors() {
    u32 wanted = wanted_processors();
    if (wanted == 1 || !prepare_start(wanted).ok() || machine().processor_count == 1) return;
    send_start(trampoline_page);
}

/// Without %gs at first, so without a stack protector.
extern "C" __attribute__((no_stack_protector)) void litebox_processor_main(u64 index, u64 machine_address) {
    auto& all = *reinterpret_cast<Machine*>(machine_address);
    Processor& processor = *all.processors[index + 1];
    asm volatile("mov %0, %%cr3" : : "r"(all.kernel_root) : "memory");
    host_io::write_msr(host_io::msr_gs_base, reinterpret_cast<u64>(processor.idle_block));
    // The rest of the frame that the processor lies in.
    u8* end = reinterpret_cast<u8*>(&processor) + page_size;
    constexpr usize stack_size = 1024;
    set_up_processor(processor, end, end - stack_size);
    start_local_controller(processor);
    processor.online.store(true, std::memory_order_release);
    all.processors_online.fetch_add(1, std::memory_order_relaxed);
    idle_loop();
}

}  // namespace litebox::vm
