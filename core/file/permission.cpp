#include "core/file/permission.h"

#include "core/file/file_systems.h"
#include "core/file/walk.h"
#include "core/task/thread.h"

namespace litebox {

Result<void> check_mode(const Credentials& who, u32 mode, u32 uid, u32 gid, u32 wanted) {
    u32 bits = mode;
    if (uid == who.fsuid)
        bits >>= 6;
    else if (((mode >> 3 ^ mode) & 7) != 0 && who.in_group(gid))
        bits >>= 3;
    if ((wanted & ~bits & 7) == 0) return {};
    bool directory = (mode & mode_type) == mode_directory;
    if (directory) {
        if (who.capable(cap_dac_override)) return {};
        if ((wanted & may_write) == 0 && who.capable(cap_dac_read_search)) return {};
        return Errno::eacces;
    }
    if (wanted == may_read && who.capable(cap_dac_read_search)) return {};
    if (((wanted & may_execute) == 0 || (mode & 0111) != 0) && who.capable(cap_dac_override)) return {};
    return Errno::eacces;
}

Result<void> check_search(const Credentials& who, const Entry& directory) {
    if ((directory.flags() & entry_dynamic) == 0) {
        Entry::Access access = directory.access();
        return check_mode(who, access.mode, access.uid, access.gid, may_execute);
    }
    Attributes attributes = TRY(directory.inode()->attributes());
    return check_mode(who, attributes.mode, attributes.uid, attributes.gid, may_execute);
}

Result<void> check_writable_mount(const Mount& mount) {
    if ((mount.flags.load(std::memory_order_relaxed) & mount_read_only) != 0) return Errno::erofs;
    return {};
}

Result<void> check_place(const Credentials& who, const Path& path, u32 wanted) {
    Attributes attributes = TRY(path.entry()->inode()->attributes());
    if ((wanted & may_write) != 0) {
        u32 type = attributes.type();
        if (type == mode_regular || type == mode_directory || type == mode_symlink)
            TRY(check_writable_mount(*path.mount()));
    }
    return check_mode(who, attributes.mode, attributes.uid, attributes.gid, wanted);
}

Result<void> check_owner(const Credentials& who, const Attributes& attributes) {
    if (attributes.uid == who.fsuid || who.capable(cap_fowner)) return {};
    return Errno::eperm;
}

Result<void> check_sticky(const Credentials& who, const Attributes& directory, const Attributes& victim) {
    if ((directory.mode & mode_sticky) == 0 || victim.uid == who.fsuid || directory.uid == who.fsuid)
        return {};
    if (who.capable(cap_fowner)) return {};
    return Errno::eperm;
}

Result<void> check_access(const Thread& thread, Inode& inode, u32 wanted) {
    Attributes attributes = TRY(inode.attributes());
    return check_mode(*thread.credentials, attributes.mode, attributes.uid, attributes.gid, wanted);
}

}  // namespace litebox
