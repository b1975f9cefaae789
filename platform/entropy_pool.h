// Random numbers for all of a sandbox, for platforms that have no better source: a ChaCha20 generator whose
// key is overwritten with each use, seeded from outside and stirred with the processor's generator.
#pragma once

#include <span>

#include "core/base/lock.h"

namespace litebox::platform {

class EntropyPool : Pinned {
  public:
    /// Mixes `seed` in, and the processor's generator from here on where it has one.
    void seed(std::span<const u8> seed, bool has_processor_source);
    /// Mixes in what another source gave, at any time.
    void mix(std::span<const u8> bytes);
    void fill(std::span<u8> out);

  private:
    void stir();

    Mutex mutex_{LockRank::leaf};
    u32 key_[8] = {};
    u64 counter_ = 0;
    u64 since_stir_ = 0;  // bytes
    bool has_processor_source_ = false;
};

}  // namespace litebox::platform
