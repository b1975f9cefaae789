// System calls of the file room. See linux/calls.h.
#pragma once

#include "core/memory/user.h"
#include "core/task/thread.h"
#include "linux/file_abi.h"

namespace litebox::sys {

// Reading and writing: file_calls_io.cpp
Result<u64> read(Thread&, int descriptor, u64 buffer, u64 count);
Result<u64> write(Thread&, int descriptor, u64 buffer, u64 count);
Result<u64> pread64(Thread&, int descriptor, u64 buffer, u64 count, i64 offset);
Result<u64> pwrite64(Thread&, int descriptor, u64 buffer, u64 count, i64 offset);
Result<u64> readv(Thread&, int descriptor, u64 vector, u64 count);
Result<u64> writev(Thread&, int descriptor, u64 vector, u64 count);
Result<u64> preadv(Thread&, int descriptor, u64 vector, u64 count, u64 offset);
Result<u64> pwritev(Thread&, int descriptor, u64 vector, u64 count, u64 offset);
Result<u64> preadv2(Thread&, int descriptor, u64 vector, u64 count, i64 offset, u64 high, int flags);
Result<u64> pwritev2(Thread&, int descriptor, u64 vector, u64 count, i64 offset, u64 high, int flags);
Result<u64> lseek(Thread&, int descriptor, i64 offset, int whence);
Result<u64> getdents(Thread&, int descriptor, u64 buffer, u32 size);
Result<u64> getdents64(Thread&, int descriptor, u64 buffer, u32 size);
Result<u64> fsync(Thread&, int descriptor);
Result<u64> fdatasync(Thread&, int descriptor);
Result<u64> sync(Thread&);
Result<u64> syncfs(Thread&, int descriptor);
Result<u64> sync_file_range(Thread&, int descriptor, i64 offset, i64 length, u32 flags);
Result<u64> fadvise64(Thread&, int descriptor, i64 offset, i64 length, int advice);
Result<u64> readahead(Thread&, int descriptor, i64 offset, u64 count);
Result<u64> truncate(Thread&, UserText path, i64 length);
Result<u64> ftruncate(Thread&, int descriptor, i64 length);
Result<u64> fallocate(Thread&, int descriptor, int mode, i64 offset, i64 length);

// Descriptors: file_calls_descriptors.cpp
Result<u64> open(Thread&, UserText path, int flags, u32 mode);
Result<u64> openat(Thread&, int directory, UserText path, int flags, u32 mode);
Result<u64> openat2(Thread&, int directory, UserText path, u64 how, u64 size);
Result<u64> creat(Thread&, UserText path, u32 mode);
Result<u64> close(Thread&, int descriptor);
Result<u64> close_range(Thread&, u32 first, u32 last, u32 flags);
Result<u64> dup(Thread&, int descriptor);
Result<u64> dup2(Thread&, int from, int to);
Result<u64> dup3(Thread&, int from, int to, int flags);
Result<u64> fcntl(Thread&, int descriptor, int command, u64 argument);
Result<u64> flock(Thread&, int descriptor, int operation);
Result<u64> ioctl(Thread&, int descriptor, u32 command, u64 argument);
Result<u64> pipe(Thread&, UserPtr<i32> ends);
Result<u64> pipe2(Thread&, UserPtr<i32> ends, int flags);

// Names: file_calls_names.cpp
Result<u64> mkdir(Thread&, UserText path, u32 mode);
Result<u64> mkdirat(Thread&, int directory, UserText path, u32 mode);
Result<u64> mknod(Thread&, UserText path, u32 mode, u32 device);
Result<u64> mknodat(Thread&, int directory, UserText path, u32 mode, u32 device);
Result<u64> rmdir(Thread&, UserText path);
Result<u64> unlink(Thread&, UserText path);
Result<u64> unlinkat(Thread&, int directory, UserText path, int flags);
Result<u64> link(Thread&, UserText from, UserText to);
Result<u64> linkat(Thread&, int from_directory, UserText from, int to_directory, UserText to, int flags);
Result<u64> symlink(Thread&, UserText target, UserText path);
Result<u64> symlinkat(Thread&, UserText target, int directory, UserText path);
Result<u64> rename(Thread&, UserText from, UserText to);
Result<u64> renameat(Thread&, int from_directory, UserText from, int to_directory, UserText to);
Result<u64> renameat2(Thread&, int from_directory, UserText from, int to_directory, UserText to, u32 flags);
Result<u64> readlink(Thread&, UserText path, u64 buffer, int size);
Result<u64> readlinkat(Thread&, int directory, UserText path, u64 buffer, int size);
Result<u64> getcwd(Thread&, u64 buffer, u64 size);
Result<u64> chdir(Thread&, UserText path);
Result<u64> fchdir(Thread&, int descriptor);
Result<u64> chroot(Thread&, UserText path);
Result<u64> umask(Thread&, u32 mask);
Result<u64> mount(Thread&, UserText source, UserText target, UserText type, u64 flags, u64 data);
Result<u64> umount2(Thread&, UserText target, int flags);
Result<u64> pivot_root(Thread&, UserText root, UserText old);

// Attributes: file_calls_attributes.cpp
Result<u64> stat(Thread&, UserText path, u64 to);
Result<u64> lstat(Thread&, UserText path, u64 to);
Result<u64> fstat(Thread&, int descriptor, u64 to);
Result<u64> newfstatat(Thread&, int directory, UserText path, u64 to, int flags);
Result<u64> statx(Thread&, int directory, UserText path, u32 flags, u32 mask, u64 to);
Result<u64> statfs(Thread&, UserText path, u64 to);
Result<u64> fstatfs(Thread&, int descriptor, u64 to);
Result<u64> ustat(Thread&, u64 device, u64 to);
Result<u64> access(Thread&, UserText path, int mode);
Result<u64> faccessat(Thread&, int directory, UserText path, int mode);
Result<u64> faccessat2(Thread&, int directory, UserText path, int mode, int flags);
Result<u64> chmod(Thread&, UserText path, u32 mode);
Result<u64> fchmod(Thread&, int descriptor, u32 mode);
Result<u64> fchmodat(Thread&, int directory, UserText path, u32 mode);
Result<u64> chown(Thread&, UserText path, u32 uid, u32 gid);
Result<u64> lchown(Thread&, UserText path, u32 uid, u32 gid);
Result<u64> fchown(Thread&, int descriptor, u32 uid, u32 gid);
Result<u64> fchownat(Thread&, int directory, UserText path, u32 uid, u32 gid, int flags);
Result<u64> utime(Thread&, UserText path, u64 times);
Result<u64> utimes(Thread&, UserText path, u64 times);
Result<u64> futimesat(Thread&, int directory, UserText path, u64 times);
Result<u64> utimensat(Thread&, int directory, UserText path, u64 times, int flags);

// Extended attributes: file_calls_xattr.cpp
Result<u64> setxattr(Thread&, UserText path, UserText name, u64 value, u64 size, int flags);
Result<u64> lsetxattr(Thread&, UserText path, UserText name, u64 value, u64 size, int flags);
Result<u64> fsetxattr(Thread&, int descriptor, UserText name, u64 value, u64 size, int flags);
Result<u64> getxattr(Thread&, UserText path, UserText name, u64 value, u64 size);
Result<u64> lgetxattr(Thread&, UserText path, UserText name, u64 value, u64 size);
Result<u64> fgetxattr(Thread&, int descriptor, UserText name, u64 value, u64 size);
Result<u64> listxattr(Thread&, UserText path, u64 list, u64 size);
Result<u64> llistxattr(Thread&, UserText path, u64 list, u64 size);
Result<u64> flistxattr(Thread&, int descriptor, u64 list, u64 size);
Result<u64> removexattr(Thread&, UserText path, UserText name);
Result<u64> lremovexattr(Thread&, UserText path, UserText name);
Result<u64> fremovexattr(Thread&, int descriptor, UserText name);

// Copies between files: file_calls_copy.cpp
Result<u64> sendfile(Thread&, int to, int from, UserPtr<i64> offset, u64 count);
Result<u64> copy_file_range(Thread&, int from, UserPtr<i64> from_offset, int to, UserPtr<i64> to_offset,
                            u64 count, u32 flags);
Result<u64> splice(Thread&, int from, UserPtr<i64> from_offset, int to, UserPtr<i64> to_offset, u64 count,
                   u32 flags);
Result<u64> tee(Thread&, int from, int to, u64 count, u32 flags);
Result<u64> vmsplice(Thread&, int descriptor, u64 vector, u64 count, u32 flags);

}  // namespace litebox::sys
