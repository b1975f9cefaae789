// Ends of the machine that platform.h does not name.
#pragma once

#include <string_view>

namespace litebox::vm {

/// At once; nothing is told to anybody.
[[noreturn]] void stop_machine();
/// Before there are threads and devices: the reason goes to the serial line. Needs nothing.
[[noreturn]] void stop_before_start(std::string_view reason);

}  // namespace litebox::vm
