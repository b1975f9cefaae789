// Who may do what to an inode: mode bits, ids, groups and capabilities.
#pragma once

#include "core/file/entry.h"
#include "core/file/inode.h"
#include "core/file/path.h"
#include "core/task/credentials.h"

namespace litebox {

inline constexpr u32 may_execute = 1, may_write = 2, may_read = 4;

/// EACCES unless the bits, the groups or a capability allow all of `wanted`.
Result<void> check_mode(const Credentials& who, u32 mode, u32 uid, u32 gid, u32 wanted);
/// Search permission of a directory (from the cached mode where there is one).
Result<void> check_search(const Credentials& who, const Entry& directory);
/// The same with attributes at hand; also EROFS of the mount for writing.
Result<void> check_place(const Credentials& who, const Path& path, u32 wanted);
/// Owner or CAP_FOWNER: EPERM otherwise.
Result<void> check_owner(const Credentials& who, const Attributes& attributes);
/// Whether `who` may remove or replace `victim` in a sticky directory (EPERM).
Result<void> check_sticky(const Credentials& who, const Attributes& directory, const Attributes& victim);
Result<void> check_writable_mount(const Mount& mount);

}  // namespace litebox
