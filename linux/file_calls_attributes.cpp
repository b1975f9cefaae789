// stat, statx, access, chmod, chown and the calls that set times.
#include "core/file/devfs/device.h"
#include "core/file/file_systems.h"
#include "core/file/permission.h"
#include "core/file/walker.h"
#include "core/task/process.h"
#include "linux/file_calls.h"

namespace litebox::sys {

namespace {

abi::Timespec timespec_of(const Timestamp& time) {
    return {time.seconds, time.nanoseconds};
}

Result<u64> put_stat(const Attributes& from, u64 to) {
    abi::Stat out{};
    out.device = from.device;
    out.inode = from.inode;
    out.links = from.links;
    out.mode = from.mode;
    out.uid = from.uid;
    out.gid = from.gid;
    out.special = from.special;
    out.size = static_cast<i64>(from.size);
    out.block_size = from.block_size;
    out.blocks = static_cast<i64>(from.blocks);
    out.access = timespec_of(from.access);
    out.modify = timespec_of(from.modify);
    out.change = timespec_of(from.change);
    TRY(UserPtr<abi::Stat>(to).write(out));
    return u64{0};
}

Result<u64> stat_at(Thread& thread, int directory, UserText path, u64 to, u32 flags) {
    PathName name;
    TRY(name.fetch(path));
    Result<Attributes> attributes = stat_name(thread, directory, name.view(), flags);
    if (!attributes.ok()) return attributes.error();
    return put_stat(attributes.value(), to);
}

abi::StatxTimestamp statx_time(const Timestamp& time) {
    return {time.seconds, time.nanoseconds, 0};
}

// The place that a path and flags name, or an open file itself with AT_EMPTY_PATH.
struct Target {
    Path path;
    Ref<Inode> inode;
};
Result<Target> target_of(Thread& thread, int directory, string_view name, u32 flags) {
    Target target;
    if (name.empty() && (flags & at_empty_path) != 0 && directory != at_working_directory) {
        Ref<File> file = TRY(thread.files->get(directory));
        target.path = file->path;
        target.inode = file->inode();
    } else {
        Walker walker(thread, ((flags & at_no_follow) != 0 ? 0u : u32{walk_follow}) |
                                  ((flags & at_empty_path) != 0 ? u32{walk_empty} : 0u));
        TRY(walker.walk(directory, name));
        target.path = std::move(walker.at);
        target.inode = target.path.inode();
    }
    if (!target.inode) return Errno::einval;
    return target;
}

Result<Target> target_of(Thread& thread, int directory, UserText path, u32 flags) {
    PathName name;
    TRY(name.fetch(path));
    return target_of(thread, directory, name.view(), flags);
}

Result<Target> target_of_descriptor(Thread& thread, int descriptor, bool path_permitted) {
    Ref<File> file = TRY(thread.files->get(descriptor));
    if (!path_permitted && (file->flags() & open_path) != 0) return Errno::ebadf;
    Target target{file->path, file->inode()};
    if (!target.inode) return Errno::einval;
    return target;
}

}  // namespace

Result<u64> stat(Thread& thread, UserText path, u64 to) {
    return stat_at(thread, at_working_directory, path, to, 0);
}
Result<u64> lstat(Thread& thread, UserText path, u64 to) {
    return stat_at(thread, at_working_directory, path, to, at_no_follow);
}
Result<u64> fstat(Thread& thread, int descriptor, u64 to) {
    FileHold file = TRY(thread.files->hold(descriptor));
    return put_stat(TRY(file->attributes()), to);
}
Result<u64> newfstatat(Thread& thread, int directory, UserText path, u64 to, int flags) {
    if ((flags & ~static_cast<int>(at_no_follow | at_no_automount | at_empty_path)) != 0)
        return Errno::einval;
    return stat_at(thread, directory, path, to, static_cast<u32>(flags));
}

Result<u64> statx(Thread& thread, int directory, UserText path, u32 flags, u32 mask, u64 to) {
    constexpr u32 sync_type = 0x6000;
    constexpr u32 basic = 0x7ff, birth = 0x800, mount_id = 0x1000;
    if ((mask & 0x80000000) != 0) return Errno::einval;
    if ((flags & ~(at_no_follow | at_no_automount | at_empty_path | sync_type)) != 0) return Errno::einval;
    if ((flags & sync_type) == sync_type) return Errno::einval;
    PathName name;
    TRY(name.fetch(path));
    Attributes from = TRY(stat_name(thread, directory, name.view(), flags));
    abi::Statx out{};
    out.mask = basic | mount_id;
    if (from.birth.seconds != 0) out.mask |= birth;
    out.block_size = from.block_size;
    out.links = from.links;
    out.uid = from.uid;
    out.gid = from.gid;
    out.mode = static_cast<u16>(from.mode);
    out.inode = from.inode;
    out.size = from.size;
    out.blocks = from.blocks;
    out.access = statx_time(from.access);
    out.birth = statx_time(from.birth);
    out.change = statx_time(from.change);
    out.modify = statx_time(from.modify);
    out.special_major = device_major(from.special);
    out.special_minor = device_minor(from.special);
    out.device_major = device_major(from.device);
    out.device_minor = device_minor(from.device);
    out.mount_id = from.mount_id;
    constexpr u64 attribute_mount_root = 0x2000;
    out.attributes_mask = attribute_mount_root;
    if (from.mount_root) out.attributes |= attribute_mount_root;
    TRY(UserPtr<abi::Statx>(to).write(out));
    return u64{0};
}

namespace {

Result<u64> put_statfs(const Mount& mount, const FileSystemStatus& from, u64 to) {
    constexpr u64 valid = 0x20;
    abi::Statfs out{};
    out.type = static_cast<i64>(from.type);
    out.block_size = static_cast<i64>(from.block_size);
    out.blocks = from.blocks;
    out.free_blocks = out.available_blocks = from.free_blocks;
    out.files = from.files;
    out.free_files = from.free_files;
    out.id[0] = static_cast<i32>(from.id);
    out.name_length = static_cast<i64>(from.name_length);
    out.fragment_size = out.block_size;
    out.flags = static_cast<i64>(from.flags | mount.flags.load() | valid);
    TRY(UserPtr<abi::Statfs>(to).write(out));
    return u64{0};
}

}  // namespace

Result<u64> statfs(Thread& thread, UserText path, u64 to) {
    Target target = TRY(target_of(thread, at_working_directory, path, 0));
    const Mount& mount = *target.path.mount();
    return put_statfs(mount, TRY(mount.file_system->status()), to);
}
Result<u64> fstatfs(Thread& thread, int descriptor, u64 to) {
    Ref<File> file = TRY(thread.files->get(descriptor));
    const Mount& mount = file->path.valid() ? *file->path.mount() : *kernel().files->anonymous_mount;
    FileSystemStatus status = TRY(mount.file_system->status());
    constexpr u64 pipe_file_system = 0x50495045, socket_file_system = 0x534f434b;
    if (!file->path.valid() && file->as_pipe() != nullptr) status.type = pipe_file_system;
    if (file->as_socket() != nullptr) status.type = socket_file_system;
    return put_statfs(mount, status, to);
}

Result<u64> ustat(Thread&, u64 device, u64 to) {
    FileSystems& files = *kernel().files;
    struct {
        i32 free_blocks;
        u32 padding;
        u64 free_inodes;
        char names[16];
    } out{};
    for (u32 i = 0; i < files.mount_count(); i++) {
        Mount* mount = files.mount_at(i);
        if (mount == nullptr || mount->file_system->device() != device) continue;
        FileSystemStatus status = TRY(mount->file_system->status());
        out.free_blocks = static_cast<i32>(status.free_blocks);
        out.free_inodes = status.free_files;
        TRY(copy_to_user(to, &out, sizeof(out)));
        return u64{0};
    }
    return Errno::einval;
}

Result<u64> access(Thread& thread, UserText path, int mode) {
    return faccessat2(thread, at_working_directory, path, mode, 0);
}
Result<u64> faccessat(Thread& thread, int directory, UserText path, int mode) {
    return faccessat2(thread, directory, path, mode, 0);
}

namespace {

// access(2) asks with the real ids: for its length the thread has credentials with them.
class RealIds : Pinned {
  public:
    explicit RealIds(Thread& thread) : thread_(thread) {}
    Result<void> take() {
        const Credentials& now = *thread_.credentials;
        u64 capabilities = now.uid == 0 ? now.permitted : 0;
        if (now.fsuid == now.uid && now.fsgid == now.gid && now.effective == capabilities) return {};
        Ref<Credentials> real = TRY(now.copy());
        real->fsuid = now.uid;
        real->fsgid = now.gid;
        real->effective = capabilities;
        saved_ = thread_.credentials;
        replace_shared(thread_, &Thread::credentials, std::move(real));
        return {};
    }
    ~RealIds() {
        if (saved_) replace_shared(thread_, &Thread::credentials, std::move(saved_));
    }

  private:
    Thread& thread_;
    Ref<Credentials> saved_;
};

}  // namespace

Result<u64> faccessat2(Thread& thread, int directory, UserText path, int mode, int flags) {
    if ((mode & ~7) != 0) return Errno::einval;
    if ((flags & ~static_cast<int>(at_effective_access | at_no_follow | at_empty_path)) != 0)
        return Errno::einval;
    PathName name;
    TRY(name.fetch(path));
    RealIds real(thread);
    if ((flags & at_effective_access) == 0) TRY(real.take());
    Target target = TRY(target_of(thread, directory, name.view(), static_cast<u32>(flags)));
    auto wanted = static_cast<u32>(mode);
    if (wanted == 0) return u64{0};
    if (!target.path.valid()) {
        TRY(check_access(thread, *target.inode, wanted));
        return u64{0};
    }
    bool no_execute = (target.path.mount()->flags.load() & mount_no_execute) != 0;
    if ((wanted & may_execute) != 0 && no_execute && target.inode->type() == mode_regular)
        return Errno::eacces;
    // EACCES before EROFS, as Linux.
    TRY(check_access(thread, *target.inode, wanted));
    if ((wanted & may_write) != 0) TRY(check_place(*thread.credentials, target.path, wanted));
    return u64{0};
}

Result<u64> chmod(Thread& thread, UserText path, u32 mode) {
    return fchmodat(thread, at_working_directory, path, mode);
}
Result<u64> fchmod(Thread& thread, int descriptor, u32 mode) {
    Target target = TRY(target_of_descriptor(thread, descriptor, false));
    TRY(change_mode(thread, target.path, *target.inode, mode));
    return u64{0};
}
Result<u64> fchmodat(Thread& thread, int directory, UserText path, u32 mode) {
    Target target = TRY(target_of(thread, directory, path, 0));
    TRY(change_mode(thread, target.path, *target.inode, mode));
    return u64{0};
}

Result<u64> chown(Thread& thread, UserText path, u32 uid, u32 gid) {
    return fchownat(thread, at_working_directory, path, uid, gid, 0);
}
Result<u64> lchown(Thread& thread, UserText path, u32 uid, u32 gid) {
    return fchownat(thread, at_working_directory, path, uid, gid, at_no_follow);
}
Result<u64> fchown(Thread& thread, int descriptor, u32 uid, u32 gid) {
    Target target = TRY(target_of_descriptor(thread, descriptor, false));
    TRY(change_owner(thread, target.path, *target.inode, uid, gid));
    return u64{0};
}
Result<u64> fchownat(Thread& thread, int directory, UserText path, u32 uid, u32 gid, int flags) {
    if ((flags & ~static_cast<int>(at_no_follow | at_empty_path)) != 0) return Errno::einval;
    Target target = TRY(target_of(thread, directory, path, static_cast<u32>(flags)));
    TRY(change_owner(thread, target.path, *target.inode, uid, gid));
    return u64{0};
}

namespace {

constexpr i64 time_now = 0x3fffffff, time_omit = 0x3ffffffe;

Result<u64> set_times(Thread& thread, int directory, UserText path, const TimeChange& change, u32 flags) {
    Target target;
    if (!path && directory != at_working_directory) {
        target = TRY(target_of_descriptor(thread, directory, false));
    } else {
        target = TRY(target_of(thread, directory, path, flags));
    }
    TRY(change_times(thread, target.path, *target.inode, change));
    return u64{0};
}

Result<TimeChange> micro_times(u64 times) {
    TimeChange change;
    if (times == 0) return change;
    abi::Timeval given[2];
    TRY(UserPtr<const abi::Timeval>(times).read_array(given));
    for (const auto& time : given)
        if (time.microseconds < 0 || time.microseconds >= 1000000) return Errno::einval;
    change.access = change.modify = TimeChange::Kind::given;
    change.access_time = {given[0].seconds, static_cast<u32>(given[0].microseconds * 1000)};
    change.modify_time = {given[1].seconds, static_cast<u32>(given[1].microseconds * 1000)};
    return change;
}

Result<void> decode_time(const abi::Timespec& from, TimeChange::Kind& kind, Timestamp& time) {
    if (from.nanoseconds == time_now || from.nanoseconds == time_omit) {
        kind = from.nanoseconds == time_now ? TimeChange::Kind::now : TimeChange::Kind::omit;
        return {};
    }
    if (from.nanoseconds < 0 || from.nanoseconds >= 1000000000) return Errno::einval;
    kind = TimeChange::Kind::given;
    time = {from.seconds, static_cast<u32>(from.nanoseconds)};
    return {};
}

}  // namespace

Result<u64> utime(Thread& thread, UserText path, u64 times) {
    TimeChange change;
    if (times != 0) {
        i64 given[2];
        TRY(UserPtr<const i64>(times).read_array(given));
        change.access = change.modify = TimeChange::Kind::given;
        change.access_time = {given[0], 0};
        change.modify_time = {given[1], 0};
    }
    return set_times(thread, at_working_directory, path, change, 0);
}
Result<u64> utimes(Thread& thread, UserText path, u64 times) {
    return set_times(thread, at_working_directory, path, TRY(micro_times(times)), 0);
}
Result<u64> futimesat(Thread& thread, int directory, UserText path, u64 times) {
    return set_times(thread, directory, path, TRY(micro_times(times)), 0);
}
Result<u64> utimensat(Thread& thread, int directory, UserText path, u64 times, int flags) {
    TimeChange change;
    if (times != 0) {
        abi::Timespec given[2];
        TRY(UserPtr<const abi::Timespec>(times).read_array(given));
        // Both left alone: not even the path is looked at.
        if (given[0].nanoseconds == time_omit && given[1].nanoseconds == time_omit) return u64{0};
        TRY(decode_time(given[0], change.access, change.access_time));
        TRY(decode_time(given[1], change.modify, change.modify_time));
    }
    if ((flags & ~static_cast<int>(at_no_follow | at_empty_path)) != 0) return Errno::einval;
    if (!path && flags != 0 && directory != at_working_directory) return Errno::einval;
    return set_times(thread, directory, path, change, static_cast<u32>(flags));
}

}  // namespace litebox::sys
