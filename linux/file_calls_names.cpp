// mkdir, unlink, rename and the other calls about names.
#include "core/file/file_systems.h"
#include "core/file/permission.h"
#include "core/kernel.h"
#include "core/task/process.h"
#include "linux/file_calls.h"

namespace litebox::sys {

Result<u64> mkdir(Thread& thread, UserText path, u32 mode) {
    return mkdirat(thread, at_working_directory, path, mode);
}
Result<u64> mkdirat(Thread& thread, int directory, UserText path, u32 mode) {
    PathName name;
    TRY(name.fetch(path));
    TRY(make_node(thread, directory, name.view(), mode_directory | (mode & 07777), 0));
    return u64{0};
}

Result<u64> mknod(Thread& thread, UserText path, u32 mode, u32 device) {
    return mknodat(thread, at_working_directory, path, mode, device);
}
Result<u64> mknodat(Thread& thread, int directory, UserText path, u32 mode, u32 device) {
    u32 type = mode & mode_type;
    if (type == 0) type = mode_regular;
    if (type == mode_directory) return Errno::eperm;
    if (type == mode_symlink) return Errno::einval;
    bool device_node = type == mode_character || type == mode_block;
    if (type != mode_regular && type != mode_fifo && type != mode_socket && !device_node)
        return Errno::einval;
    PathName name;
    TRY(name.fetch(path));
    TRY(make_node(thread, directory, name.view(), type | (mode & 07777), device_node ? device : 0));
    return u64{0};
}

Result<u64> rmdir(Thread& thread, UserText path) {
    return unlinkat(thread, at_working_directory, path, at_remove_directory);
}
Result<u64> unlink(Thread& thread, UserText path) {
    return unlinkat(thread, at_working_directory, path, 0);
}
Result<u64> unlinkat(Thread& thread, int directory, UserText path, int flags) {
    if ((flags & ~static_cast<int>(at_remove_directory)) != 0) return Errno::einval;
    PathName name;
    TRY(name.fetch(path));
    TRY(remove_name(thread, directory, name.view(), flags != 0));
    return u64{0};
}

Result<u64> link(Thread& thread, UserText from, UserText to) {
    return linkat(thread, at_working_directory, from, at_working_directory, to, 0);
}
Result<u64> linkat(Thread& thread, int from_directory, UserText from, int to_directory, UserText to,
                   int flags) {
    if ((flags & ~static_cast<int>(at_follow | at_empty_path)) != 0) return Errno::einval;
    PathName source, target;
    TRY(source.fetch(from));
    TRY(target.fetch(to));
    TRY(make_link(thread, from_directory, source.view(), to_directory, target.view(),
                  static_cast<u32>(flags)));
    return u64{0};
}

Result<u64> symlink(Thread& thread, UserText target, UserText path) {
    return symlinkat(thread, target, at_working_directory, path);
}
Result<u64> symlinkat(Thread& thread, UserText target, int directory, UserText path) {
    PathName text, name;
    TRY(text.fetch(target));
    TRY(name.fetch(path));
    TRY(make_symlink(thread, text.view(), directory, name.view()));
    return u64{0};
}

Result<u64> rename(Thread& thread, UserText from, UserText to) {
    return renameat2(thread, at_working_directory, from, at_working_directory, to, 0);
}
Result<u64> renameat(Thread& thread, int from_directory, UserText from, int to_directory, UserText to) {
    return renameat2(thread, from_directory, from, to_directory, to, 0);
}
Result<u64> renameat2(Thread& thread, int from_directory, UserText from, int to_directory, UserText to,
                      u32 flags) {
    PathName source, target;
    TRY(source.fetch(from));
    TRY(target.fetch(to));
    TRY(rename_file(thread, from_directory, source.view(), to_directory, target.view(), flags));
    return u64{0};
}

Result<u64> readlink(Thread& thread, UserText path, u64 buffer, int size) {
    return readlinkat(thread, at_working_directory, path, buffer, size);
}
Result<u64> readlinkat(Thread& thread, int directory, UserText path, u64 buffer, int size) {
    if (size <= 0) return Errno::einval;
    PathName name;
    TRY(name.fetch(path));
    WalkResult at = TRY(walk(thread, directory, name.view(), walk_empty));
    Ref<Inode> inode = at.path.inode();
    if (inode->type() != mode_symlink) return name.view().empty() ? Errno::enoent : Errno::einval;
    String target = TRY(inode->read_link());
    usize length = min(target.size(), static_cast<usize>(size));
    TRY(copy_to_user(buffer, target.view().data(), length));
    return length;
}

Result<u64> getcwd(Thread& thread, u64 buffer, u64 size) {
    Path working = thread.directory->working();
    if (working.unlinked()) return Errno::enoent;
    Vector<char> text;
    constexpr string_view outside = "(unreachable)";
    bool reached = TRY(working.append_text(thread.directory->root(), text));
    TRY(text.push('\0'));
    usize prefix = reached ? 0 : outside.size();
    if (text.size() + prefix > size) return Errno::erange;
    if (prefix != 0) TRY(copy_to_user(buffer, outside.data(), prefix));
    TRY(copy_to_user(buffer + prefix, text.data(), text.size()));
    return text.size() + prefix;
}

Result<u64> chdir(Thread& thread, UserText path) {
    PathName name;
    TRY(name.fetch(path));
    WalkResult at = TRY(walk(thread, at_working_directory, name.view(), walk_follow | walk_directory));
    TRY(check_search(*thread.credentials, *at.path.entry()));
    thread.directory->set_working(std::move(at.path));
    return u64{0};
}

Result<u64> fchdir(Thread& thread, int descriptor) {
    Ref<File> file = TRY(thread.files->get(descriptor));
    if (!file->path.valid() || !file->path.entry()->directory()) return Errno::enotdir;
    TRY(check_search(*thread.credentials, *file->path.entry()));
    thread.directory->set_working(file->path);
    return u64{0};
}

Result<u64> chroot(Thread& thread, UserText path) {
    PathName name;
    TRY(name.fetch(path));
    WalkResult at = TRY(walk(thread, at_working_directory, name.view(), walk_follow | walk_directory));
    TRY(check_search(*thread.credentials, *at.path.entry()));
    if (!thread.credentials->capable(cap_sys_chroot)) return Errno::eperm;
    thread.directory->set_root(std::move(at.path));
    return u64{0};
}

Result<u64> umask(Thread& thread, u32 mask) {
    return thread.directory->umask.exchange(mask & 0777);
}

Result<u64> mount(Thread&, UserText, UserText, UserText, u64, u64) {
    return Errno::eperm;
}
Result<u64> umount2(Thread&, UserText, int) {
    return Errno::eperm;
}
Result<u64> pivot_root(Thread&, UserText, UserText) {
    return Errno::eperm;
}

}  // namespace litebox::sys
