// What page tables and the file cache tell each other. Only read_page sleeps.
#pragma once

#include "core/base/result.h"
#include "platform/vm/memory/entry.h"

namespace litebox::vm {

struct CachedFile;

/// Entries of page tables that name a file are counted: it stays known while there are any.
void add_file_entries(u32 file, u64 count);
void drop_file_entries(u32 file, u64 count);

/// The frame of a page, with one more reference; 0 where it has not been read.
Physical cached_frame(u32 file, u64 index);
/// Counts an entry that is to name the page instead of showing `frame`; false: the cache has another frame,
/// or none.
bool add_entry_of_cached(FileSource source, Physical frame);
/// Takes the page out of the cache if nobody maps it and it is not changed; true where that freed a frame.
bool drop_if_idle(FileSource source);
/// Reads the page and some behind it. May sleep. EFAULT behind the file's end, EIO, ENOMEM.
Result<void> read_page(u32 file, u64 index);

/// A mapping of a file's frame lets writes through from now on: the page counts as changed.
void note_writable(Physical frame);
/// It does not any more.
void note_unwritable(Physical frame);

}  // namespace litebox::vm
