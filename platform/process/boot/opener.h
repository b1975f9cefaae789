// The opener: the trusted process that looks at granted files and puts their descriptors into the window that
// guests read from. It treats every request as hostile: each field is copied once, then checked.
#pragma once

#include "platform/process/abi/rings.h"
#include "platform/process/abi/start_block.h"

#pragma GCC visibility push(hidden)
extern "C" const char litebox_restorer[];
#pragma GCC visibility pop

namespace litebox::process {

[[noreturn]] void serve_files(const StartBlock& block);

}  // namespace litebox::process
