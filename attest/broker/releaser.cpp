#include "attest/broker/releaser.h"

#include <algorithm>

namespace litebox::attest::broker {

Releaser::Releaser(std::unique_ptr<Store> store, std::function<Time()> clock)
    : store_(std::move(store)), clock_(std::move(clock)), thread_([this] { run(); }) {}

Releaser::~Releaser() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

bool Releaser::submit(ReleaseRequest request, Done done) {
    {
        std::lock_guard lock(mutex_);
        if (queue_.size() >= queue_limit || stopping_) return false;
        queue_.push_back({std::move(request), std::move(done)});
    }
    wake_.notify_one();
    return true;
}

bool Releaser::may_note(Time now) {
    if (now != notes_second_) {
        notes_second_ = now;
        notes_left_ = notes_per_second;
    }
    if (notes_left_ == 0) {
        notes_dropped_++;
        return false;
    }
    notes_left_--;
    return true;
}

void Releaser::note(AuditEntry entry) {
    {
        std::lock_guard lock(mutex_);
        if (!may_note(clock_())) return;
        if (notes_dropped_) entry.add("not_written_before", std::exchange(notes_dropped_, 0));
        notes_.push_back(entry.text());
    }
    wake_.notify_one();
}

void Releaser::run() {
    for (;;) {
        std::vector<Item> batch;
        std::vector<std::string> notes;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return !queue_.empty() || !notes_.empty() || stopping_; });
            if (queue_.empty() && notes_.empty()) return;
            auto end = queue_.begin() + static_cast<ptrdiff_t>(std::min(queue_.size(), batch_limit));
            std::move(queue_.begin(), end, std::back_inserter(batch));
            queue_.erase(queue_.begin(), end);
            notes.swap(notes_);
        }
        std::vector<ReleaseRequest> requests;
        requests.reserve(batch.size());
        for (Item& item : batch) requests.push_back(std::move(item.request));
        std::vector<ReleaseResult> results = store_->release(requests, notes, clock_());
        for (size_t i = 0; i < batch.size(); i++) batch[i].done(std::move(results[i]));
    }
}

}  // namespace litebox::attest::broker
