#pragma once

#include <span>

#include "core/base/result.h"

namespace litebox::process {

/// One record into the ring that goes out; fewer bytes than asked for when it is full. Waits, if `wait`,
/// until there is room for some; EINTR after a kick, EAGAIN.
Result<usize> put_record(u32 kind, std::span<const u8> bytes, bool wait);

}  // namespace litebox::process
