// The conversation with whoever runs the machine (abi/control.h), as the rest of the kernel sees it.
#pragma once

#include <string_view>

namespace litebox::vm {

/// After start_devices: the reader of the control port, the export's root, and what else host/ needs. Sets
/// machine().host. Stops the machine with the reason when something that the parameters name is not there.
void start_host_side();

/// The last words, before the machine stops. Interrupts may be off, another thread may hold any lock, and
/// devices may never have been started: these poll, for a bounded time.
void say_stopped(int status);
void say_broken(std::string_view reason);

}  // namespace litebox::vm
