#include "core/task/thread.h"

#include "core/file/file.h"
#include "core/file/path.h"
#include "core/task/process.h"
#include "core/task/timers.h"
#include "core/task/wake_batch.h"

namespace litebox {

Thread::Thread() = default;

Thread::~Thread() {
    while (QueuedSignal* queued = pending.queued.pop_front())
        if (!queued->preallocated) heap_free(queued);
    if (process != nullptr) process->unref();
}

void Thread::wake() {
    wake_word.fetch_add(1, std::memory_order_release);
    WakeBatch::unpark(wake_word);
}

void Thread::interrupt(u32 work_flags) {
    work.fetch_or(work_flags, std::memory_order_release);
    wake();
    if (block != nullptr && this != current_thread()) platform::interrupt(block);
}

void Thread::tell_scheduling() const {
    using Policy = platform::Scheduling::Policy;
    constexpr u32 fifo = 1, round_robin = 2, idle = 5;  // SCHED_ values
    if (block == nullptr) return;
    platform::Scheduling scheduling;
    scheduling.policy = scheduling_policy == fifo          ? Policy::first_in_first_out
                        : scheduling_policy == round_robin ? Policy::round_robin
                        : scheduling_policy == idle        ? Policy::idle
                                                           : Policy::fair;
    scheduling.priority = static_cast<u8>(priority);
    scheduling.nice = static_cast<i8>(nice);
    scheduling.affinity = affinity[0];
    scheduling.timer_slack_ns = timer_slack_ns;
    platform::set_scheduling(block, scheduling);
}

Process::Process() = default;

Process::~Process() {
    drop_timers(*this, true);
    while (QueuedSignal* queued = pending.queued.pop_front())
        if (!queued->preallocated) heap_free(queued);
}

void ResourceUsage::add(const ResourceUsage& other) {
    user_ns += other.user_ns;
    system_ns += other.system_ns;
    max_resident_kib = max(max_resident_kib, other.max_resident_kib);
    minor_faults += other.minor_faults;
    major_faults += other.major_faults;
    blocks_in += other.blocks_in;
    blocks_out += other.blocks_out;
    voluntary_switches += other.voluntary_switches;
    involuntary_switches += other.involuntary_switches;
}

ResourceUsage Thread::usage() const {
    ResourceUsage result;
    if (block != nullptr && !is_vfork_child) result.user_ns = platform::thread_cpu_ns(block);
    result.minor_faults = minor_faults;
    result.voluntary_switches = voluntary_switches;
    if (space && space->platform_space() != nullptr)
        result.max_resident_kib = platform::resident_pages(space->platform_space()) * (page_size / 1024);
    return result;
}

ResourceUsage Process::own_usage() {
    ResourceUsage usage;
    LockGuard guard(signal_mutex);
    usage.add(dead_threads);
    for (const Thread& thread : threads) usage.add(thread.usage());
    return usage;
}

u32 Process::owner() {
    LockGuard guard(signal_mutex);
    const Thread* first = threads.first();
    return first != nullptr && first->credentials ? first->credentials->uid : last_uid;
}

}  // namespace litebox
