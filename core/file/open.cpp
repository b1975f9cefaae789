// open(2): flags, permissions, creation.
#include "core/file/change.h"
#include "core/file/walker.h"
#include "core/task/thread.h"

namespace litebox {

namespace {

enum Resolve : u64 {  // openat2(2)
    resolve_no_cross = 1,
    resolve_no_magic = 2,
    resolve_no_symlinks = 4,
    resolve_beneath = 8,
    resolve_in_root = 16,
    resolve_cached = 32
};

u32 walk_flags(u32 flags, u64 resolve) {
    u32 result = 0;
    bool exclusive = (flags & open_create) != 0 && (flags & open_exclusive) != 0;
    if ((flags & open_no_follow) == 0 && !exclusive) result |= walk_follow;
    if ((flags & open_create) != 0) result |= Walker::walk_may_be_missing;
    if ((resolve & resolve_no_cross) != 0) result |= walk_no_cross;
    if ((resolve & resolve_no_magic) != 0) result |= walk_no_magic;
    if ((resolve & resolve_no_symlinks) != 0) result |= walk_no_symlinks | walk_no_magic;
    if ((resolve & resolve_beneath) != 0) result |= walk_beneath | walk_no_magic;
    if ((resolve & resolve_in_root) != 0) result |= walk_in_root | walk_no_magic;
    if ((resolve & resolve_cached) != 0) result |= Walker::walk_cached_only;
    return result;
}

u32 wanted_access(u32 flags) {
    switch (flags & open_access_mode) {
        case open_read_only:
            return may_read | ((flags & open_truncate) != 0 ? may_write : 0);
        case open_write_only:
            return may_write;
        default:
            return may_read | may_write;
    }
}

// A descriptor that only names a place.
class PathFile final : public File {
  public:
    explicit PathFile(u32 flags) : File(flags) {}
    Result<usize> read(IoCursor&, u64&) override { return Errno::ebadf; }
    Result<usize> write(IoCursor&, u64&) override { return Errno::ebadf; }
    Result<u64> seek(i64, int) override { return Errno::ebadf; }
    Result<u64> ioctl(u32, u64) override { return Errno::ebadf; }
    Result<MappingSource> map(u64, u64, bool) override { return Errno::ebadf; }
    Ref<Inode> inode() override { return path.inode(); }
    Result<Attributes> attributes() override { return path.inode()->attributes(); }
};

Result<void> check_open(const Credentials& who, const Path& path, u32 flags, const Attributes& attributes) {
    u32 type = attributes.type();
    bool writes = (flags & open_access_mode) != open_read_only || (flags & open_truncate) != 0;
    if (type == mode_symlink) return Errno::eloop;
    if (type == mode_directory && (writes || (flags & open_create) != 0)) return Errno::eisdir;
    if ((flags & open_directory) != 0 && type != mode_directory) return Errno::enotdir;
    u32 mount_flags = path.mount()->flags.load(std::memory_order_relaxed);
    if ((type == mode_character || type == mode_block) && (mount_flags & mount_no_devices) != 0)
        return Errno::eacces;
    if (writes && type == mode_regular) TRY(check_writable_mount(*path.mount()));
    TRY(check_mode(who, attributes.mode, attributes.uid, attributes.gid, wanted_access(flags)));
    if (type == mode_socket) return Errno::enxio;
    if ((flags & open_no_access_time) != 0) TRY(check_owner(who, attributes));
    return {};
}

// Opens an inode whose permissions were checked.
Result<Ref<File>> open_inode(Path path, u32 flags, bool created) {
    Inode& inode = *path.entry()->inode();
    bool regular = inode.type() == mode_regular;
    bool writes = (flags & open_access_mode) != open_read_only;
    bool truncates = (flags & open_truncate) != 0 && regular && !created;
    if (regular && (writes || truncates)) TRY(inode.allow_write());
    auto opened = inode.open(flags & ~static_cast<u32>(open_close_on_exec));
    if (opened.ok() && truncates) {
        AttributeChange change;
        change.fields = AttributeChange::size | AttributeChange::modify | AttributeChange::change;
        change.new_modify = change.new_change = Timestamp::now();
        if (auto done = inode.set_attributes(change); !done.ok()) opened = done.error();
    }
    if (regular && (writes || truncates) && !(opened.ok() && writes)) inode.end_write();
    if (!opened.ok()) return opened.error();
    Ref<File> file = std::move(opened).value();
    if (regular && writes) file->counted_writer = Ref<Inode>(&inode);
    if (!file->path.valid()) file->path = std::move(path);
    return file;
}

constexpr u32 sticky_flags = open_access_mode | open_append | open_non_blocking | open_data_sync |
                             open_async | open_direct | open_large_file | open_no_access_time | open_sync |
                             open_truncate | open_directory | open_no_follow | open_no_controlling_terminal;

Result<Ref<File>> open_temporary_file(Thread& thread, const Path& directory, u32 flags, u32 mode) {
    const Credentials& who = *thread.credentials;
    if (!directory.entry()->directory()) return Errno::enotdir;
    TRY(check_place(who, directory, may_write | may_execute));
    u32 permissions = mode & mode_permissions & ~thread.directory->umask.load(std::memory_order_relaxed);
    Inode& inode = *directory.entry()->inode();
    Ref<Inode> made =
        TRY(inode.create_unnamed(mode_regular | permissions, who, (flags & open_exclusive) == 0));
    TextBuilder name;
    Attributes attributes = TRY(made->attributes());
    name.character('#').unsigned_decimal(attributes.inode);
    if (name.failed()) return Errno::enomem;
    Ref<Entry> entry = TRY(kernel().files->entries.make(directory.entry(), name.view(), std::move(made)));
    entry->set_flag(entry_unlinked);
    return open_inode(Path(Ref<Mount>(directory.mount()), std::move(entry)),
                      flags & sticky_flags & ~static_cast<u32>(open_directory), true);
}

Result<Path> create_file(Thread& thread, const Path& parent, string_view name, u32 mode) {
    const Credentials& who = *thread.credentials;
    TRY(check_writable_mount(*parent.mount()));
    TRY(check_place(who, parent, may_write | may_execute));
    u32 permissions = mode & mode_permissions & ~thread.directory->umask.load(std::memory_order_relaxed);
    Inode& directory = *parent.entry()->inode();
    return create_name(parent, name,
                       [&] { return directory.create(name, mode_regular | permissions, 0, who); });
}

Result<Ref<File>> open_once(Thread& thread, int directory, string_view name, u32 flags, u32 mode,
                            u64 resolve) {
    Walker walker(thread, walk_flags(flags, resolve));
    TRY(walker.walk(directory, name));
    const Credentials& who = *thread.credentials;
    bool creates = (flags & open_create) != 0;
    if (creates && walker.trailing_slash) return Errno::eisdir;
    if (walker.missing) {
        Path path = TRY(create_file(thread, walker.at, walker.last, mode));
        return open_inode(std::move(path), flags & sticky_flags, true);
    }
    if (creates && (flags & open_exclusive) != 0) return Errno::eexist;
    Inode& inode = *walker.at.entry()->inode();
    if ((flags & open_path) != 0) {
        if ((flags & open_directory) != 0 && inode.type() != mode_directory) return Errno::enotdir;
        Ref<File> file = TRY(make_ref<PathFile>(flags & (open_path | open_directory | open_no_follow)));
        file->path = std::move(walker.at);
        return file;
    }
    if ((flags & open_temporary) == open_temporary)
        return open_temporary_file(thread, walker.at, flags, mode);
    Attributes attributes = TRY(inode.attributes());
    TRY(check_open(who, walker.at, flags, attributes));
    if ((flags & open_truncate) != 0 && attributes.type() == mode_regular)
        TRY(drop_privilege_bits(thread, walker.at, inode));
    return open_inode(std::move(walker.at), flags & sticky_flags, false);
}

}  // namespace

Result<Ref<File>> open_file(Thread& thread, int directory, string_view name, u32 flags, u32 mode,
                            u64 resolve) {
    if ((flags & open_path) != 0) {
        flags &= open_path | open_directory | open_no_follow | open_close_on_exec;
    } else if ((flags & open_temporary & ~static_cast<u32>(open_directory)) != 0) {
        if ((flags & open_temporary) != open_temporary || (flags & open_access_mode) == open_read_only ||
            (flags & open_create) != 0)
            return Errno::einval;
    } else if ((flags & open_create) != 0 && (flags & open_directory) != 0) {
        return Errno::einval;
    }
    for (;;) {
        auto opened = open_once(thread, directory, name, flags, mode, resolve);
        // Somebody created it between our look and our create: then it is there to be opened.
        bool raced = !opened.ok() && opened.error() == Errno::eexist && (flags & open_create) != 0 &&
                     (flags & open_exclusive) == 0;
        if (!raced) return opened;
    }
}

}  // namespace litebox
