// The invoker's terminal: raw while the program wants it so, and as before at the end, whatever happens to
// us.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include "supervisor/descriptor.h"

namespace litebox::supervisor {

/// Used by the main thread alone.
class InvokerTerminal {
  public:
    InvokerTerminal() = default;
    InvokerTerminal(const InvokerTerminal&) = delete;
    InvokerTerminal& operator=(const InvokerTerminal&) = delete;
    ~InvokerTerminal() { finish(false); }

    /// Whether our process group may change the terminal and read from it.
    static bool foreground();
    void set_raw(bool raw);
    [[nodiscard]] bool raw() const { return raw_; }
    /// The terminal is as before while the sandbox is suspended.
    void pause(bool pause);
    /// As before, for good. With `flush` what the terminal itself has typed in answer to queries is thrown
    /// away, so that no shell takes it for a command.
    void finish(bool flush);
    /// The process that restores the terminal when we are killed; 0: none.
    [[nodiscard]] pid_t watcher() const { return watcher_; }

  private:
    void start_watcher();
    void tell_watcher(int kind);
    bool raw_ = false, saved_valid_ = false, was_raw_ = false;
    termios saved_{};
    pid_t watcher_ = 0;
    Descriptor to_watcher_;
};

/// Stops ourselves as `signal` stops a process by default; returns when we are continued.
void stop_ourselves(int signal);

}  // namespace litebox::supervisor
