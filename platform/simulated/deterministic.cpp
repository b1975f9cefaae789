// One thread at a time. Whoever has the turn runs until it parks, ends, or comes to a point where the seed
// says that another one goes on. Time is virtual: it creeps while threads run and leaps to the next deadline
// when all sleep.
#include <execinfo.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <vector>

#include "platform/simulated/scheduler.h"
#include "platform/simulated/space.h"

namespace litebox::simulated {

namespace {

using State = SimulatedThread::State;
using platform::ParkResult;

class DeterministicScheduler final : public Scheduler {
  public:
    DeterministicScheduler(u64 seed, Deadlock& deadlock) : random_(seed), deadlock_(deadlock) {
        // Some seeds let threads run long, others change at every occasion.
        constexpr u32 periods[] = {2, 4, 8, 16, 32, 64, 256};
        period_ = periods[random_() % std::size(periods)];
    }

    void start(SimulatedThread& thread) override {
        std::unique_lock lock(mutex_);
        thread.state = State::runnable;
        threads_.push_back(&thread);
        if (running_ == nullptr) choose();
    }

    bool begin(SimulatedThread& thread) override {
        std::unique_lock lock(mutex_);
        thread.changed.wait(lock, [&] { return running_ == &thread; });
        return !stopping_;
    }

    void end(SimulatedThread& thread) override {
        std::unique_lock lock(mutex_);
        thread.state = State::ended;
        std::erase(threads_, &thread);
        choose();
    }

    ParkResult park(SimulatedThread& thread, std::atomic<u32>& word, u32 expected, u64 deadline) override {
        std::unique_lock lock(mutex_);
        leave_if_stopping(lock, thread);
        if (word.load(std::memory_order_acquire) != expected) return ParkResult::woken;
        if (deadline <= now_) return ParkResult::timed_out;
        thread.state = State::parked;
        thread.word = &word;
        thread.deadline = deadline;
        thread.woken = thread.timed_out = false;
        thread.held_locks = lock_watch.held;
        thread.stack_depth = backtrace(thread.stack, std::size(thread.stack));
        give_turn_away(lock, thread);
        thread.word = nullptr;
        return thread.timed_out ? ParkResult::timed_out : ParkResult::woken;
    }

    void unpark(std::atomic<u32>& word, u32 count) override {
        std::unique_lock lock(mutex_);
        std::vector<SimulatedThread*> sleepers;
        for (SimulatedThread* thread : threads_)
            if (thread->state == State::parked && thread->word == &word) sleepers.push_back(thread);
        // Which of several wakes up is nobody's promise.
        std::shuffle(sleepers.begin(), sleepers.end(), random_);
        for (SimulatedThread* thread : sleepers) {
            if (count-- == 0) break;
            wake(*thread);
        }
    }

    void rouse(SimulatedThread& thread) override {
        std::unique_lock lock(mutex_);
        if (thread.state == State::parked) wake(thread);
    }

    void point(SimulatedThread& thread, bool yielding) override {
        std::unique_lock lock(mutex_);
        leave_if_stopping(lock, thread);
        u64 step = yielding ? yield_step_ns : 20 + random_() % 200;
        now_ += step;
        thread.cpu_ns += step;
        if (!yielding && random_() % period_ != 0) return;
        thread.state = State::runnable;
        give_turn_away(lock, thread);
    }

    u64 now() override {
        std::unique_lock lock(mutex_);
        return now_ += 10;
    }

    u64 cpu_ns(SimulatedThread& thread) override {
        std::unique_lock lock(mutex_);
        return thread.cpu_ns;
    }

    void stop() override {
        std::unique_lock lock(mutex_);
        stopping_ = true;
    }
    [[nodiscard]] bool stopping() const override { return stopping_; }

    std::string who_waits() override {
        std::unique_lock lock(mutex_);
        return describe_threads();
    }

    void await_end() override {
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [&] { return threads_.empty(); });
    }

  private:
    static constexpr u64 yield_step_ns = 1000;

    void leave_if_stopping(std::unique_lock<std::mutex>& lock, SimulatedThread& thread) {
        if (!stopping_) return;
        lock.unlock();
        end_thread(thread);
    }

    static void wake(SimulatedThread& thread) {
        thread.state = State::runnable;
        thread.woken = true;
        thread.word = nullptr;
    }

    void give_turn_away(std::unique_lock<std::mutex>& lock, SimulatedThread& thread) {
        choose();
        thread.changed.wait(lock, [&] { return running_ == &thread; });
        leave_if_stopping(lock, thread);
    }

    void expire() {
        for (SimulatedThread* thread : threads_)
            if (thread->state == State::parked && thread->deadline <= now_) {
                thread->state = State::runnable;
                thread->timed_out = true;
            }
    }

    /// Under the lock: who runs next.
    void choose() {
        running_ = nullptr;
        if (threads_.empty()) {
            ended_.notify_all();
            return;
        }
        SimulatedThread* next = nullptr;
        if (stopping_) {
            next = threads_.front();
        } else {
            expire();
            next = any_runnable();
            if (next == nullptr && leap()) next = any_runnable();
            if (next == nullptr) {
                note_deadlock();
                stopping_ = true;
                next = threads_.front();
            }
        }
        next->state = State::running;
        running_ = next;
        next->changed.notify_one();
    }

    SimulatedThread* any_runnable() {
        std::vector<SimulatedThread*> able;
        for (SimulatedThread* thread : threads_)
            if (thread->state == State::runnable) able.push_back(thread);
        return able.empty() ? nullptr : able[random_() % able.size()];
    }

    /// All sleep: time goes on to the first deadline.
    bool leap() {
        u64 next = platform::no_deadline;
        for (SimulatedThread* thread : threads_)
            if (thread->state == State::parked) next = std::min(next, thread->deadline);
        if (next == platform::no_deadline) return false;
        now_ = std::max(now_, next);
        expire();
        return true;
    }

    void note_deadlock() {
        deadlock_.found = true;
        for (SimulatedThread* thread : threads_)
            if (thread->held_locks > 0) deadlock_.over_locks = true;
        deadlock_.report = describe_threads();
    }

    std::string describe_threads() {
        std::string report;
        for (SimulatedThread* thread : threads_) {
            char line[160];
            std::snprintf(line, sizeof(line),
                          "thread %u (task %d of process %d, space %u), system call %lld, %zu locks held:\n",
                          thread->number, thread->task, thread->process, thread->space->number,
                          static_cast<long long>(thread->last_call), thread->held_locks);
            report += line;
            char** symbols = backtrace_symbols(thread->stack, thread->stack_depth);
            for (int i = 2; symbols != nullptr && i < thread->stack_depth; i++)
                report += std::string("    ") + symbols[i] + "\n";
            std::free(symbols);
        }
        return report;
    }

    std::mutex mutex_;
    std::condition_variable ended_;
    std::vector<SimulatedThread*> threads_;
    SimulatedThread* running_ = nullptr;
    std::atomic<bool> stopping_{false};
    u64 now_ = 1000000000;
    std::mt19937_64 random_;
    u32 period_;
    Deadlock& deadlock_;
};

}  // namespace

std::unique_ptr<Scheduler> make_deterministic_scheduler(u64 seed, Deadlock& deadlock) {
    return std::make_unique<DeterministicScheduler>(seed, deadlock);
}

}  // namespace litebox::simulated
