// Where pages of the file cache show: found by looking through the tables of all spaces, which alone know. A
// frame says which page of which file it holds, so that an entry that loses it can name the file again, and
// the next touch brings the page back, or finds that the file has none there any more.
#pragma once

#include "core/base/types.h"

namespace litebox::vm {

/// The file has been shortened: its pages at `from` and behind, already out of the cache, go from all
/// mappings. The caller is a user of the file.
void take_from_mappings(u32 file, u64 from);

/// Frees up to `wanted` frames that mappings alone keep, if they were not touched since the last look.
/// Returns how many.
u64 reclaim_mapped(u64 wanted);

/// Writes through mappings fault from now on, so that pages written back stay unchanged until then.
void stop_writes_to_files();

}  // namespace litebox::vm
