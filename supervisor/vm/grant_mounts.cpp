#include "supervisor/vm/grant_mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace litebox::supervisor {

namespace {

std::string failure(const std::string& what) {
    return what + ": " + strerror(errno);
}

/// An empty directory over what may not answer.
std::string cover(const std::string& base, const FileLanes::Covered& covered) {
    std::string place = base + "/" + std::to_string(covered.grant) + "/" + covered.place;
    if (mount("litebox", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
              "mode=0555,size=4k") != 0)
        return failure("covering " + covered.place);
    return "";
}

}  // namespace

int take_mount(const char* path, bool read_only, int identities) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
    Descriptor tree(static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, path, flags)));
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    attributes.propagation = MS_PRIVATE;
    if (read_only) attributes.attr_set |= MOUNT_ATTR_RDONLY;
    if (identities >= 0) {
        attributes.attr_set |= MOUNT_ATTR_IDMAP;
        attributes.userns_fd = static_cast<uint64_t>(identities);
    }
    if (tree.get() < 0 || syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE,
                                  &attributes, sizeof(attributes)) != 0)
        return -1;
    return tree.release();
}

std::string place_mount(int mount, bool directory, const std::string& place) {
    bool made = directory ? mkdir(place.c_str(), 0755) == 0 : mknod(place.c_str(), S_IFREG | 0444, 0) == 0;
    if (!made || syscall(SYS_move_mount, mount, "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return failure("showing " + place);
    return "";
}

std::string change_root(const char* base) {
    if (chdir(base) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
        chdir("/") != 0 ||
        mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
              nullptr) != 0)
        return failure("changing the root");
    return "";
}

bool GrantMounts::take_one(const RunOptions& options, size_t number, int identities) {
    const Grant& grant = options.grants[number];
    taken_.resize(options.grants.size());
    struct stat status;
    if (lstat(grant.host.c_str(), &status) != 0) return false;
    // The sandbox was told of links already.
    if (S_ISLNK(status.st_mode)) return true;
    bool read_only = grant.kind == Grant::Kind::read_only;
    taken_[number].directory = S_ISDIR(status.st_mode);
    taken_[number].mount = Descriptor(take_mount(grant.host.c_str(), read_only, identities));
    return taken_[number].mount.get() >= 0;
}

std::string GrantMounts::take(const RunOptions& options) {
    taken_.resize(options.grants.size());
    for (size_t i = 0; i < taken_.size(); i++) {
        if (options.grants[i].kind == Grant::Kind::temporary || taken_[i].mount.get() >= 0) continue;
        if (!take_one(options, i, -1)) return failure("granting " + options.grants[i].host);
    }
    return "";
}

std::string GrantMounts::place(const std::string& base, const std::vector<FileLanes::Covered>& covered) {
    for (size_t i = 0; i < taken_.size(); i++) {
        if (taken_[i].mount.get() < 0) continue;
        std::string place = base + "/" + std::to_string(i);
        if (std::string problem = place_mount(taken_[i].mount.get(), taken_[i].directory, place);
            !problem.empty())
            return problem;
        taken_[i].mount.reset();
    }
    for (const FileLanes::Covered& mount : covered)
        if (std::string problem = cover(base, mount); !problem.empty()) return problem;
    return "";
}

}  // namespace litebox::supervisor
