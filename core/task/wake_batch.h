// Wake-ups held back until the locks around them are free: whoever is woken under a lock runs into it at
// once, and on a busy processor takes it away from the waker.
#pragma once

#include "platform/platform.h"

namespace litebox {

/// While one stands, wake-ups by this host thread collect in it; its end sends them. An inner one leaves all
/// to the outer. Nothing blocks for long in its scope.
class WakeBatch : Pinned {
  public:
    WakeBatch();
    ~WakeBatch();

    /// Wakes whoever is parked on the word, or will. The word may be gone by then: that wakes nobody, or
    /// somebody who looks and parks again.
    static void unpark(std::atomic<u32>& word);

  private:
    static constexpr usize capacity = 16;
    std::atomic<u32>* words_[capacity];
    usize count_ = 0;
    bool outermost_;
};

}  // namespace litebox
