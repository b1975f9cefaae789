// One run: memory files, namespaces, the opener, the first guest process; then waiting, limits, and the end.

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>

#include "platform/process/layout.h"
#include "supervisor/image.h"
#include "supervisor/start_block.h"
#include "supervisor/streams.h"
#include "supervisor/view.h"

namespace litebox::supervisor {

namespace {

using process::Rings;
using process::Windows;

uint64_t now_us() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// Owns a descriptor.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { reset(); }
    void reset() {
        if (number_ >= 0) close(number_);
        number_ = -1;
    }
    int get() const { return number_; }

  private:
    int number_ = -1;
};

Descriptor memory_file(const char* name, uint64_t length, unsigned seals) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) fail("memfd_create");
    if (ftruncate(file, static_cast<off_t>(length)) != 0) fail("ftruncate");
    if (fcntl(file, F_ADD_SEALS, seals) != 0) fail("sealing");
    return Descriptor(file);
}

uint64_t total_memory() {
    struct sysinfo info;
    if (sysinfo(&info) != 0) return uint64_t{1} << 30;
    return static_cast<uint64_t>(info.totalram) * info.mem_unit;
}

constexpr uint64_t gib = uint64_t{1} << 30;

/// Everything that a run prepares before its first process.
struct Preparation {
    Windows windows;
    Descriptor arena, block, rings_file, image, pid_one_read, pid_one_write;
    Rings* rings = nullptr;
    uint64_t memory = 0;
    uint32_t identity = 0;  // unprivileged, of this run
};

uint32_t terminal_streams() {
    uint32_t bits = 0;
    for (int stream = 0; stream < 3; stream++)
        if (isatty(stream)) bits |= 1u << stream;
    return bits;
}

Preparation prepare(const RunOptions& options) {
    Preparation p;
    p.memory = options.memory != 0 ? options.memory : total_memory() / 2;
    uint64_t arena_length = std::min(std::max(p.memory, gib), 64 * gib);
    constexpr size_t longest_filter = 4096;
    p.windows = choose_windows(arena_length, block_bound(options, 2 * longest_filter));
    FilterParameters parameters;
    parameters.windows = p.windows;
    parameters.deny_write_execute = options.deny_write_execute;
    p.windows.gate = gate_address(p.windows);
    parameters.windows.gate = p.windows.gate;
    auto filter = make_filter(permitted_calls(parameters), p.windows.gate);
    std::vector<process::FilterInstruction> opener_filter;
    StartData data{p.windows,
                   &filter,
                   &opener_filter,
                   p.memory,
                   p.memory / 2,
                   static_cast<uint32_t>(get_nprocs()),
                   static_cast<uint32_t>(options.processes),
                   terminal_streams()};
    data.switch_identity = geteuid() == 0;
    p.identity = run_identity();
    for (const Grant& grant : options.grants) {
        struct stat status;
        bool owner =
            !grant.system && grant.kind != Grant::Kind::temporary && stat(grant.host.c_str(), &status) == 0;
        data.identities.push_back(owner ? process::GrantIdentity{status.st_uid, status.st_gid}
                                        : process::GrantIdentity{p.identity, p.identity});
    }
    std::string block = make_block(options, data);
    constexpr unsigned sized = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    p.arena = memory_file("litebox-arena", p.windows.arena_length, sized);
    p.block = memory_file("litebox-block", p.windows.block_length, F_SEAL_SHRINK | F_SEAL_GROW);
    if (pwrite(p.block.get(), block.data(), block.size(), 0) != static_cast<ssize_t>(block.size()))
        fail("writing the start block");
    if (fcntl(p.block.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0) fail("sealing the start block");
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

/// Puts the descriptors where the image expects them and closes all others. In the child, right before exec.
void arrange_descriptors(const Preparation& p, int image_at) {
    // High copies first, so that no target is overwritten before it was a source.
    const int wanted[] = {p.arena.get(), p.block.get(), p.rings_file.get(), p.pid_one_read.get(),
                          p.image.get()};
    int high[5];
    for (int i = 0; i < 5; i++) high[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, 64);
    for (int i = 0; i < 4; i++) dup2(high[i], process::arena_descriptor + i);
    dup3(high[4], image_at, O_CLOEXEC);
    for (int stream = 0; stream < 3; stream++) close(stream);
    close_range(static_cast<unsigned>(image_at) + 1, ~0u, 0);
}

[[noreturn]] void become_opener(const RunOptions& options, const Preparation& p, int sync, int report) {
    // A session of its own: signals of the invoker's terminal and process group are the supervisor's alone.
    setsid();
    // The supervisor's death ends the opener too, so that nothing outlives it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string problem = enter_namespaces(options, sync, p.identity);
    if (problem.empty()) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct rlimit none {
            0, 0
        };
        setrlimit(RLIMIT_CORE, &none);
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        constexpr int image_at = 32;
        int report_at = 33;
        int kept = fcntl(report, F_DUPFD_CLOEXEC, 128);
        arrange_descriptors(p, image_at);
        (void)report_at;
        (void)kept;
        char* const nothing[] = {nullptr};
        syscall(SYS_execveat, image_at, "", nothing, nothing, AT_EMPTY_PATH);
        problem = std::string("starting the sandbox image: ") + strerror(errno);
    }
    (void)!write(report, problem.data(), problem.size());
    _exit(125);
}

const char* start_step(int code) {
    static const char* const steps[] = {
        "mapping the start block",    "mapping the rings",           "making the sandbox's PID 1",
        "installing signal handlers", "making the first process",    "mapping the arena",
        "giving up privileges",       "registering memory barriers", "installing the system-call filter"};
    constexpr int first = 100;
    if (code < first || code >= first + static_cast<int>(std::size(steps))) return nullptr;
    return steps[code - first];
}

/// Waits for the sandbox and says how it ended.
class Watch {
  public:
    Watch(const RunOptions& options, Preparation& p, Streams& streams, pid_t opener, uint64_t started)
        : options_(options), p_(p), streams_(streams), opener_(opener), started_(started) {}

    RunReport run() {
        RunReport report;
        while (!ended_) {
            wait_for_event();
            reap(report);
            look(report);
        }
        kill_all();
        streams_.finish();
        finish(report);
        return report;
    }

  private:
    void wait_for_event() {
        sigset_t set;
        sigemptyset(&set);
        for (int signal :
             {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2})
            sigaddset(&set, signal);
        timespec timeout{0, 100'000'000};
        siginfo_t info;
        int signal = sigtimedwait(&set, &info, &timeout);
        if (signal > 0 && signal != SIGCHLD) forward(signal);
    }

    void forward(int signal) {
        if (signal == SIGINT || signal == SIGTERM) {
            // The second one always ends it: a hung guest cannot hold the terminal.
            if (++ending_signals_ > 1) {
                ended_ = true;
                forced_ = signal;
                return;
            }
        }
        if (signal == SIGTSTP && !options_.interactive) return suspend();
        if (signal == SIGWINCH) update_window(p_.rings->control);
        p_.rings->control.signals_pending.fetch_or(1u << signal);
        p_.rings->control.system_bell.fetch_add(1);
        futex_wake(p_.rings->control.system_bell);
    }

    /// Ctrl-Z stops the whole sandbox and then ourselves; when we go on, it does.
    void suspend() {
        streams_.pause_terminal(true);
        for (pid_t child : children()) kill(child, SIGSTOP);
        raise(SIGSTOP);
        for (pid_t child : children()) kill(child, SIGCONT);
        streams_.pause_terminal(false);
    }

    /// Every host process of the sandbox is our child, whoever made it.
    static std::vector<pid_t> children() {
        std::vector<pid_t> list;
        std::string self = std::to_string(getpid());
        std::ifstream file("/proc/" + self + "/task/" + self + "/children");
        for (pid_t child; file >> child;) list.push_back(child);
        return list;
    }

    struct Use {
        uint64_t cpu_us = 0, resident = 0;
    };
    /// What the live processes use, as the host counts it.
    static Use use_of(const std::vector<pid_t>& processes) {
        Use use;
        const uint64_t tick_us = 1000000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
        for (pid_t process : processes) {
            std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
            std::string text((std::istreambuf_iterator<char>(stat)), {});
            size_t end = text.rfind(')');
            unsigned long user = 0, system = 0;
            if (end != std::string::npos &&
                sscanf(text.c_str() + end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                       &system) == 2)
                use.cpu_us += (user + system) * tick_us;
            std::ifstream memory("/proc/" + std::to_string(process) + "/statm");
            uint64_t size = 0, resident = 0, shared = 0;
            if (memory >> size >> resident >> shared)
                use.resident += (resident - std::min(shared, resident)) * 4096;
        }
        return use;
    }

    void check_use(RunReport& report) {
        // Ten looks a second at most.
        constexpr uint64_t interval_us = 100'000;
        uint64_t now = now_us();
        if (now - last_check_ < interval_us) return;
        last_check_ = now;
        Use use = use_of(children());
        struct stat arena;
        uint64_t shared =
            fstat(p_.arena.get(), &arena) == 0 ? static_cast<uint64_t>(arena.st_blocks) * 512 : 0;
        peak_bytes_ = std::max(peak_bytes_, use.resident + shared);
        if (use.resident + shared > p_.memory) {
            ended_ = true;
            report.end = RunReport::End::limit;
            report.reason =
                "the memory limit of " + std::to_string(p_.memory >> 20) + " MiB was reached (--memory)";
        } else if (options_.cpu_time_ms != 0 && cpu_us_ + use.cpu_us > options_.cpu_time_ms * 1000) {
            ended_ = true;
            report.end = RunReport::End::limit;
            report.reason = "the CPU time limit of " + std::to_string(options_.cpu_time_ms) +
                            " ms was reached (--cpu-time)";
        }
    }

  public:
    static void update_window(process::ControlBlock& control) {
        winsize size{};
        for (int stream = 0; stream < 3; stream++)
            if (ioctl(stream, TIOCGWINSZ, &size) == 0) break;
        control.window_rows_columns.store(static_cast<uint32_t>(size.ws_row) << 16 | size.ws_col);
    }

  private:
    void reap(RunReport& report) {
        for (;;) {
            int status;
            rusage usage{};
            pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
            if (pid <= 0) {
                if (pid < 0 && errno == ECHILD) ended_ = true;
                return;
            }
            cpu_us_ += static_cast<uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                       static_cast<uint64_t>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
            peak_kib_ = std::max(peak_kib_, static_cast<uint64_t>(usage.ru_maxrss));
            processes_++;
            if (ended_) continue;
            judge(pid, status, report);
        }
    }

    /// A host process that ends other than through the core's exit path ends the whole sandbox.
    void judge(pid_t pid, int status, RunReport& report) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == LITEBOX_EXIT_COOKIE) return;
        if (p_.rings->control.stop_state.load() != process::running) return;
        ended_ = true;
        report.end = RunReport::End::failed;
        if (pid == opener_) {
            const char* step = WIFEXITED(status) ? start_step(WEXITSTATUS(status)) : nullptr;
            report.reason = step ? std::string("the sandbox could not start: ") + step
                                 : "the opener ended: " + describe(status);
        } else {
            const char* step = WIFEXITED(status) ? start_step(WEXITSTATUS(status)) : nullptr;
            report.reason = step ? std::string("the sandbox could not start: ") + step
                                 : "a sandboxed process ended other than through the library OS (" +
                                       describe(status) + "), so the whole sandbox was ended";
        }
    }

    static std::string describe(int status) {
        if (WIFSIGNALED(status)) {
            std::string text = std::string("signal ") + strsignal(WTERMSIG(status));
            if (WTERMSIG(status) == SIGSYS) text += ": a host system call that the wall does not permit";
            return text;
        }
        return "exit status " + std::to_string(WEXITSTATUS(status));
    }

    void look(RunReport& report) {
        auto& control = p_.rings->control;
        uint32_t state = control.stop_state.load(std::memory_order_acquire);
        if (state == process::stopped) {
            int status = static_cast<int>(control.stop_status.load());
            ended_ = true;
            report.end = WIFSIGNALED(status) ? RunReport::End::signalled : RunReport::End::exited;
            report.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
        } else if (state == process::broken) {
            ended_ = true;
            char reason[sizeof(control.reason)];
            memcpy(reason, control.reason, sizeof(reason));
            reason[sizeof(reason) - 1] = '\0';
            std::string clean;
            for (const char* c = reason; *c; c++) clean += *c >= ' ' && *c < 127 ? *c : '?';
            report.end = RunReport::End::failed;
            report.reason = "the library OS stopped: " + clean;
        } else if (streams_.violated()) {
            ended_ = true;
            report.end = RunReport::End::failed;
            report.reason = "the sandbox broke the rules of its rings, so it was ended";
        } else if (options_.timeout_ms != 0 && now_us() - started_ > options_.timeout_ms * 1000) {
            ended_ = true;
            report.end = RunReport::End::limit;
            report.status = 124;
            report.reason =
                "the time limit of " + std::to_string(options_.timeout_ms) + " ms was reached (--timeout)";
        }
        if (!ended_) check_use(report);
        if (ended_ && forced_ != 0) {
            report.end = RunReport::End::signalled;
            report.status = forced_;
        }
    }

    /// PID 1 dies, and with it everything in its namespace; then the opener.
    void kill_all() {
        p_.pid_one_write.reset();
        kill(opener_, SIGKILL);
        for (;;) {
            int status;
            rusage usage{};
            pid_t pid = wait4(-1, &status, __WALL, &usage);
            if (pid < 0 && errno != EINTR) break;
            if (pid > 0) processes_++;
            if (pid > 0) peak_kib_ = std::max(peak_kib_, static_cast<uint64_t>(usage.ru_maxrss));
        }
    }

    void finish(RunReport& report) {
        auto& control = p_.rings->control;
        if (forced_ != 0) {
            report.end = RunReport::End::signalled;
            report.status = forced_;
        }
        report.wall_us = now_us() - started_;
        report.cpu_us = cpu_us_;
        report.peak_memory = std::max(peak_bytes_, peak_kib_ * 1024);
        report.processes = processes_;
        report.guest_calls = control.guest_calls.load();
        report.host_calls = control.host_calls.load();
        report.files_lost = control.files_lost.load();
        report.name_lookup_failed = control.name_lookup_failed.load() != 0;
        streams_.take_reports(report.calls, report.files);
        uint64_t first = control.first_instruction_ns.load() / 1000;
        report.start_us = first > started_ ? first - started_ : 0;
    }

    const RunOptions& options_;
    Preparation& p_;
    Streams& streams_;
    pid_t opener_;
    uint64_t started_;
    bool ended_ = false;
    int ending_signals_ = 0, forced_ = 0;
    uint64_t cpu_us_ = 0, peak_kib_ = 0, processes_ = 0, last_check_ = 0, peak_bytes_ = 0;
};

RunReport failed(std::string reason) {
    RunReport report;
    report.end = RunReport::End::failed;
    report.reason = std::move(reason);
    return report;
}

RunReport run(const RunOptions& options) {
    uint64_t started = now_us();
    Preparation p = prepare(options);
    Watch::update_window(p.rings->control);
    int sync[2], report_pipe[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) != 0 || pipe2(report_pipe, O_CLOEXEC) != 0)
        fail("pipes");
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t opener = fork();
    if (opener < 0) fail("fork");
    if (opener == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        become_opener(options, p, sync[1], report_pipe[1]);
    }
    close(sync[1]);
    close(report_pipe[1]);
    p.pid_one_read.reset();
    char byte;
    if (geteuid() == 0 && read(sync[0], &byte, 1) == 1) {
        byte = write_identity_maps(opener) ? 'm' : 'x';
        (void)!write(sync[0], &byte, 1);
    }
    close(sync[0]);
    // Ends when the image was started (the pipe closes at exec) or has told what failed.
    char text[512];
    ssize_t length = read(report_pipe[0], text, sizeof(text));
    close(report_pipe[0]);
    if (length > 0) {
        waitpid(opener, nullptr, 0);
        sigprocmask(SIG_SETMASK, &before, nullptr);
        return failed(std::string(text, static_cast<size_t>(length)));
    }
    Streams streams(*p.rings, options.trace_descriptor);
    streams.start();
    RunReport report = Watch(options, p, streams, opener, started).run();
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

std::vector<PolicyRow> policy_rows(const RunOptions& options) {
    FilterParameters parameters;
    parameters.windows = choose_windows(gib, 65536);
    parameters.deny_write_execute = options.deny_write_execute;
    std::vector<PolicyRow> rows;
    for (const PermittedCall& call : permitted_calls(parameters))
        rows.push_back({call.name, call.number, call.words});
    return rows;
}

}  // namespace litebox::supervisor
