// The little of South that device drivers need, for tests: a panic is an exception, physical addresses are
// those of this process.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "platform/platform.h"

namespace litebox::vm {

/// What platform::panic throws here.
struct MachineStopped : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Frees all shared frames, which drivers never give back: for who makes many drivers, once they are gone.
void release_shared_memory();

}  // namespace litebox::vm
