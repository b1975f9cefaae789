// The one thread that writes while the broker serves. Releases that arrive together share one durable commit,
// so that the disk's latency is paid once for all of them; nothing is handed on before its commit is on disk.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "attest/broker/store.h"

namespace litebox::attest::broker {

class Releaser {
  public:
    /// Called on the releaser's thread; must not block.
    using Done = std::function<void(ReleaseResult)>;

    explicit Releaser(std::unique_ptr<Store> store, std::function<Time()> clock);
    /// Finishes what is queued.
    ~Releaser();
    Releaser(const Releaser&) = delete;
    Releaser& operator=(const Releaser&) = delete;

    /// False where the queue is full: the broker is asked for more than its disk can do.
    bool submit(ReleaseRequest request, Done done);
    /// An entry of the audit log about a refusal. So that a flood of refusals cannot fill the disk, at most
    /// 20 a second are written; the next one written says how many were not.
    void note(AuditEntry entry);

  private:
    struct Item {
        ReleaseRequest request;
        Done done;
    };
    void run();
    bool may_note(Time now);

    static constexpr size_t queue_limit = 4096, batch_limit = 256;
    static constexpr int notes_per_second = 20;

    std::unique_ptr<Store> store_;
    std::function<Time()> clock_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Item> queue_;         // under mutex_
    std::vector<std::string> notes_;  // under mutex_
    Time notes_second_;               // under mutex_
    int notes_left_ = 0;              // under mutex_
    int64_t notes_dropped_ = 0;       // under mutex_
    bool stopping_ = false;           // under mutex_
    std::thread thread_;
};

}  // namespace litebox::attest::broker
