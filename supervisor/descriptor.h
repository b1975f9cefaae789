// Owns a file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace litebox::supervisor {

class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { reset(); }
    void reset() {
        if (number_ >= 0) close(number_);
        number_ = -1;
    }
    /// Owned by the caller from now on.
    int release() { return std::exchange(number_, -1); }
    [[nodiscard]] int get() const { return number_; }

  private:
    int number_ = -1;
};

}  // namespace litebox::supervisor
