// The part of fcntl(2) and ioctl(2) that is about SIGIO and SIGURG.
#pragma once

#include "core/file/events/file_signals.h"
#include "core/task/thread.h"

namespace litebox::sys {

enum OwnerCommand : int {
    fcntl_set_owner = 8,
    fcntl_get_owner = 9,
    fcntl_set_signal = 10,
    fcntl_get_signal = 11,
    fcntl_set_owner_ex = 15,
    fcntl_get_owner_ex = 16,
};

/// The six commands above.
Result<u64> owner_command(Thread& thread, File& file, int command, u64 argument);
/// FIOSETOWN and its kin, which sockets know; ENOTTY: it is none of them.
Result<u64> owner_ioctl(Thread& thread, File& file, u32 command, u64 argument);
/// O_ASYNC of a file for which it means something, set through `descriptor`.
Result<void> set_async(Thread& thread, File& file, int descriptor, bool on);

}  // namespace litebox::sys
