// Frames of the core's own memory that a device reads or writes for the time of one request, so that what a
// disk holds is put where it is kept and copied nowhere. Whoever lends them does not touch them meanwhile,
// and looks at what the device left there (a hash tree's check, say) only when they are taken back.
//
// A confidential guest lends nothing: its host reaches SharedFrames alone, and bytes are copied.
#pragma once

#include <span>

#include "core/base/types.h"
#include "platform/vm/device/shared_frames.h"

namespace litebox::vm {

/// The frame of a page that the device may reach until take_back_page: it is no other's meanwhile. One that
/// the page gets only now holds zeros, unless the device is to write it. EOPNOTSUPP: that page cannot be
/// lent. Implemented by memory.cpp, and by the tests.
Result<u64> lend_page(const u8* page, bool device_writes);
void take_back_page(u64 physical);

class LentFrames : Pinned {
  public:
    static constexpr usize most_runs = 32, most_bytes = 1 << 20;

    /// Lends whole pages from the beginning of `memory` on: as many as are in it and lie in up to `runs` runs
    /// of adjacent frames. None, where it does not begin with a page that can be lent.
    LentFrames(std::span<const u8> memory, bool device_writes, usize runs);
    ~LentFrames();
    [[nodiscard]] usize size() const { return size_; }
    [[nodiscard]] std::span<const SharedRange> ranges() const { return {ranges_, count_}; }

  private:
    SharedRange ranges_[most_runs];
    usize count_ = 0, size_ = 0;
};

}  // namespace litebox::vm
