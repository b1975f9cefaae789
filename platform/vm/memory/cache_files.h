// Inside of the file cache.
#pragma once

#include "platform/vm/memory/file_cache.h"

namespace litebox::vm {

/// In the owner word of a page's frame: changed and not written back, above the count of entries that let
/// writes through.
inline constexpr u32 page_changed = u32{1} << 31;
/// The page has left the cache, and mappings may still show its frame: nobody will write it back.
inline constexpr u32 page_gone = u32{1} << 30;

/// In the owner word of a frame; under the cache's lock.
void mark_changed(u32& word);
void mark_unchanged(u32& word);

CachedFile& file_at(u32 number);

}  // namespace litebox::vm
