// stat, chmod, chown, truncate and utimes, once their arguments are decoded.
#include "core/file/change.h"
#include "core/file/walker.h"
#include "core/task/thread.h"
#include "platform/platform.h"

namespace litebox {

Timestamp Timestamp::now() {
    u64 ns = platform::realtime_ns() +
             static_cast<u64>(kernel().realtime_offset_ns.load(std::memory_order_relaxed));
    return {static_cast<i64>(ns / 1000000000), static_cast<u32>(ns % 1000000000)};
}

Result<void> apply_change(const Path& path, Inode& inode, const AttributeChange& change) {
    if (path.valid()) TRY(check_writable_mount(*path.mount()));
    TRY(inode.set_attributes(change));
    if (path.valid() &&
        (change.fields & (AttributeChange::mode | AttributeChange::uid | AttributeChange::gid)) != 0)
        path.entry()->refresh_access();
    return {};
}

Result<void> change_mode(Thread& thread, const Path& path, Inode& inode, u32 mode) {
    const Credentials& who = *thread.credentials;
    Attributes attributes = TRY(inode.attributes());
    if (path.valid()) TRY(check_writable_mount(*path.mount()));
    TRY(check_owner(who, attributes));
    if (attributes.type() == mode_symlink) return Errno::eopnotsupp;
    u32 bits = mode & mode_permissions;
    if ((bits & mode_setgid) != 0 && !who.in_group(attributes.gid) && !who.capable(cap_fsetid))
        bits &= ~mode_setgid;
    AttributeChange change;
    change.fields = AttributeChange::mode | AttributeChange::change;
    change.new_mode = attributes.type() | bits;
    change.new_change = Timestamp::now();
    return apply_change(path, inode, change);
}

Result<void> change_owner(Thread& thread, const Path& path, Inode& inode, u32 uid, u32 gid) {
    constexpr u32 same = ~u32{0};
    const Credentials& who = *thread.credentials;
    Attributes attributes = TRY(inode.attributes());
    if (path.valid()) TRY(check_writable_mount(*path.mount()));
    AttributeChange change;
    change.fields = AttributeChange::change;
    change.new_change = Timestamp::now();
    if (uid != same) {
        bool harmless = who.fsuid == attributes.uid && uid == attributes.uid;
        if (!harmless && !who.capable(cap_chown)) return Errno::eperm;
        change.fields |= AttributeChange::uid;
        change.new_uid = uid;
    }
    if (gid != same) {
        bool own = who.fsuid == attributes.uid && (who.in_group(gid) || gid == attributes.gid);
        if (!own && !who.capable(cap_chown)) return Errno::eperm;
        change.fields |= AttributeChange::gid;
        change.new_gid = gid;
    }
    // A change of owner takes the privileges of the old one away, whoever makes it, also to the same.
    u32 drop = 0;
    if (attributes.type() != mode_directory) {
        drop = attributes.mode & mode_setuid;
        if ((attributes.mode & (mode_setgid | 010)) == (mode_setgid | 010)) drop |= mode_setgid;
    }
    if (drop != 0) {
        change.fields |= AttributeChange::mode;
        change.new_mode = attributes.mode & ~drop;
    }
    return apply_change(path, inode, change);
}

Result<void> drop_privilege_bits(Thread& thread, const Path& path, Inode& inode) {
    Attributes attributes = TRY(inode.attributes());
    u32 drop = attributes.mode & mode_setuid;
    if ((attributes.mode & (mode_setgid | 010)) == (mode_setgid | 010)) drop |= mode_setgid;
    if (drop == 0 || attributes.type() != mode_regular || thread.credentials->capable(cap_fsetid)) return {};
    AttributeChange change;
    change.fields = AttributeChange::mode;
    change.new_mode = attributes.mode & ~drop;
    return apply_change(path, inode, change);
}

Result<void> change_size(const Path& path, Inode& inode, u64 size) {
    u32 type = inode.type();
    if (type == mode_directory) return Errno::eisdir;
    if (type != mode_regular) return Errno::einval;
    TRY(inode.allow_write());
    AttributeChange change;
    change.fields = AttributeChange::size | AttributeChange::modify | AttributeChange::change;
    change.new_size = size;
    change.new_modify = change.new_change = Timestamp::now();
    auto done = apply_change(path, inode, change);
    inode.end_write();
    return done;
}

Result<void> change_times(Thread& thread, const Path& path, Inode& inode, const TimeChange& times) {
    using Kind = TimeChange::Kind;
    if (times.access == Kind::omit && times.modify == Kind::omit) return {};
    const Credentials& who = *thread.credentials;
    Attributes attributes = TRY(inode.attributes());
    if (path.valid()) TRY(check_writable_mount(*path.mount()));
    if (times.access == Kind::now && times.modify == Kind::now) {
        if (attributes.uid != who.fsuid && !who.capable(cap_fowner))
            TRY(check_mode(who, attributes.mode, attributes.uid, attributes.gid, may_write));
    } else {
        TRY(check_owner(who, attributes));
    }
    Timestamp now = Timestamp::now();
    AttributeChange change;
    change.fields = AttributeChange::change;
    change.new_change = now;
    if (times.access != Kind::omit) {
        change.fields |= AttributeChange::access;
        change.new_access = times.access == Kind::now ? now : times.access_time;
    }
    if (times.modify != Kind::omit) {
        change.fields |= AttributeChange::modify;
        change.new_modify = times.modify == Kind::now ? now : times.modify_time;
    }
    return apply_change(path, inode, change);
}

namespace {

void note_mount(const Path& path, Attributes& attributes) {
    attributes.mount_id = path.mount()->id;
    attributes.mount_root = path.entry() == path.mount()->root.get();
}

}  // namespace

Result<Attributes> stat_name(Thread& thread, int directory, string_view name, u32 flags) {
    if (name.empty() && (flags & at_empty_path) != 0 && directory != at_working_directory) {
        Ref<File> file = TRY(thread.files->get(directory));
        Attributes attributes = TRY(file->attributes());
        if (file->path.valid()) note_mount(file->path, attributes);
        return attributes;
    }
    Walker walker(thread, ((flags & at_no_follow) != 0 ? 0u : u32{walk_follow}) |
                              ((flags & at_empty_path) != 0 ? u32{walk_empty} : 0u));
    TRY(walker.walk(directory, name));
    Result<Attributes> attributes = walker.at.entry()->inode()->attributes();
    if (attributes.ok()) note_mount(walker.at, attributes.value());
    return attributes;
}

}  // namespace litebox
