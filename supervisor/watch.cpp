#include "supervisor/watch.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include "platform/process/layout.h"

namespace litebox::supervisor {

namespace {

const char* start_step(int code) {
    static const char* const steps[] = {"mapping the start block",     "mapping its code",
                                        "mapping the rings",           "making the sandbox's PID 1",
                                        "installing signal handlers",  "making the first process",
                                        "mapping the arena",           "giving up privileges",
                                        "registering memory barriers", "installing the system-call filter"};
    constexpr int first = 100;
    if (code < first || code >= first + static_cast<int>(std::size(steps))) return nullptr;
    return steps[code - first];
}

std::string describe(int status) {
    if (WIFSIGNALED(status)) {
        std::string text = std::string("signal ") + strsignal(WTERMSIG(status));
        if (WTERMSIG(status) == SIGSYS) text += ": a host system call that the wall does not permit";
        return text;
    }
    return "exit status " + std::to_string(WEXITSTATUS(status));
}

/// Every host process of the sandbox is our child, whoever made it.
std::vector<pid_t> children() {
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
Use use_of(const std::vector<pid_t>& processes) {
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

}  // namespace

uint64_t now_us() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

void update_window(process::ControlBlock& control) {
    winsize size{};
    for (int stream = 0; stream < 3; stream++)
        if (ioctl(stream, TIOCGWINSZ, &size) == 0) break;
    control.window_rows_columns.store(static_cast<uint32_t>(size.ws_row) << 16 | size.ws_col);
}

RunReport Watch::run() {
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

void Watch::wait_for_event() {
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

void Watch::forward(int signal) {
    if (signal == SIGINT || signal == SIGTERM) {
        // The second one always ends it: a hung guest cannot hold the terminal.
        if (++ending_signals_ > 1) {
            ended_ = true;
            forced_ = signal;
            return;
        }
    }
    if (signal == SIGTSTP && !options_.interactive) return suspend();
    if (signal == SIGWINCH) update_window(sandbox_.rings.control);
    sandbox_.rings.control.signals_pending.fetch_or(1u << signal);
    sandbox_.rings.control.system_bell.fetch_add(1);
    futex_wake(sandbox_.rings.control.system_bell);
}

/// Ctrl-Z stops the whole sandbox and then ourselves; when we go on, it does.
void Watch::suspend() {
    streams_.pause_terminal(true);
    for (pid_t child : children()) kill(child, SIGSTOP);
    raise(SIGSTOP);
    for (pid_t child : children()) kill(child, SIGCONT);
    streams_.pause_terminal(false);
}

void Watch::check_use(RunReport& report) {
    // Ten looks a second at most.
    constexpr uint64_t interval_us = 100'000;
    uint64_t now = now_us();
    if (now - last_check_ < interval_us) return;
    last_check_ = now;
    Use use = use_of(children());
    struct stat arena;
    uint64_t shared = fstat(sandbox_.arena, &arena) == 0 ? static_cast<uint64_t>(arena.st_blocks) * 512 : 0;
    peak_bytes_ = std::max(peak_bytes_, use.resident + shared);
    if (use.resident + shared > sandbox_.memory) {
        ended_ = true;
        report.end = RunReport::End::limit;
        report.reason =
            "the memory limit of " + std::to_string(sandbox_.memory >> 20) + " MiB was reached (--memory)";
    } else if (options_.cpu_time_ms != 0 && cpu_us_ + use.cpu_us > options_.cpu_time_ms * 1000) {
        ended_ = true;
        report.end = RunReport::End::limit;
        report.reason =
            "the CPU time limit of " + std::to_string(options_.cpu_time_ms) + " ms was reached (--cpu-time)";
    }
}

void Watch::reap(RunReport& report) {
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
void Watch::judge(pid_t pid, int status, RunReport& report) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == LITEBOX_EXIT_COOKIE) return;
    if (sandbox_.rings.control.stop_state.load() != process::running) return;
    ended_ = true;
    report.end = RunReport::End::failed;
    if (pid == sandbox_.opener) {
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

void Watch::look(RunReport& report) {
    auto& control = sandbox_.rings.control;
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
    } else if (options_.timeout_ms != 0 && now_us() - sandbox_.started_us > options_.timeout_ms * 1000) {
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
void Watch::kill_all() {
    sandbox_.pid_one.reset();
    kill(sandbox_.opener, SIGKILL);
    for (;;) {
        int status;
        rusage usage{};
        pid_t pid = wait4(-1, &status, __WALL, &usage);
        if (pid < 0 && errno != EINTR) break;
        if (pid > 0) processes_++;
        if (pid > 0) peak_kib_ = std::max(peak_kib_, static_cast<uint64_t>(usage.ru_maxrss));
    }
}

void Watch::finish(RunReport& report) {
    auto& control = sandbox_.rings.control;
    if (forced_ != 0) {
        report.end = RunReport::End::signalled;
        report.status = forced_;
    }
    report.wall_us = now_us() - sandbox_.started_us;
    report.cpu_us = cpu_us_;
    report.peak_memory = std::max(peak_bytes_, peak_kib_ * 1024);
    report.processes = processes_;
    report.guest_calls = control.guest_calls.load();
    report.host_calls = control.host_calls.load();
    report.files_lost = control.files_lost.load();
    report.name_lookup_failed = control.name_lookup_failed.load() != 0;
    streams_.take_reports(report.calls, report.files);
    uint64_t first = control.first_instruction_ns.load() / 1000;
    report.start_us = first > sandbox_.started_us ? first - sandbox_.started_us : 0;
}

}  // namespace litebox::supervisor
