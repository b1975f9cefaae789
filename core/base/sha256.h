// SHA-256 (FIPS 180-4), with general registers only.
#pragma once

#include <span>

#include "core/base/types.h"

namespace litebox {

class Sha256 {
  public:
    static constexpr usize digest_size = 32;
    using Digest = u8[digest_size];

    void add(std::span<const u8> bytes);
    /// The digest of all that was added; afterwards only a new object can be used.
    void finish(Digest& digest);

  private:
    static constexpr usize block_size = 64;
    void compress(const u8* block);

    u32 state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    u8 pending_[block_size];
    u64 length_ = 0;  // bytes so far
};

}  // namespace litebox
