// Numbers for generated cases: the same seed gives the same cases everywhere.
#pragma once

#include <cstdint>
#include <vector>

namespace litebox::attest::cases {

class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed) {}

    /// SplitMix64.
    uint64_t next() {
        uint64_t z = state_ += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
    uint64_t below(uint64_t bound) { return next() % bound; }
    bool one_in(uint64_t count) { return below(count) == 0; }
    uint8_t byte() { return static_cast<uint8_t>(next()); }
    template <typename T>
    const T& pick(const std::vector<T>& list) {
        return list[below(list.size())];
    }

  private:
    uint64_t state_;
};

}  // namespace litebox::attest::cases
