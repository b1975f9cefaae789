#include "supervisor/grants.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

namespace litebox::supervisor {

namespace {

platform::HostTime time_of(const statx_timestamp& from) {
    return {from.tv_sec, from.tv_nsec, 0};
}

/// As the opener tells them.
platform::HostAttributes attributes_of(const struct statx& s) {
    platform::HostAttributes to{};
    to.device = uint64_t{s.stx_dev_major} << 32 | s.stx_dev_minor;
    to.inode = s.stx_ino;
    to.mode = s.stx_mode;
    to.links = s.stx_nlink;
    to.uid = s.stx_uid;
    to.gid = s.stx_gid;
    to.size = s.stx_size;
    to.blocks = s.stx_blocks;
    to.block_size = s.stx_blksize;
    to.special_major = s.stx_rdev_major;
    to.special_minor = s.stx_rdev_minor;
    to.access = time_of(s.stx_atime);
    to.modify = time_of(s.stx_mtime);
    to.change = time_of(s.stx_ctime);
    to.birth = time_of(s.stx_btime);
    return to;
}

GrantRoot look_at(const Grant& grant, uint32_t identity) {
    GrantRoot root{identity, identity, {}, {}};
    struct statx status;
    if (grant.kind == Grant::Kind::temporary || statx(AT_FDCWD, grant.host.c_str(), AT_SYMLINK_NOFOLLOW,
                                                      STATX_BASIC_STATS | STATX_BTIME, &status) != 0)
        return root;
    root.attributes = attributes_of(status);
    if (!grant.system) {
        root.uid = status.stx_uid;
        root.gid = status.stx_gid;
    }
    if (S_ISLNK(status.stx_mode)) {
        char target[PATH_MAX];
        ssize_t length = readlink(grant.host.c_str(), target, sizeof(target));
        if (length > 0) root.link.assign(target, static_cast<size_t>(length));
    }
    return root;
}

}  // namespace

std::vector<GrantRoot> look_at_grants(const RunOptions& options, uint32_t identity) {
    std::vector<GrantRoot> roots;
    for (const Grant& grant : options.grants) roots.push_back(look_at(grant, identity));
    return roots;
}

}  // namespace litebox::supervisor
