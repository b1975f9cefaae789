// mkdir, mknod, symlink, link, unlink and rmdir.
#include "core/file/change.h"
#include "core/file/walker.h"
#include "core/task/thread.h"

namespace litebox {

namespace {

// Where a new name will be: the parent, which must exist and be writable.
Result<void> walk_for_new(Walker& walker, Thread& thread, int directory, string_view name,
                          bool for_directory) {
    TRY(walker.walk(directory, name));
    if (walker.last_is_dots) return Errno::eexist;
    Ref<Entry> there = TRY(kernel().files->entries.look_up(*walker.at.entry(), walker.last));
    if (!there->negative()) return Errno::eexist;
    if (walker.trailing_slash && !for_directory) return Errno::enoent;
    TRY(check_writable_mount(*walker.at.mount()));
    return check_place(*thread.credentials, walker.at, may_write | may_execute);
}

}  // namespace

Result<Path> make_node_at(Thread& thread, int directory, string_view name, u32 mode, u64 special) {
    const Credentials& who = *thread.credentials;
    u32 type = mode & mode_type;
    Walker walker(thread, walk_parent);
    TRY(walk_for_new(walker, thread, directory, name, type == mode_directory));
    bool device = type == mode_character || type == mode_block;
    bool whiteout = type == mode_character && special == 0;
    if (device && !whiteout && !who.capable(cap_mknod)) return Errno::eperm;
    u32 allowed = type == mode_directory ? 01777u : u32{mode_permissions};
    u32 permissions = mode & allowed & ~thread.directory->umask.load(std::memory_order_relaxed);
    Inode& parent = *walker.at.entry()->inode();
    return create_name(walker.at, walker.last,
                       [&] { return parent.create(walker.last, type | permissions, special, who); });
}

Result<void> make_node(Thread& thread, int directory, string_view name, u32 mode, u64 special) {
    TRY(make_node_at(thread, directory, name, mode, special));
    return {};
}

Result<void> make_symlink(Thread& thread, string_view target, int directory, string_view name) {
    if (target.empty()) return Errno::enoent;
    Walker walker(thread, walk_parent);
    TRY(walk_for_new(walker, thread, directory, name, false));
    Inode& parent = *walker.at.entry()->inode();
    TRY(create_name(walker.at, walker.last,
                    [&] { return parent.create_symlink(walker.last, target, *thread.credentials); }));
    return {};
}

Result<void> make_link(Thread& thread, int from_directory, string_view from, int to_directory, string_view to,
                       u32 flags) {
    const Credentials& who = *thread.credentials;
    if ((flags & at_empty_path) != 0 && from.empty() && !who.capable(cap_dac_read_search))
        return Errno::enoent;
    Walker source(thread, ((flags & at_follow) != 0 ? u32{walk_follow} : 0u) |
                              ((flags & at_empty_path) != 0 ? u32{walk_empty} : 0u));
    TRY(source.walk(from_directory, from));
    Walker target(thread, walk_parent);
    TRY(walk_for_new(target, thread, to_directory, to, false));
    if (source.at.mount() != target.at.mount()) return Errno::exdev;
    Ref<Inode> inode = source.at.inode();
    if (inode->type() == mode_directory) return Errno::eperm;
    Inode& parent = *target.at.entry()->inode();
    TRY(create_name(target.at, target.last, [&]() -> Result<Ref<Inode>> {
        TRY(parent.link(target.last, *inode));
        return inode;
    }));
    return {};
}

namespace {

Result<void> remove_locked(Thread& thread, Walker& walker, Entry& child, bool remove_directory) {
    const Credentials& who = *thread.credentials;
    EntryCache& entries = kernel().files->entries;
    Entry& directory = *walker.at.entry();
    TRY(check_place(who, walker.at, may_write | may_execute));
    Attributes parent_attributes = TRY(directory.inode()->attributes());
    Attributes attributes = TRY(child.inode()->attributes());
    TRY(check_sticky(who, parent_attributes, attributes));
    if (remove_directory && !child.directory()) return Errno::enotdir;
    if (!remove_directory && child.directory()) return Errno::eisdir;
    if ((child.flags() & entry_mounted) != 0) return Errno::ebusy;
    TRY(directory.inode()->unlink(walker.last, remove_directory));
    directory.generation.fetch_add(1, std::memory_order_release);
    entries.remove(child, true);
    return {};
}

}  // namespace

Result<void> remove_name(Thread& thread, int directory, string_view name, bool remove_directory) {
    Walker walker(thread, walk_parent);
    TRY(walker.walk(directory, name));
    if (walker.last_is_dots) {
        if (!remove_directory) return Errno::eisdir;
        if (walker.last == ".") return Errno::einval;
        return walker.last.empty() ? Errno::ebusy : Errno::enotempty;
    }
    TRY(check_writable_mount(*walker.at.mount()));
    EntryCache& entries = kernel().files->entries;
    for (;;) {
        Ref<Entry> child = TRY(entries.look_up(*walker.at.entry(), walker.last));
        if (child->negative()) return Errno::enoent;
        if (!remove_directory && walker.trailing_slash)
            return child->directory() ? Errno::eisdir : Errno::enotdir;
        LockGuard guard(walker.at.entry()->directory_mutex);
        // Replaced or removed since: look again.
        bool cached = walker.at.entry()->inode()->caching() != EntryCaching::never;
        if (cached && !(entries.find(*walker.at.entry(), walker.last) == child)) continue;
        return remove_locked(thread, walker, *child, remove_directory);
    }
}

}  // namespace litebox
