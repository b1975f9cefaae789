// Extended attributes: who may see and change which names; the file systems store them.
#include "core/file/file_systems.h"
#include "core/file/permission.h"
#include "core/file/walker.h"
#include "linux/file_calls.h"

namespace litebox::sys {

namespace {

constexpr usize name_limit = 255, value_limit = 65536, list_limit = 65536;

struct Target {
    Path path;
    Ref<Inode> inode;
};

Result<Target> by_path(Thread& thread, UserText path, u32 flags) {
    PathName name;
    TRY(name.fetch(path));
    Walker walker(thread, flags);
    TRY(walker.walk(at_working_directory, name.view()));
    Target target;
    target.path = std::move(walker.at);
    target.inode = target.path.inode();
    return target;
}

Result<Target> by_descriptor(Thread& thread, int descriptor) {
    Ref<File> file = TRY(thread.files->get(descriptor));
    if ((file->flags() & open_path) != 0) return Errno::ebadf;
    Target target{file->path, file->inode()};
    if (!target.inode) return Errno::eopnotsupp;
    return target;
}

// xattr(7): the name spaces and who may use them.
Result<void> check_name(Thread& thread, Target& target, string_view name, bool change) {
    const Credentials& who = *thread.credentials;
    if (change && target.path.valid()) TRY(check_writable_mount(*target.path.mount()));
    if (name.starts_with("security.")) {
        if (change && !who.capable(cap_sys_admin)) return Errno::eperm;
        return {};
    }
    if (name.starts_with("trusted.")) {
        if (!who.capable(cap_sys_admin)) return change ? Errno::eperm : Errno::enodata;
        return {};
    }
    if (!name.starts_with("user.")) return Errno::eopnotsupp;
    if (name.size() == 5) return Errno::einval;
    u32 type = target.inode->type();
    if (type != mode_regular && type != mode_directory) return change ? Errno::eperm : Errno::enodata;
    if (change && type == mode_directory) {
        Attributes attributes = TRY(target.inode->attributes());
        if ((attributes.mode & mode_sticky) != 0) TRY(check_owner(who, attributes));
    }
    return check_access(thread, *target.inode, change ? may_write : may_read);
}

Result<String> fetch_name(UserText from) {
    auto name = copy_string_from_user(from.address(), name_limit + 1);
    if (!name.ok()) return name.error() == Errno::enametoolong ? Errno::erange : name.error();
    if (name.value().empty()) return Errno::erange;
    return name;
}

Result<u64> set(Thread& thread, Target target, UserText name_address, u64 value, u64 size, int flags) {
    if ((flags & ~3) != 0) return Errno::einval;
    String name = TRY(fetch_name(name_address));
    if (size > value_limit) return Errno::e2big;
    Vector<u8> bytes;
    TRY(bytes.resize(size));
    TRY(copy_from_user(bytes.data(), value, size));
    TRY(check_name(thread, target, name.view(), true));
    TRY(target.inode->set_attribute(name.view(), {bytes.data(), size}, flags));
    return u64{0};
}

Result<u64> get(Thread& thread, Target target, UserText name_address, u64 value, u64 size) {
    String name = TRY(fetch_name(name_address));
    TRY(check_name(thread, target, name.view(), false));
    if (size == 0) return TRY(target.inode->get_attribute(name.view(), {}));
    Vector<u8> bytes;
    TRY(bytes.resize(min<u64>(size, value_limit)));
    usize length = TRY(target.inode->get_attribute(name.view(), {bytes.data(), bytes.size()}));
    TRY(copy_to_user(value, bytes.data(), length));
    return length;
}

// trusted.* names are not shown to those who may not read them.
usize drop_trusted(Vector<char>& names, usize length) {
    usize kept = 0;
    for (usize at = 0; at < length;) {
        usize step = string_view(names.data() + at).size() + 1;
        if (!string_view(names.data() + at).starts_with("trusted.")) {
            memmove(names.data() + kept, names.data() + at, step);
            kept += step;
        }
        at += step;
    }
    return kept;
}

Result<u64> list(Thread& thread, Target target, u64 to, u64 size) {
    Vector<char> names;
    usize needed = TRY(target.inode->list_attributes({}));
    TRY(names.resize(min<usize>(needed, list_limit)));
    usize length = needed == 0 ? 0 : TRY(target.inode->list_attributes({names.data(), names.size()}));
    if (!thread.credentials->capable(cap_sys_admin)) length = drop_trusted(names, length);
    if (size == 0) return length;
    if (length > size) return Errno::erange;
    TRY(copy_to_user(to, names.data(), length));
    return length;
}

Result<u64> remove(Thread& thread, Target target, UserText name_address) {
    String name = TRY(fetch_name(name_address));
    TRY(check_name(thread, target, name.view(), true));
    TRY(target.inode->remove_attribute(name.view()));
    return u64{0};
}

}  // namespace

Result<u64> setxattr(Thread& thread, UserText path, UserText name, u64 value, u64 size, int flags) {
    return set(thread, TRY(by_path(thread, path, walk_follow)), name, value, size, flags);
}
Result<u64> lsetxattr(Thread& thread, UserText path, UserText name, u64 value, u64 size, int flags) {
    return set(thread, TRY(by_path(thread, path, 0)), name, value, size, flags);
}
Result<u64> fsetxattr(Thread& thread, int descriptor, UserText name, u64 value, u64 size, int flags) {
    return set(thread, TRY(by_descriptor(thread, descriptor)), name, value, size, flags);
}
Result<u64> getxattr(Thread& thread, UserText path, UserText name, u64 value, u64 size) {
    return get(thread, TRY(by_path(thread, path, walk_follow)), name, value, size);
}
Result<u64> lgetxattr(Thread& thread, UserText path, UserText name, u64 value, u64 size) {
    return get(thread, TRY(by_path(thread, path, 0)), name, value, size);
}
Result<u64> fgetxattr(Thread& thread, int descriptor, UserText name, u64 value, u64 size) {
    return get(thread, TRY(by_descriptor(thread, descriptor)), name, value, size);
}
Result<u64> listxattr(Thread& thread, UserText path, u64 to, u64 size) {
    return list(thread, TRY(by_path(thread, path, walk_follow)), to, size);
}
Result<u64> llistxattr(Thread& thread, UserText path, u64 to, u64 size) {
    return list(thread, TRY(by_path(thread, path, 0)), to, size);
}
Result<u64> flistxattr(Thread& thread, int descriptor, u64 to, u64 size) {
    return list(thread, TRY(by_descriptor(thread, descriptor)), to, size);
}
Result<u64> removexattr(Thread& thread, UserText path, UserText name) {
    return remove(thread, TRY(by_path(thread, path, walk_follow)), name);
}
Result<u64> lremovexattr(Thread& thread, UserText path, UserText name) {
    return remove(thread, TRY(by_path(thread, path, 0)), name);
}
Result<u64> fremovexattr(Thread& thread, int descriptor, UserText name) {
    return remove(thread, TRY(by_descriptor(thread, descriptor)), name);
}

}  // namespace litebox::sys
