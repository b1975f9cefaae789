#include "core/task/wake_batch.h"

namespace litebox {

WakeBatch::WakeBatch() : outermost_(current_block()->wakes == nullptr) {
    if (outermost_) current_block()->wakes = this;
}

WakeBatch::~WakeBatch() {
    if (!outermost_) return;
    current_block()->wakes = nullptr;
    for (usize i = 0; i < count_; i++) platform::unpark(*words_[i], 1);
}

void WakeBatch::unpark(std::atomic<u32>& word) {
    WakeBatch* batch = current_block()->wakes;
    if (batch == nullptr || batch->count_ == capacity)
        platform::unpark(word, 1);
    else
        batch->words_[batch->count_++] = &word;
}

}  // namespace litebox
