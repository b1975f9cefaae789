// The serial line of a PC (16550 at port 3f8h), which every monitor has or ignores: the console of a kernel
// that has no other yet, or no other any more.
#pragma once

#include <string_view>

namespace litebox::vm {

/// Waits for nobody but briefly for the line; callable at any time, by anybody.
void serial_write(std::string_view text);

}  // namespace litebox::vm
