// South, the part about host files that the invoker granted. Part of platform.h's interface; implemented by
// each platform that has granted files (process: over the rings; simulated: in memory). A platform without
// them answers ENOENT to every host_open.
//
// Names. A file is named by a grant (GrantParameters::grant) and a path beneath the grant's root: relative,
// without
// "." and ".." components, without a leading or trailing slash; "" is the root itself. The host side resolves
// it with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS: the core has followed the links, so
// one in the path is a race and answers ELOOP; a link as the last component is looked at itself, never
// followed.
//
// Slots. A slot is a descriptor of one granted regular file that every process of the sandbox can read and
// map. The core owns a slot from the moment it is told of it until host_release; a slot is never reused
// before. When none is free the host side answers `slot == no_host_slot` (or ENFILE where a slot is what was
// asked for); the core then releases some of those that it only keeps as a cache and asks again.
//
// Everything told by the host side is a snapshot. Every function may block, and is called with no lock held
// that another request needs. Only host_watch() is free to call at any time.
#pragma once

#include <atomic>
#include <span>
#include <string_view>

#include "core/base/result.h"

namespace litebox::platform {

inline constexpr int no_host_slot = -1;

struct HostTime {
    i64 seconds;
    u32 nanoseconds;
    u32 reserved;
};

/// As statx(2) tells them.
struct HostAttributes {
    u64 device, inode;
    u32 mode;  // type and permissions
    u32 links;
    u32 uid, gid;
    u64 size;
    u64 blocks;  // 512 bytes each
    u32 block_size;
    u32 special_major, special_minor;
    u32 reserved;
    HostTime access, modify, change, birth;
};

/// Which file it is, also when numbers are used again.
struct HostIdentity {
    u64 device = 0, inode = 0;
};

/// A watch on a directory, or on a file with several names. It announces changes by counting up words that
/// live for ever (host_watch).
struct HostWatch {
    u32 id = 0;  // 0: not watched, so ask again at each use
    u32 incarnation = 0;
    /// The words when the answer was put together: while one stands there, what it covers holds.
    u32 names = 0, attributes = 0;
};
inline constexpr u32 host_watch_limit = 4096 + 1;

struct HostWatchWords {
    std::atomic<u32> names;        // the directory's entries, and the mode and owner of directories in it
    std::atomic<u32> attributes;   // its own, and attributes and contents of what is in the directory
    std::atomic<u32> incarnation;  // the watch with this id ended; another may have it now
    u32 reserved;
};
/// The words of a watch, 0 < id < host_watch_limit. The host side counts what it knows of before it answers a
/// request.
const HostWatchWords& host_watch(u32 id);

struct HostNode {
    HostAttributes attributes;
    /// Descriptor slot, or no_host_slot. Read-only unless want_write was asked for and granted.
    int slot = no_host_slot;
    /// Of the directory or file itself.
    HostWatch watch;
    /// Of a symbolic link, from host_open: bytes of its target that were written.
    u32 target_length = 0;
};

enum HostWant : u32 {
    want_slot = 1,        // a slot if it is a regular file that may be read
    want_write = 2,       // a slot of the second window, for reading and writing (read_write grants only)
    want_watch = 4,       // a watch if it is a directory or has several names
    want_reason = 8,      // where a slot cannot be had: EACCES and the like instead of no slot
    want_attributes = 16  // host_list: look at every entry
};

/// Looks at one file; a symbolic link's target goes to `target` where it fits. ENOENT, ENOTDIR, EACCES,
/// ELOOP, ENAMETOOLONG as Linux; EACCES for what the policy refuses.
Result<HostNode> host_open(u32 grant, std::string_view path, u32 want, std::span<char> target = {});

/// Looks at several entries of the directory `path` in one request: `names` one behind the other, each with a
/// zero byte, host_open_many_bytes at most. Fills `to` in their order and says how many it did. ESTALE where
/// `path` names another directory.
struct HostAnswer {
    i32 error;  // 0 or errno
    HostNode node;
};
Result<usize> host_open_many(u32 grant, std::string_view path, HostIdentity directory, std::string_view names,
                             u32 want, std::span<HostAnswer> to);
inline constexpr usize host_open_many_limit = 128, host_open_many_bytes = 8192;

/// One entry of a directory as host_list packs it: this header, a HostNode where `has_node` (with
/// want_attributes, and mode 0 where it could not be looked at), `name_length` bytes of name, and padding so
/// that the next header is aligned to 8.
struct HostEntry {
    u32 length;  // of the whole record
    u16 name_length;
    u8 has_node;
    u8 type;       // as getdents64(2) tells it: mode >> 12, 0 where the file system does not say
    u64 position;  // where to go on behind this entry
    u64 inode;
};
/// Entries of a directory without "." and "..", in the host's order, beginning behind `position` (0 at first;
/// then the position of an entry). `bytes` 0: no more. With want_attributes each has a node, with want_slot
/// and want_watch also that of it. ESTALE where `path` names another directory.
struct HostListing {
    usize bytes;
    bool end;            // nothing follows
    HostNode directory;  // itself; with want_watch its watch
};
Result<HostListing> host_list(u32 grant, std::string_view path, HostIdentity directory, u64 position,
                              u32 want, std::span<u8> records);
Result<usize> host_read_link(u32 grant, std::string_view path, std::span<char> to);

/// pread64 on a slot: bytes read, 0 at the end. Copies straight to `to`, an address in the page region or a
/// core stack; host_read_user to an address of the calling thread's guest space (EFAULT when it is bad or not
/// present: fault it in and repeat).
Result<usize> host_read(int slot, void* to, usize length, u64 offset);
Result<usize> host_read_user(int slot, u64 to, usize length, u64 offset);
/// fstat of a slot: also right when the file has no name any more.
Result<HostAttributes> host_attributes(int slot);
void host_release(std::span<const int> slots);

// Only beneath grants of kind read_write; else EROFS. Set-uid and set-gid bits, device nodes, and security.*
// and trusted.* attributes are EPERM, two grants in one call EXDEV.

/// Creates it exclusively (EEXIST); mode_regular with a writable slot, mode_directory, mode_fifo or
/// mode_socket.
Result<HostNode> host_create(u32 grant, std::string_view path, u32 mode);
Result<HostNode> host_create_symlink(u32 grant, std::string_view path, std::string_view target);
Result<void> host_link(u32 grant, std::string_view from, std::string_view to);
Result<void> host_remove(u32 grant, std::string_view path, bool directory);
Result<void> host_rename(u32 grant, std::string_view from, std::string_view to,
                         u32 flags);  // renameat2's flags

struct HostAttributeChange {
    enum Field : u32 { mode = 1, uid = 2, gid = 4, access = 16, modify = 32 };
    u32 fields;
    u32 mode_bits, uid_value, gid_value;
    HostTime access_value, modify_value;
};
Result<void> host_set_attributes(u32 grant, std::string_view path, const HostAttributeChange& change);

// On slots of the second window.
Result<usize> host_write(int slot, const void* from, usize length,
                         u64 offset);  // fewer bytes than asked: go on
Result<void> host_truncate(int slot, u64 size);
Result<void> host_allocate(int slot, int mode, u64 offset, u64 length);  // fallocate(2)
Result<void> host_sync(int slot, bool data_only);
/// Next data (or hole) at or after `offset`; also on read-only slots.
Result<u64> host_seek(int slot, u64 offset, bool hole);
/// An open file description lock over [start, start + length) (0: to the end); `type` 0 read, 1 write, 2
/// unlock. EAGAIN when another holds it.
Result<void> host_lock(int slot, int type, u64 start, u64 length);

/// Extended attributes user.* (and system.posix_acl_* to read).
Result<usize> host_get_attribute(u32 grant, std::string_view path, std::string_view name, std::span<u8> to);
Result<usize> host_list_attributes(u32 grant, std::string_view path, std::span<char> names);
Result<void> host_set_attribute(u32 grant, std::string_view path, std::string_view name,
                                std::span<const u8> value, int flags);
Result<void> host_remove_attribute(u32 grant, std::string_view path, std::string_view name);

struct HostSpace {
    u64 type, block_size, blocks, free_blocks, files, free_files, name_length;
};
Result<HostSpace> host_space(u32 grant);  // statfs(2)

}  // namespace litebox::platform
