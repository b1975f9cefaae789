// The signal mask that ppoll, pselect and epoll_pwait hold while they wait.
#pragma once

#include "core/memory/user.h"
#include "core/task/thread.h"

namespace litebox {

class TemporaryMask {
  public:
    explicit TemporaryMask(Thread& thread) : thread_(thread) {}
    TemporaryMask(const TemporaryMask&) = delete;
    TemporaryMask& operator=(const TemporaryMask&) = delete;
    /// Puts the old mask back, unless the wait was interrupted: then the signal is delivered first.
    ~TemporaryMask();
    void interrupted() { interrupted_ = true; }
    /// A null mask changes nothing. EINVAL for a wrong size.
    Result<void> apply(UserPtr<const u64> mask, usize size);

  private:
    Thread& thread_;
    bool applied_ = false, interrupted_ = false;
};

}  // namespace litebox
