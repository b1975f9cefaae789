// The grants as detached mounts: taken from the host's tree, placed in a small root that shows nothing else.
#pragma once

#include <string>
#include <vector>

#include "supervisor/descriptor.h"
#include "supervisor/lanes.h"
#include "supervisor/supervisor.h"

namespace litebox::supervisor {

/// A detached copy of what is mounted at `path`, closed for device files and set-user-id programs, and for
/// writing if `read_only`. `identities` is a user namespace whose map the mount gets; -1: ids stay as they
/// are. What the host mounts beneath it later stays outside. -1 and errno where that fails.
int take_mount(const char* path, bool read_only, int identities);

/// Makes an empty file or directory at `place` and attaches the mount there. An empty text, or what failed.
std::string place_mount(int mount, bool directory, const std::string& place);

/// Makes `base` the root, closed for writing, and lets go of the old one.
std::string change_root(const char* base);

class GrantMounts {
  public:
    /// Before the host's tree goes out of sight. Those taken already (take_one) stay.
    std::string take(const RunOptions& options);
    /// One grant, with a map of identities; false, and errno, where the file system has none.
    bool take_one(const RunOptions& options, size_t number, int identities);
    /// Beneath `base`, by number; what `covered` names shows empty.
    std::string place(const std::string& base, const std::vector<FileLanes::Covered>& covered);

  private:
    struct Taken {
        Descriptor mount;
        bool directory = false;
    };
    std::vector<Taken> taken_;
};

}  // namespace litebox::supervisor
