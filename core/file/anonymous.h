// The file system without names: pipes, sockets, event descriptors and the like belong to it.
#pragma once

#include "core/file/inode.h"

namespace litebox {

Result<Ref<FileSystem>> make_anonymous_file_system();

}  // namespace litebox
