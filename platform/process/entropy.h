#pragma once

#include <span>

#include "core/base/lock.h"

namespace litebox::process {

struct EntropyState {
    Mutex mutex{LockRank::leaf};
    u32 key[8] = {};
    u64 counter = 0;
    u64 since_stir = 0;  // bytes
    bool has_processor_source = false;
};

void seed_entropy(EntropyState& entropy, std::span<const u8> seed, bool has_processor_source);

}  // namespace litebox::process
