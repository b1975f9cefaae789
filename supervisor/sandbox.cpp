// One run: memory files, namespaces, the opener, the first guest process; then waiting, limits, and the end.

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "platform/process/layout.h"
#include "supervisor/host_processes.h"
#include "supervisor/image.h"
#include "supervisor/lanes.h"
#include "supervisor/limits.h"
#include "supervisor/opener_start.h"
#include "supervisor/start_block.h"
#include "supervisor/streams.h"
#include "supervisor/usage.h"
#include "supervisor/watch.h"

namespace litebox::supervisor {

namespace {

using process::Rings;
using process::Windows;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

Descriptor memory_file(const char* name, uint64_t length, unsigned seals) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) fail("memfd_create");
    if (ftruncate(file, static_cast<off_t>(length)) != 0) fail("ftruncate");
    seal(file, seals);
    return Descriptor(file);
}

uint64_t total_memory() {
    struct sysinfo info;
    if (sysinfo(&info) != 0) return uint64_t{1} << 30;
    return static_cast<uint64_t>(info.totalram) * info.mem_unit;
}

constexpr uint64_t gib = uint64_t{1} << 30, four_gib = 4 * gib;

/// What the child that becomes the opener has to know.
struct Outline {
    uint64_t memory = 0, tasks = 0, arena_length = 0;
    std::vector<GrantRoot> roots;
    FileLanes lanes;
};

/// What a run prepares while that child makes the grants its root.
struct Preparation {
    Windows windows;
    Descriptor arena, block, rings_file, image, pid_one_read, pid_one_write;
    Descriptor program;  // this program's own file
    Rings* rings = nullptr;
};

uint32_t terminal_streams() {
    uint32_t bits = 0;
    for (int stream = 0; stream < 3; stream++)
        if (isatty(stream)) bits |= 1u << stream;
    return bits;
}

bool grants_writing(const std::vector<Grant>& grants) {
    return std::any_of(grants.begin(), grants.end(),
                       [](const Grant& grant) { return grant.kind == Grant::Kind::read_write; });
}

uint32_t usable_processors() {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0) return static_cast<uint32_t>(get_nprocs());
    return static_cast<uint32_t>(CPU_COUNT(&set));
}

Outline outline(const RunOptions& options, uint32_t identity) {
    Outline o;
    o.memory = options.memory != 0 ? options.memory : total_memory() / 2;
    if (!filters_available())
        throw std::runtime_error(
            "this host has no system-call filters; `litebox doctor` says what is missing");
    check_descriptor_limit();
    o.tasks = options.processes != 0 ? options.processes : default_tasks();
    o.arena_length = std::min(std::max(o.memory, gib), 64 * gib);
    raise_file_size_limit(o.arena_length + 2 * four_gib);
    o.roots = look_at_grants(options, identity);
    o.lanes = assign_lanes(options, o.roots, identity);
    return o;
}

Preparation prepare(const RunOptions& options, const Outline& o, OpenerStart& opener) {
    Preparation p;
    constexpr size_t longest_filter = 4096;
    p.windows = choose_windows(o.arena_length, block_bound(options, o.roots, 2 * longest_filter));
    FilterParameters parameters = filter_parameters(options);
    parameters.windows = p.windows;
    p.windows.gate = gate_address(p.windows);
    p.windows.text_offset = text_file_offset();
    opener.release_if_waiting();
    p.program = Descriptor(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (p.program.get() < 0) fail("opening this program's own file");
    parameters.windows.gate = p.windows.gate;
    auto filter = make_filter(permitted_calls(parameters), p.windows.gate);
    auto opener_filter = make_outside_filter(opener_calls(grants_writing(options.grants)));
    auto idle_filter = make_idle_filter();
    StartData data{p.windows,
                   &filter,
                   parameters.processes,
                   &opener_filter,
                   &idle_filter,
                   o.memory,
                   o.memory / 2,
                   static_cast<uint32_t>(get_nprocs()),
                   usable_processors(),
                   static_cast<uint32_t>(o.tasks),
                   terminal_streams(),
                   &o.roots};
    data.switch_identity = geteuid() == 0;
    data.lanes = &o.lanes;
    std::string block = make_block(options, data);
    constexpr unsigned sized = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    p.arena = memory_file("litebox-arena", p.windows.arena_length, sized);
    p.block = memory_file("litebox-block", p.windows.block_length, F_SEAL_SHRINK | F_SEAL_GROW);
    if (pwrite(p.block.get(), block.data(), block.size(), 0) != static_cast<ssize_t>(block.size()))
        fail("writing the start block");
    seal(p.block.get(), read_only_seals);
    p.rings_file = memory_file("litebox-rings", p.windows.rings_length, sized);
    void* rings =
        mmap(nullptr, p.windows.rings_length, PROT_READ | PROT_WRITE, MAP_SHARED, p.rings_file.get(), 0);
    if (rings == MAP_FAILED) fail("mmap");
    p.rings = static_cast<Rings*>(rings);
    opener.release_if_waiting();
    p.image = Descriptor(make_image(p.windows));
    opener.release_if_waiting();
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
    p.pid_one_read = Descriptor(ends[0]);
    p.pid_one_write = Descriptor(ends[1]);
    return p;
}

RunReport failed(std::string reason) {
    RunReport report;
    report.end = RunReport::End::failed;
    report.reason = std::move(reason);
    return report;
}

RunReport run(const RunOptions& options) {
    uint64_t started = now_us();
    open_missing_streams();
    SignalsBlocked blocked;
    // Somebody wished not to see how children end.
    signal(SIGCHLD, SIG_DFL);
    OpenerStart opener;
    Outline o = outline(options, opener.identity());
    opener.plan(options, o.roots, o.lanes.covered, o.tasks + own_tasks);
    opener.release_if_waiting();
    // Left by a shell that became us.
    std::vector<pid_t> strangers = children();
    std::erase(strangers, opener.pid());
    Preparation p = prepare(options, o, opener);
    update_window(p.rings->control);
    // Before the first guest there is.
    auto& streams = *new Streams(*p.rings, &p.rings->files, options.trace_descriptor);
    streams.start();
    std::string problem = opener.finish({p.arena.get(), p.block.get(), p.rings_file.get(),
                                         p.pid_one_read.get(), p.program.get(), p.image.get()});
    // It has them now.
    for (Descriptor* given : {&p.block, &p.rings_file, &p.pid_one_read, &p.program, &p.image}) given->reset();
    if (!problem.empty()) return failed(problem);
    HostProcesses processes(opener.pid(), p.arena, p.pid_one_write);
    Sandbox sandbox{*p.rings, processes, o.memory, 0, &p.rings->files, started, strangers};
    return Watch(options, sandbox, streams).run();
}

}  // namespace

RunReport run_sandbox(const RunOptions& options) {
    try {
        return run(options);
    } catch (const std::exception& problem) {
        return failed(std::string("the sandbox could not start: ") + problem.what());
    }
}

}  // namespace litebox::supervisor
