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
    /// Puts the old mask back, unless a signal is to be delivered first.
    ~TemporaryMask();
    /// A null mask changes nothing. EINVAL for a wrong size.
    Result<void> apply(UserPtr<const u64> mask, usize size);

  private:
    Thread& thread_;
    bool applied_ = false;
};

}  // namespace litebox
