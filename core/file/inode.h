// Files as file systems store them: inodes, and the operations that each file system implements.
#pragma once

#include "core/base/lock.h"
#include "core/base/ref.h"
#include "core/base/string.h"
#include "core/memory/address_space.h"
#include "core/task/wait_queue.h"

namespace litebox {

class File;
class FileSystem;
class Inode;
class Path;
class Pipe;
class InodeLocks;
struct Credentials;

struct Timestamp {
    i64 seconds = 0;
    u32 nanoseconds = 0;
    static Timestamp now();
};

enum FileMode : u32 {  // values are Linux's
    mode_type = 0170000,
    mode_socket = 0140000,
    mode_symlink = 0120000,
    mode_regular = 0100000,
    mode_block = 0060000,
    mode_directory = 0040000,
    mode_character = 0020000,
    mode_fifo = 0010000,
    mode_whiteout = 0160000,  // only in listings: a character device 0:0
    mode_setuid = 04000,
    mode_setgid = 02000,
    mode_sticky = 01000,
    mode_permissions = 07777
};

/// stat(2)'s and statx(2)'s fields.
struct Attributes {
    u64 inode = 0;
    u64 device = 0;  // of the file system (new_encode_dev)
    u32 mode = 0;    // type and permissions
    u32 links = 1;
    u32 uid = 0, gid = 0;
    u64 special = 0;  // st_rdev
    u64 size = 0;
    u64 blocks = 0;  // 512 bytes each
    u32 block_size = 4096;
    Timestamp access, modify, change, birth;
    u64 mount_id = 0;
    bool mount_root = false;
    [[nodiscard]] u32 type() const { return mode & mode_type; }
};

/// Which attributes set_attributes changes.
struct AttributeChange {
    enum Field : u32 { mode = 1, uid = 2, gid = 4, size = 8, access = 16, modify = 32, change = 64 };
    u32 fields = 0;
    u32 new_mode = 0, new_uid = 0, new_gid = 0;
    u64 new_size = 0;
    Timestamp new_access, new_modify, new_change;
};

/// Receives directory entries; false: the buffer is full, the entry was not taken.
class DirectorySink {
  public:
    virtual bool entry(string_view name, u64 inode, u32 mode_type, u64 next_position) = 0;

  protected:
    ~DirectorySink() = default;
};

/// What a few inodes need and most do not: made on first use, lives as long as the inode.
struct InodeExtra : Pinned {
    InodeExtra();
    ~InodeExtra();
    Mutex mutex{LockRank::inode};
    Ref<Pipe> fifo;                // of a fifo with openers; weak: cleared by the last closer
    Own<InodeLocks> locks;         // record locks and flock; core/file/locks.h
    std::atomic<void*> socket{};   // the Unix socket bound here; the network room's
    std::atomic<void*> watches{};  // inotify; the event room's
};

/// How the names of a directory may be cached.
enum class EntryCaching : u8 {
    keep,   // every change goes through the walk: a cached name holds until then
    check,  // ask child_valid() at each use
    never   // the directory makes its entries up
};

/// Until when a cached name holds without asking: while the word (which lives for ever) has this value.
struct NameCover {
    const std::atomic<u32>* word = nullptr;  // null: ask child_valid()
    u32 value = 0;
    [[nodiscard]] bool holds() const {
        return word != nullptr && word->load(std::memory_order_acquire) == value;
    }
};

/// An inode. Permission checks are the caller's (core/file/path.cpp, permission.h); an inode does what it is
/// told. All operations are thread-safe. Directory operations are called with names that have neither '/' nor
/// zero bytes and are not "." or "..". Default implementations answer the errno that Linux gives for that
/// type of file.
class Inode : public RefCounted<Inode> {
  public:
    virtual ~Inode();

    virtual Result<Attributes> attributes() = 0;
    /// Type bits never change.
    [[nodiscard]] virtual u32 type() const = 0;
    /// attributes().inode, where that alone is cheaper to have.
    virtual Result<u64> number() { return TRY(attributes()).inode; }
    virtual FileSystem& file_system() = 0;
    virtual Result<void> set_attributes(const AttributeChange& change);

    // Directories.
    [[nodiscard]] virtual EntryCaching caching() const { return EntryCaching::keep; }
    /// With EntryCaching::check: whether `child` (null: none) is still what `name` means. May block.
    virtual bool child_valid(string_view name, Inode* child);
    /// With EntryCaching::check, asked before lookup() or child_valid(): how long their answer holds.
    virtual NameCover name_cover() { return {}; }
    /// ENOENT where there is none. May block; called without locks.
    virtual Result<Ref<Inode>> lookup(string_view name);
    virtual Result<Ref<Inode>> create(string_view name, u32 mode, u64 special,
                                      const Credentials& owner);  // also mkdir, mknod
    virtual Result<Ref<Inode>> create_symlink(string_view name, string_view target, const Credentials& owner);
    /// O_TMPFILE; `linkable`: it may be given a name later.
    virtual Result<Ref<Inode>> create_unnamed(u32 mode, const Credentials& owner, bool linkable);
    virtual Result<void> link(string_view name, Inode& target);
    virtual Result<void> unlink(string_view name, bool directory);
    /// `flags` as renameat2(2). `to_directory` belongs to the same file system.
    virtual Result<void> rename(string_view from, Inode& to_directory, string_view to, u32 flags);
    /// Entries from `position` (0 at first; then the next_position of the last entry taken), without "." and
    /// "..".
    virtual Result<void> read_directory(u64 position, DirectorySink& sink);

    virtual Result<String> read_link();
    /// /proc's magic links: go straight to the object instead of through the text.
    [[nodiscard]] virtual bool magic_link() const { return false; }
    virtual Result<Path> follow_magic();

    /// Opens it: makes the File whose operations then do the rest. `flags` are open(2)'s.
    virtual Result<Ref<File>> open(u32 flags) = 0;
    virtual class Process* as_process() { return nullptr; }  // /proc/PID

    virtual Result<usize> get_attribute(string_view name,
                                        std::span<u8> value);  // xattr; empty span: only the size
    virtual Result<void> set_attribute(string_view name, std::span<const u8> value, int flags);
    virtual Result<usize> list_attributes(std::span<char> names);
    virtual Result<void> remove_attribute(string_view name);

    /// Record locks that others than the sandbox see: set there, EAGAIN where somebody outside has one.
    /// `type` is fcntl(2)'s, `end` ~0 to the end of the file.
    [[nodiscard]] virtual bool locks_outside() const { return false; }
    virtual Result<void> lock_outside(u32, u64, u64) { return {}; }

    /// ETXTBSY between writers and running programs: allow_write counts an opener for writing, deny_write a
    /// running program; each fails while the other kind is there.
    Result<void> allow_write();
    void end_write();
    Result<void> deny_write();
    void end_deny_write();

    Result<InodeExtra*> extra();
    [[nodiscard]] InodeExtra* extra_if_any() const { return extra_.load(std::memory_order_acquire); }

  private:
    std::atomic<InodeExtra*> extra_{nullptr};
    std::atomic<i32> writers_{0};  // > 0: openers for writing; < 0: programs running from it
};

struct FileSystemStatus {  // statfs(2)
    u64 type = 0, block_size = 4096, blocks = 0, free_blocks = 0, files = 0, free_files = 0,
        name_length = 255, flags = 0, id = 0;
};

class FileSystem : public RefCounted<FileSystem> {
  public:
    virtual ~FileSystem() = default;
    virtual Ref<Inode> root() = 0;
    virtual Result<FileSystemStatus> status() = 0;
    [[nodiscard]] virtual string_view type_name() const = 0;
    /// Options as /proc/mounts shows them behind rw or ro, with a leading comma; empty: none.
    virtual void describe_options(TextBuilder&) {}
    virtual Result<void> sync() { return {}; }
    [[nodiscard]] u64 device() const { return device_; }

    Mutex rename_mutex{LockRank::rename};  // renames that change the shape of the tree

  protected:
    FileSystem();  // takes the next anonymous device number

    u64 device_ = 0;
};

}  // namespace litebox
