// System calls of the file room. See linux/calls.h.
#pragma once

#include "core/memory/user.h"
#include "core/task/thread.h"

namespace litebox::sys {}  // namespace litebox::sys
