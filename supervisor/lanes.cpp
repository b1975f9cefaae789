#include "supervisor/lanes.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "supervisor/usage.h"

namespace litebox::supervisor {

namespace {

struct HostMount {
    std::string place, type;
};

/// Spaces and the like are written as \ooo.
std::string unescape(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] != '\\' || i + 3 >= text.size()) {
            plain += text[i];
            continue;
        }
        plain += static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 | (text[i + 3] - '0'));
        i += 3;
    }
    return plain;
}

/// What stands before the next `end`, which goes too.
std::string_view take(std::string_view& text, char end) {
    size_t length = std::min(text.find(end), text.size());
    std::string_view taken = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    return taken;
}

/// Told by the kernel without asking the file systems themselves.
std::vector<HostMount> host_mounts() {
    std::vector<HostMount> mounts;
    const std::string text = read_file("/proc/self/mountinfo");
    for (std::string_view rest = text; !rest.empty();) {
        std::string_view line = take(rest, '\n');
        constexpr int fields_before_place = 4;
        for (int i = 0; i < fields_before_place; i++) take(line, ' ');
        std::string_view place = take(line, ' ');
        while (!line.empty() && take(line, ' ') != "-") {
        }
        if (!line.empty()) mounts.push_back({unescape(place), std::string(take(line, ' '))});
    }
    return mounts;
}

/// Served by another program or another machine: a request there may wait for ever.
bool may_not_answer(const std::string& type) {
    static constexpr std::string_view types[] = {"fuse", "fuseblk", "nfs",   "nfs4",    "cifs",   "smb3",
                                                 "9p",   "ceph",    "afs",   "coda",    "autofs", "lustre",
                                                 "gfs2", "ocfs2",   "ncpfs", "virtiofs"};
    return type.starts_with("fuse.") ||
           std::find(std::begin(types), std::end(types), type) != std::end(types);
}

bool is_beneath(std::string_view path, std::string_view directory) {
    if (directory == "/") return true;
    return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

/// The mount that a path lies on: the deepest, and of those at one place the last.
const HostMount* mount_of(const std::vector<HostMount>& mounts, const std::string& path) {
    const HostMount* found = nullptr;
    for (const HostMount& mount : mounts)
        if (is_beneath(path, mount.place) && (!found || mount.place.size() >= found->place.size()))
            found = &mount;
    return found;
}

class Assignment {
  public:
    Assignment(const RunOptions& options, const std::vector<GrantRoot>& roots, uint32_t identity)
        : options_(options), roots_(roots) {
        result_.lanes.push_back({identity, identity, false});
    }

    FileLanes run() {
        for (size_t i = 0; i < options_.grants.size(); i++) {
            const Grant& grant = options_.grants[i];
            bool temporary = grant.kind == Grant::Kind::temporary;
            result_.grant_lanes.push_back(temporary ? 0 : lane_of(i, grant));
        }
        return std::move(result_);
    }

  private:
    uint8_t lane_of(size_t number, const Grant& grant) {
        return find_or_add({roots_[number].uid, roots_[number].gid, is_slow(number, grant)});
    }

    bool is_slow(size_t number, const Grant& grant) {
        const HostMount* mount = mount_of(mounts_, grant.host);
        bool slow = mount != nullptr && may_not_answer(mount->type);
        if (slow && !grant.system && !options_.allow_slow_fs)
            throw std::runtime_error(grant.host + " lies on a " + mount->type +
                                     " file system, which may not answer: add --allow-slow-fs to grant it "
                                     "nevertheless");
        for (const HostMount& inner : mounts_) {
            if (inner.place == grant.host || !is_beneath(inner.place, grant.host)) continue;
            if (!may_not_answer(inner.type)) continue;
            if (options_.allow_slow_fs)
                slow = true;
            else
                result_.covered.push_back(
                    {number, inner.place.substr(grant.host == "/" ? 1 : grant.host.size() + 1)});
        }
        return slow;
    }

    /// A file system that may not answer has an opener of its own as long as there are any.
    uint8_t find_or_add(const process::FileLaneParameters& wanted) {
        auto& lanes = result_.lanes;
        bool full = lanes.size() == process::most_file_lanes;
        for (size_t i = 0; i < lanes.size(); i++)
            if (lanes[i].uid == wanted.uid && lanes[i].gid == wanted.gid && lanes[i].slow == wanted.slow &&
                (!wanted.slow || full))
                return static_cast<uint8_t>(i);
        if (full)
            throw std::runtime_error("the granted directories belong to more than " +
                                     std::to_string(process::most_file_lanes - 1) +
                                     " owners: grant fewer in one run");
        lanes.push_back(wanted);
        return static_cast<uint8_t>(lanes.size() - 1);
    }

    const RunOptions& options_;
    const std::vector<GrantRoot>& roots_;
    const std::vector<HostMount> mounts_ = host_mounts();
    FileLanes result_;
};

}  // namespace

FileLanes assign_lanes(const RunOptions& options, const std::vector<GrantRoot>& roots, uint32_t identity) {
    return Assignment(options, roots, identity).run();
}

}  // namespace litebox::supervisor
