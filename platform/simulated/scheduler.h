// Who runs, who sleeps, and what time it is. Two kinds: deterministic (one thread at a time, chosen by a
// seed, in virtual time) and free-running (the host's own threads and clock).
#pragma once

#include <memory>
#include <string>

#include "platform/simulated/thread.h"

namespace litebox::simulated {

class Scheduler : Pinned {
  public:
    virtual ~Scheduler() = default;

    /// Lets a thread go whose host thread has been made; it calls begin().
    virtual void start(SimulatedThread& thread) = 0;
    /// On the new host thread: waits for its turn. False: the machine stops, do not begin.
    virtual bool begin(SimulatedThread& thread) = 0;
    /// Last act of the thread.
    virtual void end(SimulatedThread& thread) = 0;

    virtual platform::ParkResult park(SimulatedThread& thread, std::atomic<u32>& word, u32 expected,
                                      u64 deadline) = 0;
    virtual void unpark(std::atomic<u32>& word, u32 count) = 0;
    /// Ends its sleep, if it sleeps.
    virtual void rouse(SimulatedThread& thread) = 0;
    /// Here another thread may be let go on; `yielding`: it shall.
    virtual void point(SimulatedThread& thread, bool yielding) = 0;
    virtual u64 now() = 0;
    virtual u64 cpu_ns(SimulatedThread& thread) = 0;
    /// From now on every thread leaves the core at its next call of the South, asleep or not.
    virtual void stop() = 0;
    [[nodiscard]] virtual bool stopping() const = 0;
    /// Which threads there are, and where those that sleep do (deterministic only).
    virtual std::string who_waits() = 0;
    /// Waits until all threads have ended. Not on one of them.
    virtual void await_end() = 0;
};

/// What the deterministic scheduler finds when nobody can ever go on.
struct Deadlock {
    bool found = false;
    bool over_locks = false;  // somebody sleeps with a lock held: a bug of the core, not of the program
    std::string report;       // who waits where
};

std::unique_ptr<Scheduler> make_deterministic_scheduler(u64 seed, Deadlock& deadlock);
std::unique_ptr<Scheduler> make_free_scheduler();

}  // namespace litebox::simulated
