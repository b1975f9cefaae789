// Inside of the file cache.
#pragma once

#include "platform/vm/memory/file_cache.h"

namespace litebox::vm {

/// In the owner word of a page's frame: changed and not written back, above the count of entries that let
/// writes through.
inline constexpr u32 page_changed = u32{1} << 31;

CachedFile& file_at(u32 number);

}  // namespace litebox::vm
