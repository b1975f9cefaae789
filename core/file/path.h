// A Path is a place in the tree of names: a mount and a directory entry in it.
#pragma once

#include "core/base/lock.h"
#include "core/base/ref.h"
#include "core/base/string.h"

namespace litebox {

class Mount;
class Entry;  // a directory entry (name in a parent), cached
class Inode;
class Thread;

class Path {
  public:
    Path();
    Path(Ref<Mount> mount, Ref<Entry> entry);
    Path(const Path&);
    Path(Path&&) noexcept;
    Path& operator=(Path) noexcept;
    ~Path();
    [[nodiscard]] bool valid() const;
    [[nodiscard]] Ref<Inode> inode() const;
    [[nodiscard]] Mount* mount() const { return mount_.get(); }
    [[nodiscard]] Entry* entry() const { return entry_.get(); }
    /// Absolute text as seen from `root`, " (deleted)" appended when unlinked.
    Result<String> text(const Path& root) const;

  private:
    Ref<Mount> mount_;
    Ref<Entry> entry_;
};

/// Working and root directory and umask: clone's CLONE_FS shares it.
class FileContext : public RefCounted<FileContext> {
  public:
    static Result<Ref<FileContext>> create(Path root, Path working);
    Path root();
    Path working();
    void set_root(Path path);
    void set_working(Path path);
    Result<Ref<FileContext>> copy();
    std::atomic<u32> umask{022};

  private:
    Mutex mutex_{LockRank::leaf};
    Path root_, working_;
};

}  // namespace litebox
