// Sleeping on words, as futexes of the kernel's own. Who waits stands in a bucket by the word's address; lock
// order: timer queue, bucket, run queue.

#include "platform/vm/cpu/interrupts.h"
#include "platform/vm/machine.h"

namespace litebox::vm {

namespace {

using platform::ParkResult;

ParkBucket& bucket_of(const std::atomic<u32>* word) {
    u64 hash = reinterpret_cast<u64>(word) * 0x9e3779b97f4a7c15;
    return machine().scheduler.buckets[hash >> 56];
}
static_assert(SchedulerState::bucket_count == 256);

/// Takes a thread that waits on `word` out of its bucket. Under the bucket's lock.
void release(PlatformBlock& block, ParkResult result) {
    block.park_node.unlink();
    block.park_result = result;
    block.park_word.store(nullptr, std::memory_order_relaxed);
    (void)make_ready(block, RunState::parked);
}

/// Wakes the thread if it sleeps.
void wake_sleeper(PlatformBlock& block, ParkResult result) {
    for (;;) {
        const std::atomic<u32>* word = block.park_word.load(std::memory_order_seq_cst);
        if (word == nullptr) return;
        ParkBucket& bucket = bucket_of(word);
        SpinGuard guard(bucket.lock);
        if (block.park_word.load(std::memory_order_relaxed) != word) continue;
        // It has said where it will wait, but does not yet: it looks once more itself.
        if (block.park_node.linked()) release(block, result);
        return;
    }
}

bool take_kick(PlatformBlock& block) {
    return (block.pending.fetch_and(~u32{pending_kick}, std::memory_order_seq_cst) & pending_kick) != 0;
}

/// False: there is no reason to sleep. Else the thread stands in the bucket, parked.
bool begin_wait(PlatformBlock& block, std::atomic<u32>& word, u32 expected, u64 deadline,
                ParkResult& result) {
    ParkBucket& bucket = bucket_of(&word);
    SpinGuard guard(bucket.lock);
    block.park_word.store(&word, std::memory_order_seq_cst);
    bool kicked = take_kick(block);
    bool late = deadline != platform::no_deadline && platform::monotonic_ns() >= deadline;
    if (kicked || late || word.load(std::memory_order_seq_cst) != expected) {
        block.park_word.store(nullptr, std::memory_order_relaxed);
        result = late && !kicked ? ParkResult::timed_out : ParkResult::woken;
        return false;
    }
    bucket.waiting.push_back(&block);
    block.state.store(RunState::parked, std::memory_order_release);
    return true;
}

}  // namespace

void park_timed_out(PlatformBlock& block) {
    wake_sleeper(block, ParkResult::timed_out);
}

}  // namespace litebox::vm

namespace litebox::platform {

using namespace vm;

ParkResult park(std::atomic<u32>& word, u32 expected, u64 deadline) {
    PlatformBlock& block = this_block();
    if (word.load(std::memory_order_acquire) != expected) return ParkResult::woken;
    bool limited = deadline != no_deadline;
    ParkResult result{};
    InterruptsOff off;
    if (limited) arm_timer(block, deadline);
    if (begin_wait(block, word, expected, deadline, result)) {
        machine().scheduler.running.fetch_sub(1, std::memory_order_relaxed);
        schedule();
        machine().scheduler.running.fetch_add(1, std::memory_order_relaxed);
        result = block.park_result;
        (void)take_kick(block);
    }
    if (limited) disarm_timer(block);
    return result;
}

void unpark(std::atomic<u32>& word, u32 count) {
    ParkBucket& bucket = bucket_of(&word);
    SpinGuard guard(bucket.lock);
    for (PlatformBlock& block : bucket.waiting) {
        if (count == 0) break;
        if (block.park_word.load(std::memory_order_relaxed) != &word) continue;
        release(block, ParkResult::woken);
        count--;
    }
}

void interrupt(ThreadBlock* head) {
    PlatformBlock& block = platform_block(head);
    block.pending.fetch_or(pending_kick, std::memory_order_seq_cst);
    wake_sleeper(block, ParkResult::woken);
    InterruptsOff off;
    Processor* processor = block.processor.load(std::memory_order_relaxed);
    // In the guest it sees the wish at its next trap: this is one.
    if (processor != nullptr && processor != &this_processor() && processor->current == &block)
        send_reschedule(*processor);
}

void yield() {
    PlatformBlock& block = this_block();
    InterruptsOff off;
    // Behind everybody who waits here.
    block.virtual_ns = max(block.virtual_ns, this_processor().queue.least_virtual_ns + 1);
    schedule();
}

bool spinning_pays() {
    Machine& all = machine();
    return all.processors_online.load(std::memory_order_relaxed) > 1 &&
           all.scheduler.running.load(std::memory_order_relaxed) <=
               all.processors_online.load(std::memory_order_relaxed);
}

void barrier_all(bool) {
    if (Space* space = this_block().space) barrier_on_all(*space);
}

}  // namespace litebox::platform
