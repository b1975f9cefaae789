// South: the whole host interface. core/ and linux/ reach a host through the functions of this header and
// nothing else; each folder below platform/ implements them (process, vm, enclave, simulated) and is chosen
// at link time.
//
// Ownership: the core owns the mapping tree and the contents of memory objects; the platform owns page
// tables, anonymous frames, zero-fill and copy-on-write. Every function may be called from any thread that
// has a thread block unless it says otherwise. Failures are Errno values; out of memory is ENOMEM, never an
// abort.
#pragma once

#include <atomic>
#include <span>
#include <string_view>

#include "core/base/result.h"
#include "platform/clock_data.h"
#include "platform/thread_block.h"

namespace litebox::platform {

// ---------------------------------------------------------------------------------------------------------------
// Address spaces. A space is a guest address space: a host process here, a page table there.

struct Space;  // the platform's own; lives as long as a core AddressSpace refers to it

enum Protection : u8 { prot_none = 0, prot_read = 1, prot_write = 2, prot_execute = 4 };

/// The guest may use [lowest, end): fixed per platform. Core windows that lie inside are `reserved`.
struct SpaceLimits {
    u64 lowest;
    u64 end;
    u64 reserved_begin;  // no guest mapping may touch [reserved_begin, reserved_end)
    u64 reserved_end;
};
SpaceLimits space_limits();

/// First code that a new thread runs, on its own core stack, with its thread block current.
using ThreadEntry = void (*)(Thread* thread);

/// Copies the caller's address space (private memory copy-on-write) and starts `first`, a thread whose block
/// create_thread_block made, in it. Fork.
Result<Space*> clone_space(ThreadBlock* first, ThreadEntry entry);
/// A new, empty address space with `first` running in it. Exec out of a vfork child.
Result<Space*> blank_space(ThreadBlock* first, ThreadEntry entry);
/// The space of the thread that boots.
Space* boot_space();
/// Called once by the last thread of a space, after its core state is gone; then that thread calls
/// exit_thread.
void retire_space(Space* space);

// Mapping, always in the calling thread's space: page-aligned, inside space_limits(). A new mapping replaces
// what was there. Source addresses of `map_pages` lie in the page region below.
Result<void> map_anonymous(u64 address, u64 length, u8 protection);
Result<void> map_pages(u64 address, u64 length, u8 protection, const void* pages, bool shared);
Result<void> map_host_file(u64 address, u64 length, u8 protection, int host_file, u64 offset, bool shared);
Result<void> unmap(u64 address, u64 length);
Result<void> protect(u64 address, u64 length, u8 protection);
/// Moves (grows, shrinks) pages from one range to another; both in the guest's part; what was at the target
/// is replaced.
Result<void> move(u64 from, u64 from_length, u64 to, u64 to_length);

enum class Advice : u8 { dont_need, free, huge_page, no_huge_page, populate_write };
Result<void> advise(u64 address, u64 length, Advice advice);

/// Brings the page at `address`, so that the access can be repeated: reads it from a host file, waits for
/// memory. May block. EFAULT: there is none, or the platform needs no call; ENOMEM: somebody must end first.
Result<void> page_in(u64 address);

/// Code of a file was just mapped at `address`, and nobody has run it yet: the platform may put in its place
/// what it made of the same code before. May ask upcall::text_at.
void text_mapped(u64 address);

/// Runs `action(argument)` on some thread of `space` (parked and stopped ones too) and waits until it has
/// run. For truncation under another space's mapping, process_vm_readv and the like. ESRCH when the space is
/// gone.
Result<void> run_in_space(Space* space, void (*action)(void*), void* argument);

// ---------------------------------------------------------------------------------------------------------------
// Guest memory of the calling thread's space. The address is any 64-bit value: outside the guest's part
// nothing is touched. Returns how many bytes were done before a fault (== length: all). Never blocks, never
// calls the core, so a lock may be held over it; core/memory/user.h resolves faults and retries without
// locks.

usize copy_in(void* to, u64 from, usize length);
usize copy_out(u64 to, const void* from, usize length);
usize zero_out(u64 to, usize length);
/// Length of the string at `from` without its zero byte, at most `limit`; copies it with the zero byte when
/// it fits. -1: fault.
isize copy_in_string(char* to, u64 from, usize limit);
/// Atomic access to an aligned word. EFAULT on a fault.
Result<u32> load_word(u64 address);
/// Returns the value found; the exchange happened if it equals `expected`.
Result<u32> compare_exchange_word(u64 address, u32 expected, u32 desired);

// ---------------------------------------------------------------------------------------------------------------
// The page region: memory that all spaces' threads see at one address. The core's page allocator owns what is
// in it.

struct PageRegion {
    u8* base;
    u64 length;
};
PageRegion page_region();
/// Before pages are first used (again): ENOMEM where the platform could not have memory for them when they
/// are touched.
Result<void> commit_pages(void* pages, u64 length);
/// Gives pages back to the host; they read as zeros when touched again.
void release_pages(void* pages, u64 length);
/// Hints that pages will be written soon.
void populate_pages(void* pages, u64 length);

// ---------------------------------------------------------------------------------------------------------------
// Threads.

/// A thread block with a core stack, not yet running, current thread `thread`. Freed by free_thread_block if
/// it never ran, else by the platform some time after exit_thread.
Result<ThreadBlock*> create_thread_block(Thread* thread);
void free_thread_block(ThreadBlock* block);
/// Starts it in the caller's space.
Result<void> start_thread(ThreadBlock* block, ThreadEntry entry);
/// Ends the calling thread. `*cleared`, if not null, is set to 1 and unparked once its stack is no longer in
/// use.
[[noreturn]] void exit_thread(std::atomic<u32>* cleared);

enum class ParkResult : u8 { woken, timed_out };
inline constexpr u64 no_deadline = ~u64{0};
/// Sleeps while `word` equals `expected`, until unpark, an interrupt, or `deadline` (monotonic nanoseconds).
/// May return `woken` for no reason. `word` lies in the page region or in a core stack.
ParkResult park(std::atomic<u32>& word, u32 expected, u64 deadline);
void unpark(std::atomic<u32>& word, u32 count);
/// Makes the thread enter the core soon if it runs guest code (upcall `interrupted`). The caller has changed
/// the thread's park word and unparked it before. Harmless on a thread that has ended but whose block is
/// held.
void interrupt(ThreadBlock* block);
void yield();
/// True where a bounded spin can pay: another processor is likely free.
bool spinning_pays();

/// How a thread is to be scheduled, as sched(7) has it.
struct Scheduling {
    enum class Policy : u8 { fair, idle, first_in_first_out, round_robin };
    Policy policy = Policy::fair;
    u8 priority = 0;  // of the last two: 1 (least) to 99
    i8 nice = 0;
    u64 affinity = ~u64{0};  // bit per processor
    u64 timer_slack_ns = 0;  // how late its timed sleeps may end
};
/// Of any thread whose block is held. A platform whose host schedules leaves it at that.
void set_scheduling(ThreadBlock* block, const Scheduling& scheduling);

/// A full memory barrier on every processor that runs a thread of this space (`core_sync`: instruction
/// streams too).
void barrier_all(bool core_sync);

// ---------------------------------------------------------------------------------------------------------------
// Guest register state beyond the general registers. The core never uses vector registers, so the live ones
// are the guest's at every moment in a system call or a fault.

usize xsave_size();                  // bytes of the standard-format XSAVE area with Linux's trailing magic
void save_vector_state(void* area);  // 64-byte aligned, xsave_size() bytes
void restore_vector_state(const void* area);  // checked and sanitised by the caller
u64 fs_base();
void set_fs_base(u64 base);
/// All registers of the guest thread that this host thread runs (general, vector, fs base), kept aside while
/// another guest thread borrows the host thread. restore_guest_state frees it.
struct GuestState;
Result<GuestState*> save_guest_state();
void restore_guest_state(GuestState* state);
/// Registers with which a thread resumes the guest when its ThreadEntry returns or an upcall ends. For a
/// block that never ran: zeros, to be filled before it starts (the fs base too).
arch::RegisterFrame& guest_frame(ThreadBlock* block);

// ---------------------------------------------------------------------------------------------------------------
// Time, entropy, processors.

u64 monotonic_ns();
u64 realtime_ns();
u64 boottime_ns();
/// The system process calls upcall::alarm() at or soon after `deadline` (monotonic; no_deadline: never). Each
/// call replaces the last.
void set_alarm(u64 deadline);
u64 thread_cpu_ns(ThreadBlock* block);
u64 space_cpu_ns(Space* space);
u64 resident_pages(Space* space);
/// Memory that nobody uses. ENOSYS where only the host knows.
Result<u64> free_pages();
void fill_entropy(std::span<u8> out);
u32 processor_count();
u32 current_processor();
/// From now on the platform keeps its clock data in `place` (zeros so far, in the page region, for good),
/// where guests may read it. Called once at boot, by the only thread.
void share_clock(ClockData& place);

// ---------------------------------------------------------------------------------------------------------------
// Rings: the terminal (streams 0, 1, 2 of the invoker), host files granted by the invoker (host_files.h), and
// block devices (block_device.h).

struct WindowSize {
    u16 rows, columns, x_pixels, y_pixels;
};
/// Blocks until at least one byte; 0 at end of file; EINTR after an interrupt; EAGAIN when `wait` is false
/// and none is there.
Result<usize> stream_read(std::span<u8> to, bool wait);
Result<usize> stream_write(int stream, std::span<const u8> from, bool wait);
/// Bytes that a stream_read would give now (0 = none; -1 = end of file), for poll. `on_ready` upcall follows
/// a call that said none.
isize stream_readable();
/// Bytes that stream_write(wait=false) takes now.
usize stream_writable(int stream);
bool stream_is_terminal(int stream);
WindowSize terminal_size();
/// Raw: the supervisor hands bytes through; cooked: the host's terminal does line editing.
void terminal_raw(bool raw);

/// What the invoker asked for: arguments, environment, identity, grants, limits. Fixed at boot.
struct BootParameters;  // platform/boot_parameters.h
const BootParameters& boot_parameters();

/// Host calls that all threads have made so far; approximate while they run.
u64 host_call_count();
/// The program's first instruction is next.
void tell_start();
/// Numbers for the supervisor's report, told once at the end.
void tell_totals(u64 guest_calls, u64 files_lost, bool name_lookup_failed);
/// Ends the whole sandbox. `status` as wait(2) reports it for the first process.
[[noreturn]] void stop(int status);
/// Ends it because the core found itself broken; the reason reaches the user.
[[noreturn]] void panic(std::string_view reason);
/// A diagnostic line on the supervisor's channel (trace, statistics, warnings), not the program's output.
void report(std::string_view line);

}  // namespace litebox::platform

namespace litebox::upcall {

// What a platform calls in the core (implemented in linux/entry.cpp), on the thread's core stack, its block
// current.

/// The guest made a system call; `frame` is the guest's registers and receives the result.
void system_call(arch::RegisterFrame& frame);

struct Fault {
    enum class Kind : u8 {
        page,
        protection,
        bus,
        divide,
        invalid_opcode,
        breakpoint,
        single_step,
        floating_point,
        general,
        alignment
    };
    Kind kind;
    bool write;
    bool execute;
    u64 address;      // for page, protection, bus: the address touched
    u32 host_signal;  // as the host would report it (0 where there is none)
    u32 host_code;
    u32 trap;  // the processor's vector, for the frame of a handler
};
/// The guest's instruction faulted; on return the guest resumes with `frame`.
void fault(arch::RegisterFrame& frame, const Fault& fault);
/// platform::interrupt reached the thread in guest code; on return the guest resumes with `frame`.
void interrupted(arch::RegisterFrame& frame);
/// Input for the terminal or a change of window size is there (called on the system process's thread).
void stream_ready();
/// The invoker's terminal or process got a signal meant for the program (SIGINT, SIGTERM, SIGHUP, SIGWINCH,
/// SIGTSTP, SIGCONT ...).
void host_signal(int signal);
/// Code that the guest runs from a file, as far as a platform that patches it must know.
struct Text {
    u64 begin, end;  // of the mapping: private, executable, never writable
    u64 image;       // where the file's first byte lies
    u64 version[5];  // tells this content of the file from every other of any file
    u64 room;        // 64 KiB close by that the guest does not use, for the platform's own code
};
/// False where there is no such mapping.
bool text_at(u64 address, Text& text);
/// There is no memory for what the guest touched: the process that has most ends, as by Linux's out-of-memory
/// killer. On return the guest resumes, and touches it again.
void out_of_memory(arch::RegisterFrame& frame);
/// The first thread of the sandbox: builds the Kernel and the first process; returns into the guest.
void boot();
/// The time of platform::set_alarm has come. Runs in the system process: no current thread, so it must
/// neither block nor touch guests.
void alarm();
/// The host runs low on memory: drop what can be dropped.
void memory_pressure();

}  // namespace litebox::upcall
