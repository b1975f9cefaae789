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

}  // namespace litebox::vm
