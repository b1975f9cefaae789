// System calls of the event room. See linux/calls.h.
#pragma once

#include "core/memory/user.h"
#include "core/task/thread.h"

namespace litebox::sys {}  // namespace litebox::sys
