// The host's own threads, as many at a time as it has processors, and its clock: for ThreadSanitizer.
// Sleepers are found by the word they sleep on; a lock per group of words, so that the scheduler orders
// nothing that the core has not ordered itself.
#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <vector>

#include "platform/simulated/scheduler.h"

namespace litebox::simulated {

namespace {

using platform::ParkResult;

class FreeScheduler final : public Scheduler {
  public:
    void start(SimulatedThread& thread) override {
        std::lock_guard guard(threads_mutex_);
        threads_.push_back(&thread);
    }

    bool begin(SimulatedThread&) override { return !stopping_.load(std::memory_order_relaxed); }

    void end(SimulatedThread& thread) override {
        std::lock_guard guard(threads_mutex_);
        std::erase(threads_, &thread);
        if (threads_.empty()) ended_.notify_all();
    }

    ParkResult park(SimulatedThread& thread, std::atomic<u32>& word, u32 expected, u64 deadline) override {
        leave_if_stopping(thread);
        ParkResult result = ParkResult::woken;
        {
            Bucket& bucket = bucket_of(&word);
            std::unique_lock lock(bucket.mutex);
            if (word.load(std::memory_order_acquire) != expected) return ParkResult::woken;
            Sleeper sleeper{&thread, &word};
            bucket.sleepers.push_back(&sleeper);
            thread.sleeping_at.store(&bucket);
            auto over = [&] {
                return sleeper.woken || thread.kicked.load() != 0 ||
                       stopping_.load(std::memory_order_relaxed);
            };
            if (deadline == platform::no_deadline)
                thread.changed.wait(lock, over);
            else if (!thread.changed.wait_until(lock, time_point(deadline), over))
                result = ParkResult::timed_out;
            thread.sleeping_at.store(nullptr);
            std::erase(bucket.sleepers, &sleeper);
        }
        leave_if_stopping(thread);
        return result;
    }

    void unpark(std::atomic<u32>& word, u32 count) override {
        Bucket& bucket = bucket_of(&word);
        std::lock_guard guard(bucket.mutex);
        for (Sleeper* sleeper : bucket.sleepers) {
            if (count == 0) return;
            if (sleeper->word != &word || sleeper->woken) continue;
            sleeper->woken = true;
            sleeper->thread->changed.notify_one();
            count--;
        }
    }

    /// The caller has set `kicked`; a sleeper sees that once it looks.
    void rouse(SimulatedThread& thread) override {
        auto* bucket = static_cast<Bucket*>(thread.sleeping_at.load());
        if (bucket == nullptr) return;
        std::lock_guard guard(bucket->mutex);
        thread.changed.notify_all();
    }

    void point(SimulatedThread& thread, bool yielding) override {
        leave_if_stopping(thread);
        if (yielding) std::this_thread::yield();
    }

    u64 now() override {
        auto since = std::chrono::steady_clock::now() - start_;
        return start_ns + static_cast<u64>(std::chrono::nanoseconds(since).count());
    }
    u64 cpu_ns(SimulatedThread&) override { return now() - start_ns; }

    void stop() override {
        stopping_.store(true);
        for (Bucket& bucket : buckets_) {
            std::lock_guard guard(bucket.mutex);
            for (Sleeper* sleeper : bucket.sleepers) sleeper->thread->changed.notify_all();
        }
    }
    [[nodiscard]] bool stopping() const override { return stopping_.load(); }

    std::string who_waits() override { return {}; }

    void await_end() override {
        std::unique_lock lock(threads_mutex_);
        ended_.wait(lock, [&] { return threads_.empty(); });
    }

  private:
    static constexpr u64 start_ns = 1000000000;
    struct Sleeper {
        SimulatedThread* thread;
        std::atomic<u32>* word;
        bool woken = false;
    };
    struct Bucket {
        std::mutex mutex;
        std::vector<Sleeper*> sleepers;
    };

    void leave_if_stopping(SimulatedThread& thread) {
        if (stopping_.load(std::memory_order_relaxed)) end_thread(thread);
    }
    Bucket& bucket_of(const std::atomic<u32>* word) {
        return buckets_[reinterpret_cast<u64>(word) / sizeof(u32) * 0x9e3779b97f4a7c15 >> 56];
    }
    std::chrono::steady_clock::time_point time_point(u64 deadline) const {
        constexpr u64 far = u64{3600} * 1000000000;
        u64 wait = std::min(deadline > start_ns ? deadline - start_ns : 0, now_since_start() + far);
        return start_ + std::chrono::nanoseconds(wait);
    }
    [[nodiscard]] u64 now_since_start() const {
        return static_cast<u64>(std::chrono::nanoseconds(std::chrono::steady_clock::now() - start_).count());
    }

    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::array<Bucket, 256> buckets_;
    std::mutex threads_mutex_;
    std::condition_variable ended_;
    std::vector<SimulatedThread*> threads_;
    std::atomic<bool> stopping_{false};
};

}  // namespace

std::unique_ptr<Scheduler> make_free_scheduler() {
    return std::make_unique<FreeScheduler>();
}

}  // namespace litebox::simulated
