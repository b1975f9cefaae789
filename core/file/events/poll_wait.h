// Hanging one thread on the wait queues of many files: poll, select, and whoever waits for several things at
// once.
#pragma once

#include "core/file/file.h"
#include "core/task/wait_queue.h"

namespace litebox {

/// Collects queues while it lives; the current thread is woken by each of them.
class ThreadPollTable final : public PollTable {
  public:
    ThreadPollTable() = default;
    ThreadPollTable(const ThreadPollTable&) = delete;
    ThreadPollTable& operator=(const ThreadPollTable&) = delete;
    ~ThreadPollTable();
    void add(WaitQueue& queue) override;
    /// A queue could not be hung on for lack of memory.
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    struct Hook {
        WaitQueue* queue;
        ThreadWaiter waiter;
        Hook(WaitQueue& to, Thread& thread) : queue(&to), waiter(thread) {}
    };
    Vector<Own<Hook>> hooks_;
    bool failed_ = false;
};

}  // namespace litebox
