// All file systems of the sandbox: the entry cache, the mounts, device numbers. One object, `kernel().files`.
#pragma once

#include "core/base/vector.h"
#include "core/file/entry.h"
#include "core/file/events/file_signals.h"
#include "core/file/locks.h"
#include "core/file/path.h"
#include "platform/boot_parameters.h"

namespace litebox {

class HostFiles;
class ImageFileSystem;
class OverlayFileSystem;
class ScratchDisk;
class DeviceTable;
class Pipe;

enum MountFlag : u32 {  // values are statfs(2)'s ST_*
    mount_read_only = 1,
    mount_no_setuid = 2,
    mount_no_devices = 4,
    mount_no_execute = 8,
    mount_no_access_time = 1024,
    mount_relative_time = 4096
};

/// A file system at a place in the tree. Mounts live as long as the sandbox, so references are not counted.
class Mount : Pinned {
  public:
    void ref() const {}
    void unref() const {}

    Ref<FileSystem> file_system;
    Ref<Entry> root;
    Mount* parent = nullptr;  // null for the root mount and internal ones
    Ref<Entry> place;         // the entry that it covers in `parent`
    std::atomic<u32> flags{0};
    u32 id = 0;
    String source;
    std::atomic<bool> attached{false};
};

class FileSystems : Pinned {
  public:
    static constexpr u32 mount_limit = 256;

    /// Makes the object and its internal mounts; stores it in kernel().files.
    static Result<void> create();

    /// Mounts at `place` (a directory, or a file for a file mount); invalid place: the root. The last mount
    /// at a place is the one seen.
    Result<Mount*> mount(Ref<FileSystem> file_system, const Path& place, u32 flags, string_view source);
    /// A mount that is nowhere in the tree (pipes, memory files, anonymous inodes).
    Result<Mount*> mount_internal(Ref<FileSystem> file_system, string_view source);
    /// EBUSY and EINVAL as umount2(2).
    Result<void> unmount(Mount& mount, bool detach);

    /// What is mounted on `entry` in `mount`; null: nothing. Lock-free.
    Mount* mounted_at(const Mount* mount, const Entry* entry) const;
    /// Ascending ids; null beyond the last.
    Mount* mount_at(u32 index) const;
    [[nodiscard]] u32 mount_count() const { return mount_count_.load(std::memory_order_acquire); }
    u64 next_device();
    /// Inode numbers of pipes, sockets and the like.
    u64 next_inode() { return next_inode_.fetch_add(1, std::memory_order_relaxed); }

    /// A place for an inode that has none in the tree; `name` is what /proc shows.
    Result<Path> anonymous_path(Ref<Inode> inode, string_view name);

    EntryCache entries{32768};
    Mount* root_mount = nullptr;
    Mount* anonymous_mount = nullptr;
    Mount* memory_mount = nullptr;  // tmpfs of memory files
    HostFiles* host = nullptr;
    ImageFileSystem* image = nullptr;  // the root's, if it is one
    ScratchDisk* scratch = nullptr;    // for files in memory; null: they have nothing but memory
    DeviceTable* devices = nullptr;
    OverlayFileSystem* working_overlay = nullptr;  // over the invoker's current directory
    LockWaits lock_waits;
    PendingFileSignals pending_signals;

  private:
    FileSystems() = default;

    Mutex mutex_{LockRank::mounts};
    std::atomic<u32> mount_count_{0};
    struct Slot {
        std::atomic<const Mount*> parent;
        std::atomic<const Entry*> place;
        std::atomic<Mount*> mount;
    };
    Slot mounts_[mount_limit] = {};
    std::atomic<u32> next_device_{1};
    std::atomic<u64> next_inode_{1};
};

/// Builds the tree of mounts that the boot parameters ask for: the root, granted directories under an overlay
/// of memory, /proc, /sys, /dev, /dev/pts, /dev/shm, /tmp and HOME. Returns where the first process starts.
struct BootPlaces {
    Path root, working;
};
Result<BootPlaces> mount_default_view(const platform::BootParameters& parameters);

/// How many files the program changed in memory beneath the invoker's current directory, for the closing
/// line.
u64 vanishing_files();

}  // namespace litebox
