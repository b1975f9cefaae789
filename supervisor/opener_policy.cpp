// The list of system calls that the openers may make. They are trusted, and read hostile requests: whoever
// takes one over shall have no more than files of the grants.

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "supervisor/filter.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

namespace litebox::supervisor {

namespace {

using Kind = Condition::Kind;

PermittedCall plain(uint32_t number, const char* name) {
    return {number, name, {}, ""};
}

void add_reading(std::vector<PermittedCall>& calls) {
    Condition operation{1, Kind::one_of, {FUTEX_WAIT, FUTEX_WAKE}};
    calls.push_back({SYS_futex, "futex", {{operation}}, "WAIT, WAKE"});
    for (auto [number, name] : {std::pair{SYS_openat2, "openat2"},
                                {SYS_close, "close"},
                                {SYS_statx, "statx"},
                                {SYS_getdents64, "getdents64"},
                                {SYS_lseek, "lseek"},
                                {SYS_read, "read"},
                                {SYS_readlinkat, "readlinkat"},
                                {SYS_fstatfs, "fstatfs"},
                                {SYS_chdir, "chdir"},
                                {SYS_fchdir, "fchdir"},
                                {SYS_lgetxattr, "lgetxattr"},
                                {SYS_llistxattr, "llistxattr"},
                                {SYS_inotify_add_watch, "inotify_add_watch"},
                                {SYS_inotify_rm_watch, "inotify_rm_watch"},
                                {SYS_poll, "poll"},
                                {SYS_restart_syscall, "restart_syscall"},
                                {SYS_exit_group, "exit_group"}})
        calls.push_back(plain(static_cast<uint32_t>(number), name));
    Condition window{1, Kind::in_range, {process::file_window_begin, process::write_window_end}};
    Condition flags{2, Kind::equals, {O_CLOEXEC}};
    calls.push_back({SYS_dup3, "dup3", {{window, flags}}, "into the windows"});
}

void add_writing(std::vector<PermittedCall>& calls) {
    // By descriptor, only on those of the second window.
    Condition window{0, Kind::in_range, {process::write_window_begin, process::write_window_end}};
    for (auto [number, name] : {std::pair{SYS_pwrite64, "pwrite64"},
                                {SYS_ftruncate, "ftruncate"},
                                {SYS_fallocate, "fallocate"},
                                {SYS_fsync, "fsync"},
                                {SYS_fdatasync, "fdatasync"}})
        calls.push_back({static_cast<uint32_t>(number), name, {{window}}, "second window"});
    Condition lock{1, Kind::equals, {F_OFD_SETLK}};
    calls.push_back({SYS_fcntl, "fcntl", {{window, lock}}, "F_OFD_SETLK, second window"});
    for (auto [number, name] : {std::pair{SYS_unlinkat, "unlinkat"},
                                {SYS_linkat, "linkat"},
                                {SYS_symlinkat, "symlinkat"},
                                {SYS_renameat2, "renameat2"},
                                {SYS_fchownat, "fchownat"},
                                {SYS_utimensat, "utimensat"},
                                {SYS_lsetxattr, "lsetxattr"},
                                {SYS_lremovexattr, "lremovexattr"}})
        calls.push_back(plain(static_cast<uint32_t>(number), name));
    // No set-id bit and no device node goes out.
    constexpr uint64_t permissions = 0777, sticky = 01000;
    Condition directory{2, Kind::bits_within, {permissions | sticky}};
    calls.push_back({SYS_mkdirat, "mkdirat", {{directory}}, "no set-id bit"});
    calls.push_back({SYS_fchmodat, "fchmodat", {{directory}}, "no set-id bit"});
    calls.push_back({SYS_fchmodat2, "fchmodat2", {{directory}}, "no set-id bit"});
    Condition fifo{2, Kind::bits_within, {S_IFIFO | permissions}};
    Condition socket{2, Kind::in_range, {S_IFSOCK, S_IFSOCK + permissions + 1}};
    calls.push_back({SYS_mknodat, "mknodat", {{fifo}, {socket}}, "fifos and sockets"});
}

}  // namespace

std::vector<PermittedCall> opener_calls(bool writes) {
    std::vector<PermittedCall> calls;
    add_reading(calls);
    if (writes) add_writing(calls);
    return calls;
}

}  // namespace litebox::supervisor
