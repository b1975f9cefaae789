#include "core/file/events/poll_wait.h"

namespace litebox {

ThreadPollTable::~ThreadPollTable() {
    for (auto& hook : hooks_) hook->queue->remove(hook->waiter);
}

void ThreadPollTable::add(WaitQueue& queue) {
    auto hook = make_own<Hook>(queue, *current_thread());
    if (!hook.ok() || !hooks_.reserve(hooks_.size() + 1).ok()) {
        failed_ = true;
        return;
    }
    queue.add(hook.value()->waiter);
    (void)hooks_.push(std::move(hook).value());
}

}  // namespace litebox
