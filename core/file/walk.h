// Path walk: names to places, as a thread may see them. Look-ups of cached names take no lock that readers
// contend for.
#pragma once

#include "core/file/file.h"
#include "core/file/path.h"

namespace litebox {

class Thread;

enum WalkFlag : u32 {
    walk_follow = 1,     // follow a symlink at the end
    walk_empty = 2,      // AT_EMPTY_PATH
    walk_directory = 4,  // the end must be a directory
    walk_parent = 8,     // stop at the parent; the last name is in WalkResult
    walk_no_symlinks = 16,
    walk_no_magic = 32,
    walk_beneath = 64,
    walk_in_root = 128,
    walk_no_cross = 256,  // openat2(2)
};

struct WalkResult {
    Path path;    // the end, or the parent with walk_parent
    String last;  // with walk_parent: the last component ("" for "/")
    bool last_is_dots = false, trailing_slash = false;
};

inline constexpr int at_working_directory = -100;  // AT_FDCWD

/// Resolves `name` from `directory` (a descriptor or at_working_directory) as `thread` may.
Result<WalkResult> walk(Thread& thread, int directory, string_view name, u32 flags);
/// The same from a path.
Result<WalkResult> walk_from(Thread& thread, const Path& start, string_view name, u32 flags);
/// open(2) with all its flags; `resolve` are openat2's RESOLVE_*.
Result<Ref<File>> open_file(Thread& thread, int directory, string_view name, u32 flags, u32 mode,
                            u64 resolve = 0);
/// Access check: `wanted` of may_read 4, may_write 2, may_execute 1, by the fs ids and capabilities.
Result<void> check_access(const Thread& thread, Inode& inode, u32 wanted);

}  // namespace litebox
