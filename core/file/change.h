// Changes to names and attributes, as a thread may make them: what mkdir, unlink, rename, chmod and their kin
// do once the arguments are decoded. `directory` is a descriptor or at_working_directory.
#pragma once

#include "core/file/file.h"
#include "core/file/walk.h"

namespace litebox {

enum AtFlag : u32 {  // values are Linux's
    at_no_follow = 0x100,
    at_effective_access = 0x200,
    at_remove_directory = 0x200,
    at_follow = 0x400,
    at_no_automount = 0x800,
    at_empty_path = 0x1000
};
enum RenameFlag : u32 { rename_no_replace = 1, rename_exchange = 2, rename_whiteout = 4 };

/// mknod, mkdir: `mode` has the type; the umask is applied here.
Result<void> make_node(Thread& thread, int directory, string_view name, u32 mode, u64 special);
/// The same, and where the new inode is: for bind(2) of Unix sockets.
Result<Path> make_node_at(Thread& thread, int directory, string_view name, u32 mode, u64 special);
Result<void> make_symlink(Thread& thread, string_view target, int directory, string_view name);
Result<void> make_link(Thread& thread, int from_directory, string_view from, int to_directory, string_view to,
                       u32 flags);
Result<void> remove_name(Thread& thread, int directory, string_view name, bool remove_directory);
Result<void> rename_file(Thread& thread, int from_directory, string_view from, int to_directory,
                         string_view to, u32 flags);

/// Applies a change to what is at `path` and keeps the caches right. No permission checks.
Result<void> apply_change(const Path& path, Inode& inode, const AttributeChange& change);
Result<void> change_mode(Thread& thread, const Path& path, Inode& inode, u32 mode);
/// ~0 leaves an id as it is.
Result<void> change_owner(Thread& thread, const Path& path, Inode& inode, u32 uid, u32 gid);
/// truncate(2) on an inode that the caller may write.
Result<void> change_size(const Path& path, Inode& inode, u64 size);
/// utimensat(2): each time is now, left alone, or given.
struct TimeChange {
    enum class Kind : u8 { now, omit, given } access = Kind::now, modify = Kind::now;
    Timestamp access_time, modify_time;
};
Result<void> change_times(Thread& thread, const Path& path, Inode& inode, const TimeChange& change);
/// A write or truncate by someone without CAP_FSETID takes away set-uid and set-gid.
Result<void> drop_privilege_bits(Thread& thread, const Path& path, Inode& inode);

/// Attributes of what `directory` and `name` mean, by the at_ flags of fstatat(2).
Result<Attributes> stat_name(Thread& thread, int directory, string_view name, u32 flags);

/// Creates under the parent's lock. `make` returns Result<Ref<Inode>>.
template <typename Make>
Result<Path> create_name(const Path& parent, string_view name, Make&& make);

}  // namespace litebox

#include "core/file/file_systems.h"
#include "core/kernel.h"
#include "platform/thread_block.h"

namespace litebox {

template <typename Make>
Result<Path> create_name(const Path& parent, string_view name, Make&& make) {
    EntryCache& entries = kernel().files->entries;
    Entry& directory = *parent.entry();
    Ref<Entry> made, stale;
    {
        LockGuard guard(directory.directory_mutex);
        if ((directory.flags() & entry_unlinked) != 0) return Errno::enoent;
        EntryCaching caching = directory.inode()->caching();
        if (caching != EntryCaching::never) stale = entries.find(directory, name);
        if (stale && !stale->negative() && caching == EntryCaching::keep) return Errno::eexist;
        Ref<Inode> inode = TRY(make());
        directory.generation.fetch_add(1, std::memory_order_release);
        if (stale) entries.remove(*stale, false);
        made = caching == EntryCaching::never ? TRY(entries.make(&directory, name, std::move(inode)))
                                              : TRY(entries.insert(directory, name, std::move(inode)));
    }
    return Path(Ref<Mount>(parent.mount()), std::move(made));
}

}  // namespace litebox
