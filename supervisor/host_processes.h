// A sandbox of the process platform, for the watch: its opener, its PID 1, and its guest processes.
#pragma once

#include "supervisor/confined.h"
#include "supervisor/descriptor.h"

namespace litebox::supervisor {

class HostProcesses : public Confined {
  public:
    /// `arena` is the memory file, `pid_one` the write end of the pipe that its PID 1 reads.
    HostProcesses(pid_t opener, Descriptor& arena, Descriptor& pid_one)
        : opener_(opener), arena_(arena), pid_one_(pid_one) {}
    std::optional<std::string> ended(pid_t process, int status) override;
    std::optional<std::string> all_ended() override;
    [[nodiscard]] uint64_t shared_memory() const override;
    void end_all() override;

  private:
    pid_t opener_;
    Descriptor& arena_;
    Descriptor& pid_one_;
    bool opener_lives_ = true;
};

}  // namespace litebox::supervisor
