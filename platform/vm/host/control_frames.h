// Takes the byte stream of the control port apart into frames (abi/control.h). The other side is not
// believed: an unknown kind, or a length that its kind cannot have, is an error for good.
#pragma once

#include <span>

#include "core/base/result.h"
#include "platform/vm/abi/control.h"

namespace litebox::vm {

/// What the frames are for.
class ControlSink {
  public:
    virtual void input(std::span<const u8> bytes) = 0;  // a part of a frame of input, or all of it
    virtual void frame(ToKernel kind, u32 value) = 0;  // every whole frame; `value` is what a short one holds

  protected:
    ~ControlSink() = default;
};

class ControlReader {
  public:
    explicit ControlReader(ControlSink& sink) : sink_(sink) {}
    /// EIO: the stream makes no sense, now and from now on.
    Result<void> feed(std::span<const u8> bytes);

  private:
    static constexpr u32 short_frame = 4;
    Result<void> begin_frame();
    void end_frame();

    ControlSink& sink_;
    u8 header_[sizeof(ControlHeader)] = {};
    u32 header_length_ = 0;
    ToKernel kind_{};
    u32 left_ = 0;  // of the frame
    u8 value_[short_frame] = {};
    u32 value_length_ = 0;
    bool failed_ = false;
};

}  // namespace litebox::vm
