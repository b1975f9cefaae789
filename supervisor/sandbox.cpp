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
#include "supervisor/image.h"
#include "supervisor/lanes.h"
#include "supervisor/limits.h"
#include "supervisor/start_block.h"
#include "supervisor/streams.h"
#include "supervisor/usage.h"
#include "supervisor/view.h"
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

/// What the child that becomes the opener has to know: decided before it is made.
struct Outline {
    uint64_t memory = 0, tasks = 0, arena_length = 0;
    uint32_t identity = 0;  // unprivileged, of this run
    std::unique_ptr<FileSizeLimit> file_size;
    std::vector<GrantRoot> roots;
    FileLanes lanes;
};

/// What a run prepares while that child puts its namespaces on.
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

Outline outline(const RunOptions& options) {
    Outline o;
    o.memory = options.memory != 0 ? options.memory : total_memory() / 2;
    if (!filters_available())
        throw std::runtime_error(
            "this host has no system-call filters; `litebox doctor` says what is missing");
    check_descriptor_limit();
    o.tasks = options.processes != 0 ? options.processes : default_tasks();
    o.arena_length = std::min(std::max(o.memory, gib), 64 * gib);
    o.file_size = std::make_unique<FileSizeLimit>(o.arena_length + 2 * four_gib);
    o.identity = run_identity();
    o.roots = look_at_grants(options, o.identity);
    o.lanes = assign_lanes(options, o.roots, o.identity);
    return o;
}

Preparation prepare(const RunOptions& options, const Outline& o) {
    Preparation p;
    constexpr size_t longest_filter = 4096;
    p.windows = choose_windows(o.arena_length, block_bound(options, o.roots, 2 * longest_filter));
    FilterParameters parameters = filter_parameters(options);
    parameters.windows = p.windows;
    p.windows.gate = gate_address(p.windows);
    p.windows.text_offset = text_file_offset();
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
    p.image = Descriptor(make_image(p.windows));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
    p.pid_one_read = Descriptor(ends[0]);
    p.pid_one_write = Descriptor(ends[1]);
    return p;
}

constexpr int image_at = 32, report_at = 33;  // until exec
/// Where the descriptors go that are handed over: a number of them, in this order.
constexpr int places[] = {process::arena_descriptor,   process::block_descriptor, process::rings_descriptor,
                          process::pid_one_descriptor, process::text_descriptor,  image_at};
constexpr size_t place_count = std::size(places);

/// A message of one byte with the descriptors.
class Handover {
  public:
    bool send(int socket, const int (&descriptors)[place_count]) {
        cmsghdr* head = CMSG_FIRSTHDR(&message_);
        *head = {CMSG_LEN(sizeof(descriptors)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(head), descriptors, sizeof(descriptors));
        return sendmsg(socket, &message_, MSG_NOSIGNAL) == 1;
    }
    bool receive(int socket, int (&descriptors)[place_count]) {
        if (recvmsg(socket, &message_, MSG_CMSG_CLOEXEC) != 1) return false;
        const cmsghdr* head = CMSG_FIRSTHDR(&message_);
        if (head == nullptr || head->cmsg_len != CMSG_LEN(sizeof(descriptors))) return false;
        memcpy(descriptors, CMSG_DATA(head), sizeof(descriptors));
        return true;
    }

  private:
    char byte_ = 'd';
    iovec bytes_{&byte_, 1};
    alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int[place_count]))] = {};
    msghdr message_{nullptr, 0, &bytes_, 1, control_, sizeof(control_), 0};
};

/// Puts the descriptors where the image expects them and closes all others: what the invoker left open would
/// lie in the guest's windows. In the child, right before exec.
bool arrange_descriptors(int sync, int report) {
    int from[place_count + 1], to[place_count + 1];
    int received[place_count];
    if (!Handover().receive(sync, received)) return false;
    // High copies first, so that no target is overwritten before it was a source.
    constexpr int above_all = 64;
    for (size_t i = 0; i <= place_count; i++) {
        to[i] = i == place_count ? report_at : places[i];
        from[i] = fcntl(i == place_count ? report : received[i], F_DUPFD_CLOEXEC, above_all);
        if (from[i] < 0) return false;
    }
    for (size_t i = 0; i <= place_count; i++)
        if (dup3(from[i], to[i], to[i] >= image_at ? O_CLOEXEC : 0) < 0) return false;
    return close_range(0, process::arena_descriptor - 1, 0) == 0 &&
           close_range(process::text_descriptor + 1, image_at - 1, 0) == 0 &&
           close_range(report_at + 1, ~0u, 0) == 0;
}

void tie_to(pid_t supervisor) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor) _exit(125);
}

[[noreturn]] void become_opener(const RunOptions& options, const Outline& o, pid_t supervisor, int sync,
                                int report) {
    // A session of its own: signals of the invoker's terminal and process group are the supervisor's alone.
    setsid();
    // The supervisor's death ends the opener too, so that nothing outlives it.
    tie_to(supervisor);
    be_first_to_go();
    std::string problem = enter_namespaces(options, o.lanes.covered, sync, o.identity);
    if (problem.empty()) {
        // Another identity, and the wish to end with the supervisor is forgotten.
        tie_to(supervisor);
        limit_self(o.tasks);
        o.file_size->restore();
        bool arranged = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && arrange_descriptors(sync, report);
        if (arranged) report = report_at;
        char* const nothing[] = {nullptr};
        if (arranged) syscall(SYS_execveat, image_at, "", nothing, nothing, AT_EMPTY_PATH);
        problem = std::string("starting the sandbox image: ") + strerror(errno);
    }
    (void)!write(report, problem.data(), problem.size());
    _exit(125);
}

/// The child that becomes the opener, seen from the supervisor.
struct OpenerStart {
    pid_t pid = -1;
    Descriptor sync, report;
};

OpenerStart start_opener(const RunOptions& options, const Outline& o) {
    int sync[2], report[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) != 0 || pipe2(report, O_CLOEXEC) != 0)
        fail("pipes");
    OpenerStart start{-1, Descriptor(sync[0]), Descriptor(report[0])};
    Descriptor its_sync(sync[1]), its_report(report[1]);
    pid_t supervisor = getpid();
    start.pid = fork();
    if (start.pid < 0) fail("fork");
    if (start.pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        // Else it would not see the supervisor's end of it close.
        start.sync.reset();
        become_opener(options, o, supervisor, its_sync.get(), its_report.get());
    }
    return start;
}

/// Gives it what it waits for. What went wrong; empty once the image runs.
std::string finish_opener(OpenerStart& start, Preparation& p) {
    char byte;
    if (geteuid() == 0 && read(start.sync.get(), &byte, 1) == 1) {
        byte = write_identity_maps(start.pid) ? 'm' : 'x';
        (void)send(start.sync.get(), &byte, 1, MSG_NOSIGNAL);
    }
    const int descriptors[place_count] = {p.arena.get(),        p.block.get(),   p.rings_file.get(),
                                          p.pid_one_read.get(), p.program.get(), p.image.get()};
    (void)Handover().send(start.sync.get(), descriptors);
    p.pid_one_read.reset();
    // Ends when the image was started (the pipe closes at exec) or has told what failed.
    char text[512];
    ssize_t length = read(start.report.get(), text, sizeof(text));
    return std::string(text, static_cast<size_t>(std::max<ssize_t>(length, 0)));
}

RunReport failed(std::string reason) {
    RunReport report;
    report.end = RunReport::End::failed;
    report.reason = std::move(reason);
    return report;
}

/// Without them our own files would take their numbers, and the program's output would go there.
void open_missing_streams() {
    for (int stream = 0; stream < 3; stream++)
        if (fcntl(stream, F_GETFD) < 0) (void)!open("/dev/null", O_RDWR);
}

RunReport run(const RunOptions& options) {
    uint64_t started = now_us();
    open_missing_streams();
    Outline o = outline(options);
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    // Left by a shell that became us; and whose ends somebody wished not to see.
    std::vector<pid_t> strangers = children();
    signal(SIGCHLD, SIG_DFL);
    OpenerStart opener = start_opener(options, o);
    Preparation p;
    std::string problem;
    try {
        p = prepare(options, o);
        update_window(p.rings->control);
        problem = finish_opener(opener, p);
    } catch (const std::exception& exception) {
        problem = std::string("the sandbox could not start: ") + exception.what();
        kill(opener.pid, SIGKILL);
    }
    if (!problem.empty()) {
        waitpid(opener.pid, nullptr, 0);
        sigprocmask(SIG_SETMASK, &before, nullptr);
        return failed(problem);
    }
    auto& streams = *new Streams(*p.rings, options.trace_descriptor);
    streams.start();
    Sandbox sandbox{*p.rings, p.arena.get(), p.pid_one_write, o.memory, opener.pid, started, strangers};
    RunReport report = Watch(options, sandbox, streams).run();
    sigprocmask(SIG_SETMASK, &before, nullptr);
    return report;
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
