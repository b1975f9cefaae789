// An open directory: what getdents64 and lseek work on, for every file system.
#pragma once

#include "core/file/file.h"

namespace litebox {

/// Adds "." and ".." (positions 0 and 1) in front of what Inode::read_directory gives; the file systems' own
/// positions begin at 2 or wherever they like above.
Result<Ref<File>> open_directory_file(Inode& directory, u32 flags);

}  // namespace litebox
