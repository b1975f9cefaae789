#include "core/file/directory_file.h"

#include "core/file/entry.h"

namespace litebox {

namespace {

class DirectoryFile final : public File {
  public:
    DirectoryFile(Inode& directory, u32 flags) : File(flags), directory_(&directory) {}
    Result<usize> read(IoCursor&, u64&) override { return Errno::eisdir; }
    Result<usize> write(IoCursor&, u64&) override { return Errno::ebadf; }
    [[nodiscard]] bool seekable() const override { return true; }
    Result<u64> seek(i64 offset, int whence) override;
    Result<void> read_directory(DirectorySink& sink) override;
    Result<void> sync() override { return {}; }
    Ref<Inode> inode() override { return directory_; }

  private:
    Ref<Inode> directory_;
};

Result<u64> DirectoryFile::seek(i64 offset, int whence) {
    i64 base = whence == 1 ? static_cast<i64>(position) : 0;
    if (whence != 0 && whence != 1) return Errno::einval;
    i64 target;
    if (!checked_add(base, offset, &target) || target < 0) return Errno::einval;
    return position = static_cast<u64>(target);
}

// Remembers how far the entries were taken.
class Tracker final : public DirectorySink {
  public:
    Tracker(DirectorySink& sink, u64& position) : sink_(sink), position_(position) {}
    bool entry(string_view name, u64 inode, u32 type, u64 next_position) override {
        if (!sink_.entry(name, inode, type, next_position)) return false;
        position_ = next_position;
        return true;
    }

  private:
    DirectorySink& sink_;
    u64& position_;
};

Result<void> DirectoryFile::read_directory(DirectorySink& sink) {
    if (path.unlinked()) return Errno::enoent;
    Tracker tracker(sink, position);
    if (position < 2) {
        u64 own = TRY(directory_->attributes()).inode;
        if (position == 0 && !tracker.entry(".", own, mode_directory, 1)) return {};
        u64 above = own;
        if (Ref<Entry> parent = path.valid() ? path.entry()->parent() : Ref<Entry>())
            above = TRY(parent->inode()->attributes()).inode;
        if (position == 1 && !tracker.entry("..", above, mode_directory, 2)) return {};
    }
    return directory_->read_directory(position, tracker);
}

}  // namespace

Result<Ref<File>> open_directory_file(Inode& directory, u32 flags) {
    return Ref<File>(TRY(make_ref<DirectoryFile>(directory, flags)));
}

}  // namespace litebox
