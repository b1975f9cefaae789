#include "supervisor/view.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace litebox::supervisor {

namespace {

std::string failure(const std::string& what) {
    return what + ": " + strerror(errno);
}

bool write_file(const char* path, const std::string& text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool good = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    close(file);
    return good;
}

/// What a grant shows, taken from the old tree before it goes out of sight.
struct Taken {
    int tree = -1;  // detached mount; -1: nothing to place
    bool directory = false;
};

std::string take_grant(const Grant& grant, Taken& taken) {
    struct stat status;
    if (lstat(grant.host.c_str(), &status) != 0) return failure(grant.host);
    // The sandbox was told of links already.
    if (S_ISLNK(status.st_mode)) return "";
    taken.directory = S_ISDIR(status.st_mode);
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
    taken.tree = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, grant.host.c_str(), flags));
    if (taken.tree < 0) return failure("granting " + grant.host);
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    // What the host mounts beneath it later stays outside.
    attributes.propagation = MS_PRIVATE;
    if (grant.kind == Grant::Kind::read_only) attributes.attr_set |= MOUNT_ATTR_RDONLY;
    if (syscall(SYS_mount_setattr, taken.tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                sizeof(attributes)) != 0)
        return failure("granting " + grant.host);
    return "";
}

std::string place_grant(const Taken& taken, const std::string& place) {
    if (taken.tree < 0) return "";
    bool made =
        taken.directory ? mkdir(place.c_str(), 0755) == 0 : mknod(place.c_str(), S_IFREG | 0444, 0) == 0;
    if (!made ||
        syscall(SYS_move_mount, taken.tree, "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return failure("placing a grant");
    close(taken.tree);
    return "";
}

/// An empty directory over what may not answer.
std::string cover(const char* base, const FileLanes::Covered& covered) {
    std::string place = std::string(base) + "/" + std::to_string(covered.grant) + "/" + covered.place;
    if (mount("litebox", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
              "mode=0555,size=4k") != 0)
        return failure("covering " + covered.place);
    return "";
}

/// A root of nothing but the grants, by number.
std::string build_root(const RunOptions& options, const std::vector<FileLanes::Covered>& covered) {
    // In the mount namespace of a new user namespace nothing that is done here reaches the host's mounts.
    std::vector<Taken> taken(options.grants.size());
    for (size_t i = 0; i < taken.size(); i++) {
        if (options.grants[i].kind == Grant::Kind::temporary) continue;
        if (std::string problem = take_grant(options.grants[i], taken[i]); !problem.empty()) return problem;
    }
    constexpr const char* base = "/tmp";
    if (mount("litebox", base, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m") != 0)
        return failure("a root for the grants");
    for (size_t i = 0; i < taken.size(); i++) {
        if (options.grants[i].kind == Grant::Kind::temporary) continue;
        std::string place = std::string(base) + "/" + std::to_string(i);
        if (std::string problem = place_grant(taken[i], place); !problem.empty()) return problem;
    }
    for (const FileLanes::Covered& mount : covered)
        if (std::string problem = cover(base, mount); !problem.empty()) return problem;
    if (chdir(base) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
        chdir("/") != 0)
        return failure("changing the root");
    if (mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
              nullptr) != 0)
        return failure("changing the root");
    return "";
}

/// The openers become whom they look at files as; they need that and nothing else.
std::string keep_identity_capabilities() {
    constexpr int set_gid = 6, set_uid = 7;
    struct {
        uint32_t version;
        int pid;
    } header{0x20080522, 0};
    struct {
        uint32_t effective, permitted, inheritable;
    } words[2] = {};
    constexpr uint32_t both = 1u << set_gid | 1u << set_uid;
    words[0] = {both, both, both};
    if (syscall(SYS_capset, &header, words) != 0) return failure("giving up capabilities");
    for (int capability : {set_gid, set_uid})
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
            return failure("keeping a capability");
    return "";
}

}  // namespace

uint32_t run_identity() {
    // Process numbers are below 2^22, so no two sandboxes that run at the same time have one in common.
    constexpr uint32_t first = 1'000'000'000;
    return first + static_cast<uint32_t>(getpid());
}

bool write_identity_maps(int child) {
    std::string base = "/proc/" + std::to_string(child);
    // All ids as they are, so that files show their owners; the sandbox's own id is none of them that owns
    // anything.
    return write_file((base + "/uid_map").c_str(), "0 0 4294967295") &&
           write_file((base + "/gid_map").c_str(), "0 0 4294967295");
}

std::string enter_namespaces(const RunOptions& options, const std::vector<FileLanes::Covered>& covered,
                             int sync, uint32_t identity) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    bool root = uid == 0;
    if (root) {
        if (setgroups(0, nullptr) != 0 || setresgid(identity, identity, identity) != 0 ||
            setresuid(identity, identity, identity) != 0)
            return failure(
                "giving up root for an identity of this run (root of a user namespace with few ids cannot; "
                "run it as an ordinary user)");
        // Another identity also forgets that we end with the supervisor.
        if (prctl(PR_SET_DUMPABLE, 1) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return failure("prctl");
    }
    constexpr int kinds =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID;
    if (unshare(kinds) != 0)
        return failure(
            "namespaces are not to be had; `litebox doctor` says what this host offers and how to get the "
            "rest");
    if (root) {
        char byte = 'u';
        if (write(sync, &byte, 1) != 1 || read(sync, &byte, 1) != 1 || byte != 'm')
            return "the identity maps could not be written";
    } else {
        write_file("/proc/self/setgroups", "deny");
        if (!write_file("/proc/self/uid_map", std::to_string(uid) + " " + std::to_string(uid) + " 1") ||
            !write_file("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1"))
            return failure("identity maps");
    }
    if (std::string problem = build_root(options, covered); !problem.empty()) return problem;
    return root ? keep_identity_capabilities() : "";
}

}  // namespace litebox::supervisor
