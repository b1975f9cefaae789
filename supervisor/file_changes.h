// What the host has done to granted files is told inside before anything else is: else a program could be
// told of a change by its input, look, and find what was there before.
#pragma once

#include "platform/process/abi/rings.h"

namespace litebox::supervisor {

/// Returns when the first opener has announced what the kernel knows of, or after a moment at the latest.
void announce_file_changes(process::FileRing& ring);

}  // namespace litebox::supervisor
