// Namespaces, identity and the mounts of the grants: what the opener's process does before it becomes the
// sandbox image.
#pragma once

#include "supervisor/lanes.h"

namespace litebox::supervisor {

/// In the child: enters new namespaces and makes the tree of grants its root. `sync` is a socket to the
/// parent, which writes the identity maps when it is root. Returns an empty text, or what failed and what to
/// do.
std::string enter_namespaces(const RunOptions& options, const std::vector<FileLanes::Covered>& covered,
                             int sync, uint32_t identity);
/// In the parent: the identity maps of `child`, when the invoker is root.
bool write_identity_maps(int child);
/// The unprivileged id of this run, when the invoker is root.
uint32_t run_identity();

}  // namespace litebox::supervisor
