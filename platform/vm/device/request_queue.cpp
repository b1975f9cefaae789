#include "platform/vm/device/request_queue.h"

#include "platform/platform.h"
#include "platform/vm/device/virtio_device.h"

namespace litebox::vm {

namespace {

/// About as long as a device on another processor needs for a short request.
constexpr int looks_awake = 2000;
/// After so long a sleeping thread looks for itself: the interrupt may be lost.
constexpr u64 look_interval = 1000000000;

}  // namespace

Result<void> RequestQueue::begin(VirtioDevice& device, u16 index) {
    device_ = &device;
    index_ = index;
    return device.add_queue(index, queue_, *this);
}

void RequestQueue::check() {
    if (broken()) device_failed(device_->name(), "answered requests that it was not given");
}

Result<u16> RequestQueue::submit(std::span<const SharedRange> parts, bool notify) {
    check();
    bool wanted = false;
    Result<u16> chain = Errno::eagain;
    {
        SpinGuard guard(lock_);
        chain = queue_.offer(parts);
        if (!chain.ok()) return chain.error();
        tickets_[chain.value()].store(in_flight, std::memory_order_release);
        if (notify) wanted = queue_.publish();
    }
    if (wanted) device_->notify(index_);
    return chain;
}

void RequestQueue::kick() {
    bool wanted;
    {
        SpinGuard guard(lock_);
        wanted = queue_.publish();
    }
    if (wanted) device_->notify(index_);
}

void RequestQueue::wake_all() {
    for (std::atomic<u32>& ticket : tickets_)
        if (ticket.load(std::memory_order_acquire) == awaited) platform::unpark(ticket, ~0u);
    progress_.fetch_add(1, std::memory_order_seq_cst);
    platform::unpark(progress_, ~0u);
}

void RequestQueue::reap() {
    bool any = false, violated = false;
    for (;;) {
        Queue::Completion completion{};
        {
            SpinGuard guard(lock_);
            if (queue_.entries() == 0 || broken()) break;
            Queue::Taken taken = queue_.take(completion);
            violated = taken == Queue::Taken::violated;
            if (taken != Queue::Taken::chain) break;
            numbers_[completion.chain].store(done_count_++, std::memory_order_relaxed);
        }
        any = true;
        std::atomic<u32>& ticket = tickets_[completion.chain];
        written_[completion.chain].store(completion.written, std::memory_order_relaxed);
        if (ticket.exchange(done, std::memory_order_acq_rel) == awaited) platform::unpark(ticket, ~0u);
    }
    if (any) {
        progress_.fetch_add(1, std::memory_order_seq_cst);
        if (progress_sleepers_.load(std::memory_order_seq_cst) != 0) platform::unpark(progress_, ~0u);
    }
    if (violated) {
        broken_.store(true, std::memory_order_release);
        wake_all();
    }
}

void RequestQueue::give_back(u16 chain) {
    tickets_[chain].store(idle, std::memory_order_relaxed);
    SpinGuard guard(lock_);
    queue_.release(chain);
}

bool RequestQueue::collect(u16 chain, u32* written) {
    if (tickets_[chain].load(std::memory_order_acquire) != done) return false;
    *written = written_[chain].load(std::memory_order_relaxed);
    give_back(chain);
    return true;
}

u32 RequestQueue::wait(u16 chain) {
    std::atomic<u32>& ticket = tickets_[chain];
    u32 written = 0;
    for (int i = 0; i < looks_awake; i++) {
        if (queue_.news()) reap();
        if (collect(chain, &written)) return written;
        __builtin_ia32_pause();
    }
    u64 begin = platform::monotonic_ns();
    for (;;) {
        reap();
        if (collect(chain, &written)) return written;
        check();
        u64 now = platform::monotonic_ns();
        if (now - begin > patience_) device_failed(device_->name(), "did not answer in time");
        u32 expected = in_flight;
        if (!ticket.compare_exchange_strong(expected, awaited) && expected != awaited) continue;
        (void)platform::park(ticket, awaited, now + min(look_interval, patience_));
    }
}

RequestQueue::Woken RequestQueue::sleep_on_progress(u32 seen, u64 deadline) {
    for (;;) {
        reap();
        check();
        if (progress() != seen) return Woken::progress;
        u64 now = platform::monotonic_ns();
        if (now >= deadline) return Woken::timed_out;
        progress_sleepers_.fetch_add(1, std::memory_order_seq_cst);
        auto result = platform::park(progress_, seen, min(deadline, now + look_interval));
        progress_sleepers_.fetch_sub(1, std::memory_order_relaxed);
        if (progress() == seen && result == platform::ParkResult::woken && !broken())
            return Woken::interrupted;
    }
}

}  // namespace litebox::vm
