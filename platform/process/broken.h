// What a broken core says before it ends the sandbox.
#pragma once

#include "core/base/types.h"

namespace litebox::process {

[[noreturn]] void panic_at(const char* what, u64 rip, u64 address, int signal);

}  // namespace litebox::process
