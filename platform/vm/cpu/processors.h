// The other processors.
#pragma once

#include "core/base/types.h"

namespace litebox::vm {

/// Wakes all others that the command line counts (`cpus=`); they come up by themselves while the start goes
/// on. One that cannot be brought up, for lack of memory, stays asleep.
void start_processors();

/// Where the image lies now: for messages, which must not tell where that is.
u64 image_base();

}  // namespace litebox::vm
