// Descriptors of processes: pidfd_open(2).
#pragma once

#include "core/file/file.h"
#include "core/task/process.h"

namespace litebox {

Result<Ref<File>> open_pidfd(Process& process, u32 flags);
/// The process a descriptor refers to; EBADF when it is no pidfd.
Result<Ref<Process>> pidfd_process(File& file);

}  // namespace litebox
