// The reading end of the ring that a sandbox writes records to. The guest owns every byte there.
#pragma once

#include <string_view>

#include "platform/process/abi/rings.h"

namespace litebox::supervisor {

class OutReader {
  public:
    explicit OutReader(process::OutRing& ring) : ring_(ring) {}
    /// Up to where records lie, as the sandbox says now.
    [[nodiscard]] uint32_t produced() const { return ring_.produced.load(std::memory_order_acquire); }
    [[nodiscard]] uint32_t consumed() const { return consumed_; }
    /// The next record, of those up to `produced`, copied out of the ring before anything of it is believed;
    /// its place is the writer's again. Holds until the next call. False: it breaks the ring's rules.
    bool take(uint32_t produced, uint32_t& kind, std::string_view& bytes);

  private:
    void copy(uint32_t position, void* to, uint32_t bytes) const;

    process::OutRing& ring_;
    uint32_t consumed_ = 0;
    static constexpr uint32_t longest_ = 1 << 17;
    char record_[longest_];
};

}  // namespace litebox::supervisor
