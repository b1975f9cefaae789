#include "supervisor/watch.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "supervisor/file_changes.h"
#include "supervisor/usage.h"

namespace litebox::supervisor {

namespace {

constexpr uint64_t second_us = 1'000'000;

constexpr uint64_t longest_look_us = 100'000, shortest_look_us = 2'000;
constexpr uint64_t fill_bytes_per_us = 4096;  // faster than memory can be touched

}  // namespace

uint64_t now_us() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * second_us + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

void update_window(process::ControlBlock& control) {
    winsize size{};
    for (int stream = 0; stream < 3; stream++)
        if (ioctl(stream, TIOCGWINSZ, &size) == 0) break;
    control.window_rows_columns.store(static_cast<uint32_t>(size.ws_row) << 16 | size.ws_col);
}

RunReport Watch::run() {
    // Nothing is held yet: a short run ends before the first look.
    constexpr uint64_t first_look_us = 10'000;
    next_look_us_ =
        now_us() + std::clamp(sandbox_.memory / fill_bytes_per_us, shortest_look_us, first_look_us);
    while (!ended_) {
        uint64_t now = now_us();
        int signal = next_signal(next_look_us_ > now ? next_look_us_ - now : 0);
        if (signal != 0) handle(signal);
        reap();
        look();
    }
    streams_.end();
    kill_all();
    finish_streams();
    finish();
    return report_;
}

void Watch::end(RunReport::End how, std::string reason, int status) {
    if (ended_) return;
    ended_ = true;
    report_.end = how;
    report_.status = status;
    report_.reason = std::move(reason);
}

int Watch::next_signal(uint64_t timeout_us) {
    static const sigset_t set = [] {
        sigset_t wanted;
        sigemptyset(&wanted);
        for (int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT, SIGUSR1,
                           SIGUSR2, Streams::news_signal})
            sigaddset(&wanted, signal);
        return wanted;
    }();
    timespec timeout{static_cast<time_t>(timeout_us / second_us),
                     static_cast<long>(timeout_us % second_us * 1000)};
    int signal = sigtimedwait(&set, nullptr, &timeout);
    return signal > 0 ? signal : 0;
}

void Watch::handle(int signal) {
    if (signal == SIGCHLD) return;
    if (signal == Streams::news_signal) return handle_news();
    if (signal == SIGINT || signal == SIGTERM) count_ending_signal(signal);
    if (ended_) return;
    if (signal == SIGTSTP && !options_.interactive) return suspend(SIGTSTP);
    if (signal == SIGWINCH) update_window(sandbox_.rings.control);
    pass_to_program(signal);
}

void Watch::pass_to_program(int signal) {
    if (sandbox_.files != nullptr) announce_file_changes(*sandbox_.files);
    sandbox_.rings.control.signals_pending.fetch_or(1u << signal);
    sandbox_.rings.control.system_bell.fetch_add(1);
    futex_wake(sandbox_.rings.control.system_bell);
}

/// The second one always ends it: a hung guest cannot hold the terminal. Only a prompt that came back to read
/// its next line, seconds after an interrupt, begins anew.
void Watch::count_ending_signal(int signal) {
    constexpr uint64_t long_ago_us = 3 * second_us;
    uint64_t now = now_us();
    uint32_t asked = sandbox_.rings.in.asked.load();
    bool prompt = signal == SIGINT && isatty(STDIN_FILENO) && asked != asked_at_interrupt_ &&
                  now - last_interrupt_us_ > long_ago_us;
    if (prompt) ending_signals_ = 0;
    last_interrupt_us_ = now;
    asked_at_interrupt_ = asked;
    if (++ending_signals_ > 1)
        end(RunReport::End::signalled, std::string("ended by a second signal ") + strsignal(signal), signal);
}

void Watch::handle_news() {
    uint32_t news = streams_.take_news();
    if ((news & Streams::escaped) != 0)
        return end(RunReport::End::signalled, "ended by the terminal's escape sequence ~.", SIGKILL);
    if ((news & Streams::suspend_wanted) != 0) suspend(SIGTSTP);
    if ((news & Streams::input_in_background) != 0) suspend(SIGTTIN);
    if ((news & Streams::change_raw) != 0) change_raw();
}

void Watch::change_raw() {
    // As for any program: who is not in the foreground waits for it, and does not change another's terminal.
    if (!InvokerTerminal::foreground()) suspend(SIGTTOU);
    if (!InvokerTerminal::foreground()) return;
    terminal_.set_raw(sandbox_.rings.control.raw_wanted.load() != 0);
    streams_.terminal_changed(terminal_.raw());
}

/// Also those that are made meanwhile: until there is none that was not seen.
template <typename Action>
void Watch::for_each_process(Action action) {
    std::vector<pid_t> seen;
    for (bool found = true; found;) {
        found = false;
        for (pid_t process : processes()) {
            if (std::find(seen.begin(), seen.end(), process) != seen.end()) continue;
            action(process);
            seen.push_back(process);
            found = true;
        }
    }
}

/// Stops the whole sandbox and then ourselves; when we go on, it does.
void Watch::suspend(int signal) {
    terminal_.pause(true);
    for_each_process([](pid_t process) { kill(process, SIGSTOP); });
    stop_ourselves(signal);
    for (pid_t process : processes()) kill(process, SIGCONT);
    terminal_.pause(false);
    update_window(sandbox_.rings.control);
    streams_.terminal_changed(terminal_.raw());
}

std::vector<pid_t> Watch::processes() const {
    std::vector<pid_t> list = children();
    std::erase_if(list, [this](pid_t child) {
        const auto& strangers = sandbox_.strangers;
        return child == terminal_.watcher() ||
               std::find(strangers.begin(), strangers.end(), child) != strangers.end();
    });
    return list;
}

void Watch::reap() {
    for (;;) {
        int status;
        rusage usage{};
        pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
        if (pid <= 0) {
            if (pid < 0 && errno == ECHILD && !ended_)
                if (auto reason = sandbox_.confined.all_ended()) end(RunReport::End::failed, *reason);
            return;
        }
        if (std::erase(sandbox_.strangers, pid) != 0) continue;
        count(usage);
        judge(pid, status);
    }
}

/// Of a process that is gone.
void Watch::count(const rusage& usage) {
    cpu_us_ += static_cast<uint64_t>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * second_us +
               static_cast<uint64_t>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    peak_kib_ = std::max(peak_kib_, static_cast<uint64_t>(usage.ru_maxrss));
    processes_++;
}

void Watch::judge(pid_t pid, int status) {
    bool its = pid != terminal_.watcher();
    auto reason =
        its ? sandbox_.confined.ended(pid, status) : "the terminal's watcher ended: " + describe_end(status);
    if (!reason) return;
    look_at_state();
    if (its && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && cgroup_.killed())
        end(RunReport::End::limit, memory_reason());
    end(RunReport::End::failed, *reason);
}

/// What the core says of how it ended.
void Watch::look_at_state() {
    auto& control = sandbox_.rings.control;
    uint32_t state = control.stop_state.load(std::memory_order_acquire);
    if (state == process::running) return;
    if (state == process::stopped) {
        int status = static_cast<int>(control.stop_status.load());
        bool signalled = WIFSIGNALED(status);
        return end(signalled ? RunReport::End::signalled : RunReport::End::exited, "",
                   signalled ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    if (state != process::broken)
        return end(RunReport::End::failed, "the sandbox broke the rules of its rings, so it was ended");
    char reason[sizeof(control.reason)];
    memcpy(reason, control.reason, sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    std::string clean;
    for (const char* c = reason; *c; c++) clean += *c >= ' ' && *c < 127 ? *c : '?';
    end(RunReport::End::failed, "the library OS stopped: " + clean);
}

void Watch::look() {
    look_at_state();
    if (streams_.violated())
        end(RunReport::End::failed, "the sandbox broke the rules of its rings, so it was ended");
    uint64_t now = now_us();
    if (options_.timeout_ms != 0 && now - sandbox_.started_us > options_.timeout_ms * 1000) {
        constexpr int timed_out = 124;
        end(RunReport::End::limit,
            "the time limit of " + std::to_string(options_.timeout_ms) + " ms was reached (--timeout)",
            timed_out);
    }
    if (!ended_ && now >= next_look_us_) look_at_use();
}

std::string Watch::memory_reason() const {
    return "the memory limit of " + std::to_string(sandbox_.memory >> 20) + " MiB was reached (--memory)";
}

/// Once a run lasts. The kernel's limit lies above the watch's, since it counts more.
void Watch::use_cgroup() {
    constexpr uint64_t brief_us = 50'000, beyond = 16 << 20;
    if (cgroup_.made() || now_us() - sandbox_.started_us < brief_us) return;
    cgroup_.make(sandbox_.memory + sandbox_.memory / 16 + sandbox_.own_memory + beyond);
    if (!cgroup_.made()) return;
    for_each_process([this](pid_t process) { cgroup_.take_in(process); });
}

/// Ten times a second, and faster where memory could run out before the next look.
void Watch::look_at_use() {
    use_cgroup();
    uint64_t begun = now_us();
    std::vector<Resident> residents;
    Use use = use_of(processes(), residents);
    auto& shown = sandbox_.rings.control.resident;
    for (const Resident& row : residents)
        shown[row.number % process::ControlBlock::resident_count].store(uint64_t{row.number} << 32 | row.kib,
                                                                        std::memory_order_relaxed);
    uint64_t memory = use.memory + sandbox_.confined.shared_memory();
    uint64_t limit = sandbox_.memory + sandbox_.own_memory;
    peak_bytes_ = std::max(peak_bytes_, memory);
    if (memory > limit) return end(RunReport::End::limit, memory_reason());
    if (options_.cpu_time_ms != 0 && cpu_us_ + use.cpu_us > options_.cpu_time_ms * 1000)
        return end(RunReport::End::limit, "the CPU time limit of " + std::to_string(options_.cpu_time_ms) +
                                              " ms was reached (--cpu-time)");
    uint64_t left = std::min(limit - memory, free_memory());
    uint64_t interval = std::clamp(left / fill_bytes_per_us, shortest_look_us, longest_look_us);
    // Looking at many processes takes long: never most of our time.
    constexpr uint64_t share = 4;
    uint64_t now = now_us();
    next_look_us_ = now + std::max(interval, share * (now - begun));
}

void Watch::kill_all() {
    sandbox_.confined.end_all();
    // Where all children are the sandbox's, the host says itself when none is left.
    bool all_its = sandbox_.strangers.empty() && terminal_.watcher() == 0;
    while (all_its || !processes().empty()) {
        int status;
        rusage usage{};
        pid_t pid = wait4(-1, &status, __WALL, &usage);
        if (pid < 0 && errno != EINTR) break;
        if (pid <= 0 || std::erase(sandbox_.strangers, pid) != 0) continue;
        count(usage);
    }
}

/// A reader that takes nothing does not keep us: not after a limit, and not against a signal.
void Watch::finish_streams() {
    constexpr uint64_t patience_us = 2 * second_us;
    uint64_t written = streams_.written(), since = now_us();
    bool natural = report_.end == RunReport::End::exited;
    while (!streams_.done()) {
        int signal = next_signal(second_us / 10);
        if (signal == SIGTSTP) suspend(SIGTSTP);
        if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP) break;
        if (streams_.written() != written) {
            written = streams_.written();
            since = now_us();
        }
        if (!natural && now_us() - since > patience_us) break;
    }
    terminal_.finish(streams_.queried());
}

void Watch::finish() {
    auto& control = sandbox_.rings.control;
    report_.wall_us = now_us() - sandbox_.started_us;
    report_.cpu_us = cpu_us_;
    report_.peak_memory = std::max(peak_bytes_, peak_kib_ * 1024);
    report_.processes = processes_;
    report_.guest_calls = control.guest_calls.load();
    report_.host_calls = control.host_calls.load();
    for (const auto& lane : sandbox_.rings.files.lanes) report_.file_requests += lane.requests.load();
    report_.files_lost = control.files_lost.load();
    report_.name_lookup_failed = control.name_lookup_failed.load() != 0;
    if (streams_.done()) streams_.take_reports(report_.calls, report_.files);
    uint64_t first = control.first_instruction_ns.load() / 1000;
    report_.start_us = first > sandbox_.started_us ? first - sandbox_.started_us : 0;
}

}  // namespace litebox::supervisor
