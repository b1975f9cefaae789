// The first thread of the sandbox: builds the Kernel, the tree of mounts and the first process, and runs the
// program.

#include "core/file/devfs/device.h"
#include "core/file/file_systems.h"
#include "core/file/hostfs/hostfs.h"
#include "core/file/imagefs/image.h"
#include "core/file/terminal/terminal.h"
#include "core/file/walk.h"
#include "core/kernel.h"
#include "core/memory/heap_state.h"
#include "core/memory/page_allocator.h"
#include "core/memory/scratch_disk.h"
#include "core/net/network.h"
#include "core/task/futex.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "core/task/timers.h"
#include "linux/exec.h"
#include "linux/trace.h"
#include "linux/vdso/vdso.h"
#include "platform/boot_parameters.h"

namespace litebox {

namespace {

/// wait(2) status of a program that could not be started: 126 when it was found, 127 when not.
constexpr int cannot_run = 126 << 8, not_found = 127 << 8;

Result<void> build_kernel(const platform::BootParameters& parameters) {
    PageAllocator* pages = PageAllocator::create(platform::page_region());
    void* memory = pages->allocate(0, PageUse::large, true);
    static_assert(sizeof(Kernel) <= page_size);
    if (memory == nullptr) return Errno::enomem;
    auto* fresh = new (memory) Kernel;
    fresh->pages = pages;
    current_block()->kernel = fresh;
    TRY(create_heap(*fresh));
    fresh->memory_quota = TRY(make_ref<PageQuota>(parameters.memory_limit / page_size)).leak();
    fresh->tasks = TRY(TaskTable::create(parameters.process_limit));
    fresh->futexes = TRY(FutexTable::create());
    fresh->timers = TRY(TimerService::create());
    fresh->host_name = TRY(String::from(parameters.host_name));
    fresh->boot_ns = platform::monotonic_ns();
    fresh->deny_write_execute = parameters.deny_write_execute;
    u32 a = 1, b, c = 0, d;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    fresh->processor_features = d;
    return {};
}

void set_limits(Process& process) {
    constexpr u64 mebibyte = u64{1} << 20;
    auto set = [&](Limit which, u64 soft, u64 hard) { process.limits[which] = {soft, hard}; };
    set(limit_stack, 8 * mebibyte, limit_infinity);
    set(limit_core, 0, limit_infinity);
    set(limit_nofile, 1024, 1048576);
    set(limit_memlock, 8 * mebibyte, 8 * mebibyte);
    set(limit_sigpending, 63000, 63000);
    set(limit_nproc, 63000, 63000);
    set(limit_msgqueue, 819200, 819200);
    set(limit_nice, 0, 0);
    set(limit_rtprio, 0, 0);
}

Result<Ref<Credentials>> first_credentials(const platform::BootParameters& parameters) {
    auto who = TRY(make_ref<Credentials>());
    who->uid = who->euid = who->suid = who->fsuid = parameters.uid;
    who->gid = who->egid = who->sgid = who->fsgid = parameters.gid;
    for (u32 group : parameters.groups) TRY(who->groups.push(group));
    who->bounding = all_capabilities;
    if (parameters.uid == 0) who->permitted = who->effective = all_capabilities;
    return who;
}

/// The process that runs the program: its own session, child of init.
Result<Thread*> first_thread(const platform::BootParameters& parameters) {
    auto process = TRY(make_ref<Process>());
    auto thread = TRY(make_ref<Thread>());
    thread->process = process.get();
    process->ref();
    thread->credentials = TRY(first_credentials(parameters));
    thread->actions = TRY(make_ref<SignalActions>());
    thread->files = TRY(DescriptorTable::create());
    thread->space = TRY(AddressSpace::create(platform::boot_space()));
    u32 processors = min<u32>(platform::processor_count(), 1024);
    for (u32 i = 0; i < processors; i++) thread->affinity[i / 64] |= u64{1} << i % 64;
    thread->start_ns = process->start_ns = platform::monotonic_ns();
    process->actions = thread->actions;
    set_limits(*process);
    TaskTable& table = tasks();
    {
        LockGuard guard(table.mutex);
        TRY(table.add(*thread, *process, true));
        process->parent = table.init;
        table.init->children.push_back(process.get());
        // As a program that a shell or another program starts: neither leader of its session nor of its
        // group.
        process->group_id = table.init->group_id;
        process->session = table.init->session;
    }
    kernel().first_pid = process->pid;
    process->threads.push_back(thread.get());
    process->live_threads = 1;
    thread->block = current_block();
    current_block()->thread = thread.get();
    return thread.leak();
}

/// A stream that is the invoker's terminal is the console, under its name; others are pipes to the host.
Result<Ref<File>> open_one_stream(Thread& thread, int stream) {
    if (console() == nullptr || !platform::stream_is_terminal(stream)) return open_stream(stream);
    auto place = TRY(walk(thread, at_working_directory, "/dev/console"sv, walk_follow));
    auto file = TRY(open_terminal(Ref<Terminal>(console()), place.path.inode(), open_read_write));
    file->path = place.path;
    return file;
}

Result<void> open_streams(Thread& thread) {
    for (int stream = 0; stream < 3; stream++)
        TRY(thread.files->add(TRY(open_one_stream(thread, stream)), false));
    return {};
}

Result<void> start_terminals(Thread& thread) {
    TRY(register_terminals());
    TRY(make_console());
    if (console() != nullptr) {
        LockGuard guard(tasks().mutex);
        thread.process->session->terminal = console();
        thread.process->session->foreground_group = thread.process->group_id;
    }
    auto place = TRY(walk(thread, at_working_directory, "/dev/pts"sv, walk_follow));
    TRY(kernel().files->mount(TRY(make_pts_file_system()), place.path, mount_no_setuid | mount_no_execute,
                              "devpts"sv));
    return {};
}

Result<ExecStrings> program_strings(const platform::BootParameters& parameters) {
    ExecStrings strings;
    for (string_view argument : parameters.arguments) TRY(strings.add_argument(argument));
    for (string_view variable : parameters.environment) TRY(strings.add_environment(variable));
    return strings;
}

string_view search_path(const platform::BootParameters& parameters) {
    for (string_view variable : parameters.environment)
        if (variable.substr(0, 5) == "PATH="sv) return variable.substr(5);
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"sv;
}

/// As execvp(3): a name without a slash is looked for along PATH; the worst error but "not there" is told.
Result<void> run_program(Thread& thread, const platform::BootParameters& parameters) {
    string_view program = parameters.program;
    if (program.find('/') != string_view::npos)
        return execute_first(thread, program, TRY(program_strings(parameters)));
    Errno worst = Errno::enoent;
    string_view path = search_path(parameters);
    while (!path.empty()) {
        usize colon = min(path.find(':'), path.size());
        TextBuilder full;
        full.text(colon == 0 ? "."sv : path.substr(0, colon)).character('/').text(program);
        path.remove_prefix(min(colon + 1, path.size()));
        if (full.failed()) return Errno::enomem;
        auto result = execute_first(thread, full.view(), TRY(program_strings(parameters)));
        if (result.ok()) return result;
        if (result.error() != Errno::enoent && result.error() != Errno::enotdir) worst = result.error();
    }
    return worst;
}

/// What the supervisor's report says of the run.
void last_words() {
    u64 calls = kernel().calls_of_the_dead.load();
    {
        LockGuard guard(tasks().mutex);
        for (Process& process : tasks().processes)
            for (Thread& thread : process.threads)
                calls += thread.system_calls.load(std::memory_order_relaxed);
    }
    report_counts();
    platform::tell_totals(calls, vanishing_files(), kernel().name_lookup_failed.load());
}

Result<void> boot_all(const platform::BootParameters& parameters) {
    TRY(build_kernel(parameters));
    TRY(create_vdso());
    TRY(FileSystems::create());
    kernel().network = TRY(NetworkStack::create());
    auto vsock = platform::vsock_begin();
    if (!vsock.ok() && vsock.error() != Errno::enodev) return vsock;
    kernel().stream_queue = TRY(make_own<WaitQueue>()).release();
    BootPlaces places = TRY(mount_default_view(parameters));
    Thread& thread = *TRY(first_thread(parameters));
    thread.directory = TRY(FileContext::create(places.root, places.working));
    TRY(start_terminals(thread));
    TRY(open_streams(thread));
    TRY(start_tracing(parameters, thread));
    kernel().before_stop = last_words;
    auto started = run_program(thread, parameters);
    if (started.ok()) {
        platform::tell_start();
        return {};
    }
    TextBuilder line;
    line.text(parameters.program).text(": "sv);
    Errno error = started.error();
    line.text(error == Errno::enoent                               ? "not found inside the sandbox"sv
              : error == Errno::eacces                             ? "permission denied"sv
              : error == Errno::enoexec || error == Errno::elibbad ? "not an executable for x86-64 Linux"sv
                                                                   : "cannot be executed, error "sv);
    if (error != Errno::enoent && error != Errno::eacces && error != Errno::enoexec)
        line.decimal(static_cast<i64>(error));
    platform::report(line.view());
    platform::stop(error == Errno::enoent ? not_found : cannot_run);
}

}  // namespace

void upcall::boot() {
    auto booted = boot_all(platform::boot_parameters());
    if (!booted.ok())
        platform::panic(booted.error() == Errno::enomem ? "no memory to start"sv
                                                        : "the view could not be built"sv);
}

void upcall::stream_ready() {
    kernel().stream_queue->wake(~0u, ~0u);
    console_input_ready();
}

void upcall::vsock_packet(const platform::VsockPacket& packet, std::span<const u8> payload) {
    network().vsock.take(packet, payload);
}

void upcall::vsock_lost() {
    network().vsock.lose_all();
}

void upcall::host_signal(int signal) {
    console_signal(signal);
}

void upcall::memory_pressure() {
    // Entries that were used since the last look are spared once, and parents outlive their children.
    constexpr int passes = 4;
    constexpr u32 slots_at_a_time = 64;
    for (int i = 0; i < passes; i++) kernel().files->entries.shrink(~0u);
    while (kernel().files->host->give_up_slots(slots_at_a_time)) continue;
    if (ImageFileSystem* image = kernel().files->image) image->give_up_pages();
    constexpr u64 at_once = 1024;
    if (ScratchDisk* scratch = kernel().files->scratch) (void)scratch->put_out(at_once);
    kernel().pages->give_back();
}

}  // namespace litebox
