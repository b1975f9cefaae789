// Waiting for a sandbox: what it does against its limits, how it ends, and that nothing of it stays.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <vector>

#include "platform/process/abi/rings.h"
#include "supervisor/cgroup.h"
#include "supervisor/confined.h"
#include "supervisor/streams.h"
#include "supervisor/supervisor.h"
#include "supervisor/terminal.h"

namespace litebox::supervisor {

/// Monotonic.
uint64_t now_us();

/// Tells the sandbox how large the invoker's terminal is.
void update_window(process::ControlBlock& control);

/// What is watched.
struct Sandbox {
    process::Rings& rings;
    Confined& confined;
    uint64_t memory;           // limit in bytes
    uint64_t own_memory;       // what the platform may need besides
    process::FileRing* files;  // null: no opener that announces changes
    uint64_t started_us;
    std::vector<pid_t> strangers;  // children that this process had before it became a supervisor
};

/// They are taken one at a time, by who waits for the sandbox.
class SignalsBlocked {
  public:
    SignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, &before_);
    }
    ~SignalsBlocked() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  private:
    sigset_t before_;
};

/// Waits for the sandbox and says how it ended.
class Watch {
  public:
    Watch(const RunOptions& options, const Sandbox& sandbox, Streams& streams)
        : options_(options), sandbox_(sandbox), streams_(streams) {}
    RunReport run();

  private:
    /// The next signal for us, 0 when `timeout_us` passed without.
    static int next_signal(uint64_t timeout_us);
    void handle(int signal);
    void handle_news();
    void pass_to_program(int signal);
    void count_ending_signal(int signal);
    void change_raw();
    void suspend(int signal);

    /// The sandbox's host processes; the watcher of the terminal is ours, not its.
    std::vector<pid_t> processes() const;
    template <typename Action>
    void for_each_process(Action action);
    void reap();
    void count(const rusage& usage);
    void judge(pid_t pid, int status);
    void look();
    void look_at_state();
    void look_at_use();
    void use_cgroup();
    [[nodiscard]] std::string memory_reason() const;
    void end(RunReport::End how, std::string reason, int status = 0);

    void kill_all();
    void finish_streams();
    void finish();

    const RunOptions& options_;
    Sandbox sandbox_;
    Streams& streams_;
    InvokerTerminal terminal_;
    MemoryCgroup cgroup_;
    RunReport report_;
    bool ended_ = false;
    int ending_signals_ = 0;
    uint64_t last_interrupt_us_ = 0;
    uint32_t asked_at_interrupt_ = 0;
    uint64_t cpu_us_ = 0, peak_kib_ = 0, processes_ = 0, peak_bytes_ = 0;
    uint64_t next_look_us_ = 0;
};

}  // namespace litebox::supervisor
