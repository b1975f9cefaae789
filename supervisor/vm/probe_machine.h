// What the host offers for virtual machines.
#pragma once

#include <vector>

#include "supervisor/supervisor.h"

namespace litebox::supervisor {

/// Nothing of it is required: without it there is --platform=process.
std::vector<Probe> probe_machine();

}  // namespace litebox::supervisor
