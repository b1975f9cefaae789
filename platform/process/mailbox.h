// run_in_space, the served side.
#pragma once

#include "platform/process/thread_slot.h"

namespace litebox::process {

/// Runs what another space has posted for this one, if anything.
void serve_mailbox(PlatformBlock& block);

}  // namespace litebox::process
