// Repositories of which the current directory shows only a part.
#pragma once

#include <string>

namespace litebox::cli {

/// What the file `.git` of a directory says. It is part of what the program to be confined may have brought,
/// so it is believed only where the place it names says the same.
struct GitWorktree {
    std::string repository;  // where the rest of the repository lies; empty: all of it is here
    bool linked = false;     // the repository itself names this directory as one of its worktrees
};

/// Looks at `directory`, an absolute path without symbolic links.
GitWorktree find_git_worktree(const std::string& directory);

}  // namespace litebox::cli
