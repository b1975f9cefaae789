// Open files of hostfs.
#pragma once

#include "core/file/hostfs/hostfs.h"

namespace litebox {

Result<Ref<File>> open_host_file(HostInode& inode, u32 flags);
Attributes attributes_from(const platform::HostAttributes& from, u64 device);

}  // namespace litebox
