// Names of error numbers, for people.
#pragma once

#include "core/base/errno.h"

namespace litebox {

/// "EINVAL" and the like; "errno" for numbers that have no name.
const char* errno_name(Errno error);

}  // namespace litebox
