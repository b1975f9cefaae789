// Waiting for a sandbox: what it does against its limits, how it ends, and that nothing of it stays.
#pragma once

#include <sys/types.h>

#include <vector>

#include "platform/process/abi/rings.h"
#include "supervisor/descriptor.h"
#include "supervisor/streams.h"
#include "supervisor/supervisor.h"

namespace litebox::supervisor {

/// Monotonic.
uint64_t now_us();

/// Tells the sandbox how large the invoker's terminal is.
void update_window(process::ControlBlock& control);

/// What is watched.
struct Sandbox {
    process::Rings& rings;
    int arena;            // descriptor
    Descriptor& pid_one;  // write end of the pipe that the sandbox's PID 1 reads
    uint64_t memory;      // limit in bytes
    pid_t opener;
    uint64_t started_us;
};

/// Waits for the sandbox and says how it ended.
class Watch {
  public:
    Watch(const RunOptions& options, const Sandbox& sandbox, Streams& streams)
        : options_(options), sandbox_(sandbox), streams_(streams) {}
    RunReport run();

  private:
    void wait_for_event();
    void forward(int signal);
    void suspend();
    void check_use(RunReport& report);
    void reap(RunReport& report);
    void judge(pid_t pid, int status, RunReport& report);
    void look(RunReport& report);
    void kill_all();
    void finish(RunReport& report);

    const RunOptions& options_;
    Sandbox sandbox_;
    Streams& streams_;
    bool ended_ = false;
    int ending_signals_ = 0, forced_ = 0;
    uint64_t cpu_us_ = 0, peak_kib_ = 0, processes_ = 0, last_check_ = 0, peak_bytes_ = 0;
};

}  // namespace litebox::supervisor
