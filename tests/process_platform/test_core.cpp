// A core of a few calls on top of the process platform: enough to run guests that test the platform.
#include "core/base/heap.h"
#include "platform/process/broken.h"
#include "platform/process/host.h"
#include "platform/process/state.h"
#include "platform/process/trap.h"
#include "tests/process_platform/guest_file.h"

namespace litebox {

namespace {

struct TestThread {
    std::atomic<u32> work, wake_word;
    u64 handler;  // guest address that an interrupt enters
    TestThread* self;
    ThreadBlock* block;
    u64 tls;
};

struct TestKernel {
    std::atomic<u64> next_byte;
    std::atomic<u32> next_tid, interrupts, faults;
    TestThread* threads[64];
};

TestKernel& test_kernel() {
    return reinterpret_cast<TestKernel&>(kernel());
}
TestThread& test_thread() {
    return reinterpret_cast<TestThread&>(*current_thread());
}

void say(std::string_view text) {
    (void)process::host::call(1, 2, reinterpret_cast<u64>(text.data()), text.size());
}

struct ElfHeader {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, program_headers;
    u64 rest;
    u32 flags;
    u16 size, entry_size, entries;
};
struct ElfSegment {
    u32 type, flags;
    u64 offset, address, physical, file_size, memory_size, alignment;
};

u64 load_elf(const GuestFile& guest) {
    auto* header = reinterpret_cast<const ElfHeader*>(guest.address);
    auto* segments = reinterpret_cast<const ElfSegment*>(guest.address + header->program_headers);
    for (int i = 0; i < header->entries; i++) {
        const ElfSegment& segment = segments[i];
        if (segment.type != 1) continue;
        u64 begin = page_down(segment.address), end = page_up(segment.address + segment.memory_size);
        if (!platform::map_anonymous(begin, end - begin, 3).ok()) platform::panic("segment");
        if (platform::copy_out(segment.address, reinterpret_cast<const void*>(guest.address + segment.offset),
                               segment.file_size) != segment.file_size)
            platform::panic("segment contents");
        u8 protection =
            static_cast<u8>((segment.flags & 4) >> 2 | (segment.flags & 2) | (segment.flags & 1) << 2);
        if (!platform::protect(begin, end - begin, protection).ok()) platform::panic("segment protection");
    }
    return header->entry;
}

Result<TestThread*> new_thread() {
    u32 tid = test_kernel().next_tid.fetch_add(1);
    auto* thread = static_cast<TestThread*>(heap_allocate(sizeof(TestThread)));
    new (thread) TestThread();
    test_kernel().threads[tid % 64] = thread;
    thread->block = TRY(platform::create_thread_block(reinterpret_cast<Thread*>(thread)));
    thread->self = thread;
    return thread;
}

void start_child(Thread* thread) {
    auto* child = reinterpret_cast<TestThread*>(thread);
    if (child->tls != 0) platform::set_fs_base(child->tls);
}

Result<u64> clone_guest(arch::RegisterFrame& frame) {
    bool thread = (frame.rdi & 0x100) != 0;
    TestThread* child = TRY(new_thread());
    auto& registers = platform::guest_frame(child->block);
    registers = frame;
    registers.rax = 0;
    if (frame.rsi != 0) registers.rsp = frame.rsi;
    u64 tid = test_kernel().next_tid.load() - 1;
    if (thread)
        TRY(platform::start_thread(child->block, start_child));
    else
        TRY(platform::clone_space(child->block, start_child));
    return tid;
}

Result<u64> exec_blank(arch::RegisterFrame& frame) {
    TestThread* child = TRY(new_thread());
    auto& registers = platform::guest_frame(child->block);
    registers = frame;
    TRY(platform::blank_space(child->block, [](Thread*) {
        platform::guest_frame(current_block()).rip = load_elf(
            *reinterpret_cast<GuestFile*>(process::sandbox().arena_base + process::sandbox().arena_length));
        (void)platform::map_anonymous(0x600000000000, 1 << 20, 3);
        platform::guest_frame(current_block()).rsp = 0x600000000000 + (1 << 20) - 64;
        platform::guest_frame(current_block()).rax = 7;  // tells the guest where it starts
    }));
    return 0;
}

const void* shared_page() {
    return platform::page_region().base + platform::page_region().length - page_size;
}

Result<u64> call_guest(arch::RegisterFrame& frame) {
    switch (frame.rax) {
        case 1: {
            char text[256];
            usize length = platform::copy_in(text, frame.rsi, min<u64>(frame.rdx, sizeof(text)));
            if (length == 0 && frame.rdx != 0) return Errno::efault;
            say({text, length});
            return length;
        }
        case 9:
            TRY(platform::map_anonymous(frame.rdi, frame.rsi, static_cast<u8>(frame.rdx)));
            return frame.rdi;
        case 11:
            TRY(platform::unmap(frame.rdi, frame.rsi));
            return 0;
        case 39:
            return 4711;
        case 13:  // whom an interrupt enters
            test_thread().handler = frame.rsi;
            return 0;
        case 34: {  // pause until woken
            u32 word = test_thread().wake_word.load();
            if (test_thread().work.load() == 0)
                (void)platform::park(test_thread().wake_word, word, platform::no_deadline);
            return 0;
        }
        case 35:
            (void)platform::park(test_thread().wake_word, test_thread().wake_word.load(),
                                 platform::monotonic_ns() + frame.rdi);
            return 0;
        case 56:
            return clone_guest(frame);
        case 59:
            return exec_blank(frame);
        case 60: {
            if (frame.rdi == 1) platform::retire_space(process::this_block().space);
            platform::exit_thread(nullptr);
        }
        case 62: {  // interrupt thread rdi
            TestThread* thread = test_kernel().threads[frame.rdi % 64];
            thread->work.fetch_or(1);
            thread->wake_word.fetch_add(1);
            platform::unpark(thread->wake_word, 1);
            platform::interrupt(thread->block);
            return 0;
        }
        case 158:
            platform::set_fs_base(frame.rsi);
            return 0;
        case 228:
            return platform::monotonic_ns();
        case 231:
            platform::stop(static_cast<int>(frame.rdi) << 8);
        case 500:
            return test_kernel().faults.load();
        case 501:
            return test_kernel().interrupts.load();
        case 502: {  // runs something in every other space
            std::atomic<u32> ran{0};
            for (u32 i = 0; i < process::sandbox().spaces_used; i++) {
                platform::Space* space = &process::sandbox().spaces[i];
                if (space->state.load() != 1) continue;
                (void)platform::run_in_space(
                    space, [](void* count) { static_cast<std::atomic<u32>*>(count)->fetch_add(1); }, &ran);
            }
            return ran.load();
        }
        case 510:
            TRY(platform::map_pages(0x500000000000, page_size, 3, shared_page(), true));
            return 0x500000000000;
        case 511:
            return reinterpret_cast<u64>(litebox_entry);
        default:
            return Errno::enosys;
    }
}

}  // namespace

void upcall::system_call(arch::RegisterFrame& frame) {
    auto result = call_guest(frame);
    frame.rax = result.ok() ? result.value() : static_cast<u64>(-static_cast<i64>(result.error()));
    if (test_thread().work.load() != 0) interrupted(frame);
}

/// A guest's handler gets the fault's address in rdi and the place to go on at in rsi.
void upcall::fault(arch::RegisterFrame& frame, const Fault& fault) {
    test_kernel().faults.fetch_add(1);
    u64 handler = test_thread().handler;
    if (handler == 0)
        process::panic_at("the guest faulted", frame.rip, fault.address, static_cast<int>(fault.host_signal));
    frame.rdi = fault.address;
    frame.rsi = frame.rip;
    frame.rdx = static_cast<u64>(fault.kind);
    frame.rip = handler;
    frame.rflags = 0x202;
}

void upcall::interrupted(arch::RegisterFrame&) {
    if (test_thread().work.exchange(0) != 0) test_kernel().interrupts.fetch_add(1);
}

void upcall::boot() {
    platform::PageRegion region = platform::page_region();
    auto* state = new (region.base) TestKernel();
    state->next_byte.store(reinterpret_cast<u64>(region.base) + page_size);
    state->next_tid.store(1);
    set_kernel(reinterpret_cast<Kernel*>(state));
    auto* thread = static_cast<TestThread*>(heap_allocate(sizeof(TestThread)));
    new (thread) TestThread();
    thread->block = current_block();
    state->threads[0] = thread;
    current_block()->thread = reinterpret_cast<Thread*>(thread);
    auto& guest =
        *reinterpret_cast<GuestFile*>(process::sandbox().arena_base + process::sandbox().arena_length);
    auto& frame = platform::guest_frame(current_block());
    frame.rip = load_elf(guest);
    constexpr u64 stack = 0x600000000000, stack_size = 1 << 20;
    if (!platform::map_anonymous(stack, stack_size, 3).ok()) platform::panic("stack");
    frame.rsp = stack + stack_size - 64;
    u64 argument = guest.argument_count > 1 ? static_cast<u64>(guest.arguments[1][0]) : 0;
    (void)platform::copy_out(frame.rsp, &argument, sizeof(argument));
    frame.rflags = 0x202;
}

bool upcall::text_at(u64, Text&) {
    return false;
}
void upcall::stream_ready() {}
void upcall::host_signal(int) {}
void upcall::alarm() {}
void upcall::memory_pressure() {}

void* heap_allocate(usize size) {
    return reinterpret_cast<void*>(test_kernel().next_byte.fetch_add((size + 63) & ~usize{63}));
}
void heap_free(void*) {}

namespace platform {

void stop(int status) {
    (void)process::host::call(process::host::nr_tgkill, process::sandbox().spaces[1].pid,
                              process::sandbox().spaces[1].pid, 9);
    (void)process::host::call(process::host::nr_exit_group, static_cast<u64>(status >> 8));
    __builtin_unreachable();
}
void panic(std::string_view reason) {
    say("panic: ");
    say(reason);
    say("\n");
    stop(99 << 8);
}
void report(std::string_view line) {
    say(line);
}

}  // namespace platform

}  // namespace litebox
