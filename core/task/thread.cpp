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

ResourceUsage Process::own_usage() {
    ResourceUsage usage;
    LockGuard guard(signal_mutex);
    usage.add(dead_threads);
    for (Thread& thread : threads) {
        if (thread.block != nullptr) usage.user_ns += platform::thread_cpu_ns(thread.block);
        usage.minor_faults += thread.minor_faults;
        usage.voluntary_switches += thread.voluntary_switches;
        if (thread.space && thread.space->platform_space() != nullptr)
            usage.max_resident_kib =
                max(usage.max_resident_kib, platform::resident_pages(thread.space->platform_space()) * 4);
    }
    return usage;
}

}  // namespace litebox
