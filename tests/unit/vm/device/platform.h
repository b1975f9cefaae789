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

/// How many pages a device has on loan (lent_frames.h).
usize lent_pages();
/// Whether frames that are lent get addresses of nothing, no two adjacent: for devices that only count them.
inline bool scattered_frames = false;

/// Frees all shared frames, which drivers never give back: for who makes many drivers, once they are gone.
void release_shared_memory();

}  // namespace litebox::vm
