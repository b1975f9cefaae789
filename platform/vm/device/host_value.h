// A number that the host wrote. It was read once, into here; it is used only through a check of its bounds,
// or by saying that any value will do.
#pragma once

#include "core/base/result.h"

namespace litebox::vm {

template <std::integral T>
class HostValue {
  public:
    constexpr explicit HostValue(T value) : value_(value) {}
    [[nodiscard]] constexpr Result<T> at_most(T limit) const {
        if (value_ > limit) return Errno::eio;
        return value_;
    }
    [[nodiscard]] constexpr Result<T> below(T limit) const {
        if (value_ >= limit) return Errno::eio;
        return value_;
    }
    /// For what is only compared, counted modulo its size, or handed on.
    [[nodiscard]] constexpr T any() const { return value_; }

  private:
    T value_;
};

}  // namespace litebox::vm
