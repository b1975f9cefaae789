// The pages of one cached file by index: a radix tree of 512 entries a node, as high as the file needs. Under
// the cache's lock.
#pragma once

#include "platform/vm/memory/file_cache.h"

namespace litebox::vm {

inline constexpr u64 no_index = ~u64{0};

/// 0 where there is none.
Physical find_page(const CachedFile& file, u64 index);
/// Lowest index at or above `from` that has a page; no_index.
u64 next_page(const CachedFile& file, u64 from);
/// The index must be free. ENOMEM.
Result<void> insert_page(CachedFile& file, u64 index, Physical frame);
/// Takes the page out; the caller has its reference now.
Physical remove_page(CachedFile& file, u64 index);

/// Of a file without pages: what is left of the tree.
void free_index(CachedFile& file);

}  // namespace litebox::vm
