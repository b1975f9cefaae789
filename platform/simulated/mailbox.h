// run_in_space, the served side.
#pragma once

#include "platform/simulated/thread.h"

namespace litebox::simulated {

/// Runs what another space has posted for this thread's, if anything.
void serve_mailbox(SimulatedThread& thread);

}  // namespace litebox::simulated
