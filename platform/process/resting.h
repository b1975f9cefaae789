// Host threads that rest: when a guest's thread ends, its host thread waits for the next one that is started
// in the same process and goes on as that. Two futex calls are less than a clone and an end.
#pragma once

#include "platform/process/thread_slot.h"

namespace litebox::process {

/// Called by an ended thread, in no list any more, on its own core stack, with the host's number of its
/// thread. Does not return if the host thread goes on as another; returns, counted in `live` again, when it
/// is to end.
void rest(PlatformBlock& own, u32 tid);
/// A resting host thread of the calling thread's space goes on as `block`, with the caller's vector state and
/// %fs as after a clone. False: none rests.
bool wake_resting(PlatformBlock& block);
/// Of a space that is retired: all that rest there are on their way to their end when this returns.
void dismiss_resting(platform::Space& space);

}  // namespace litebox::process
