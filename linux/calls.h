// Every system-call handler: `Result<u64> sys::name(Thread&, ...)`, a short function that decodes what the
// guest passed and calls the room that owns the subject. Handlers of a room live in linux/<room>_calls*.cpp.
#pragma once

#include "linux/event_calls.h"
#include "linux/file_calls.h"
#include "linux/memory_calls.h"
#include "linux/network_calls.h"
#include "linux/task_calls.h"
