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
    /// The same; false when the place cannot be reached from `root` (then the text begins at its mount's
    /// top).
    Result<bool> append_text(const Path& root, Vector<char>& to) const;
    /// Its name is gone.
    [[nodiscard]] bool unlinked() const;
    bool operator==(const Path& other) const;

  private:
    Ref<Mount> mount_;
    Ref<Entry> entry_;
};

/// A place as a walk without references holds it: valid while entry->unchanged(sequence).
struct PlaceView {
    Mount* mount = nullptr;
    Entry* entry = nullptr;
    u32 sequence = 0;
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
    /// Both places without a reference and without a lock; false: they change just now, use root() and
    /// working().
    bool view(PlaceView* root, PlaceView* working) const;
    std::atomic<u32> umask{022};

    FileContext() = default;  // empty: call create()

  private:
    void publish();

    Mutex mutex_{LockRank::leaf};
    Path root_, working_;
    std::atomic<u32> sequence_{0};
    std::atomic<Mount*> raw_mount_[2] = {};
    std::atomic<Entry*> raw_entry_[2] = {};
};

}  // namespace litebox
