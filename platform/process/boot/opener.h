// The openers: trusted threads that look at granted files and put their descriptors into the windows that
// guests read from. They treat every request as hostile: each field is copied once, then checked.
//
// One opener for each lane of the file ring: the process that the image starts as serves the first, and makes
// the others, and one more that waits for the kernel to announce changes, before there is a guest. All share
// their memory and the descriptor table. Each looks at files as one identity, holds no capability, and runs
// under a filter.
#pragma once

#include "platform/process/abi/start_block.h"

namespace litebox::process {

struct OpenerPool;

/// Makes all but the first.
OpenerPool& make_openers(const StartBlock& block);
/// Becomes the first.
[[noreturn]] void serve_files(OpenerPool& pool);

}  // namespace litebox::process
