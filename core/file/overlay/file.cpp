// Open files and merged listings of the overlay.
#include "core/file/change.h"
#include "core/file/overlay/overlay.h"

namespace litebox {

namespace {

class OverlayFile final : public File {
  public:
    OverlayFile(OverlayInode& node, u32 flags) : File(flags), node_(&node) {}
    Result<void> begin();

    Result<usize> read(IoCursor& to, u64& position) override { return TRY(current())->read(to, position); }
    Result<usize> write(IoCursor& from, u64& position) override { return real_->write(from, position); }
    [[nodiscard]] bool seekable() const override { return true; }
    Result<u64> seek(i64 offset, int whence) override;
    Result<u64> ioctl(u32 command, u64 argument) override { return real_->ioctl(command, argument); }
    Result<MappingSource> map(u64 offset, u64 length, bool shared) override;
    Result<void> truncate(u64 size) override { return real_->truncate(size); }
    Result<void> allocate(int mode, u64 offset, u64 length) override {
        return real_->allocate(mode, offset, length);
    }
    Result<void> sync() override { return {}; }
    Ref<Inode> inode() override { return node_; }
    Result<Attributes> attributes() override { return node_->attributes(); }

  private:
    Result<File*> current();

    Ref<OverlayInode> node_;
    Ref<File> real_;
    bool from_lower_ = false;
    std::atomic<File*> copy_{nullptr};  // counted: what replaced real_ when the file was copied up meanwhile
    Mutex mutex_{LockRank::leaf};

  public:
    ~OverlayFile() override {
        if (File* copy = copy_.load()) copy->unref();
    }
};

Result<void> OverlayFile::begin() {
    bool writes = (flags() & open_access_mode) != open_read_only;
    if (writes) TRY(node_->copy_up((flags() & open_truncate) == 0));
    from_lower_ = node_->upper() == nullptr;
    Inode& real = from_lower_ ? *node_->lower() : *node_->upper();
    real_ = TRY(real.open(flags()));
    return {};
}

// A reader that opened the file below goes on with the copy once there is one.
Result<File*> OverlayFile::current() {
    if (!from_lower_ || node_->upper() == nullptr) return real_.get();
    if (File* copy = copy_.load(std::memory_order_acquire)) return copy;
    Ref<File> opened = TRY(node_->upper()->open(flags()));
    File* expected = nullptr;
    if (copy_.compare_exchange_strong(expected, opened.get(), std::memory_order_acq_rel))
        return opened.leak();
    return expected;
}

Result<u64> OverlayFile::seek(i64 offset, int whence) {
    File* file = TRY(current());
    // The position is ours; the file below only knows its size, data and holes.
    file->position = position;
    return position = TRY(file->seek(offset, whence));
}

Result<MappingSource> OverlayFile::map(u64 offset, u64 length, bool shared) {
    File* file = TRY(current());
    MappingSource source = TRY(file->map(offset, length, shared));
    // The mapping names us, and we keep the file below and its slot.
    source.file = Ref<File>(this);
    return source;
}

}  // namespace

Result<Ref<File>> open_overlay_file(OverlayInode& inode, u32 flags) {
    Ref<OverlayFile> file = TRY(make_ref<OverlayFile>(inode, flags));
    TRY(file->begin());
    return Ref<File>(std::move(file));
}

namespace {

// Host file systems use 63 bits for positions (ext4: hashes of names).
constexpr u64 lower_part = u64{1} << 63;

// Names of memory, without whiteouts.
class UpperSink final : public DirectorySink {
  public:
    explicit UpperSink(DirectorySink& sink) : sink_(sink) {}
    bool entry(string_view name, u64 inode, u32 type, u64 next_position) override {
        if (type == mode_whiteout) return true;
        full = !sink_.entry(name, inode, type, next_position);
        return !full;
    }
    bool full = false;

  private:
    DirectorySink& sink_;
};

// Names from below that memory does not have.
class LowerSink final : public DirectorySink {
  public:
    LowerSink(Inode* upper, DirectorySink& sink) : upper_(upper), sink_(sink) {}
    bool entry(string_view name, u64 inode, u32 type, u64 next_position) override {
        last = next_position;
        any = true;
        if (upper_ != nullptr && upper_->lookup(name).ok()) return true;
        full = !sink_.entry(name, inode, type, next_position | lower_part);
        return !full;
    }
    bool full = false, any = false;
    u64 last = 0;

  private:
    Inode* upper_;
    DirectorySink& sink_;
};

}  // namespace

Result<void> OverlayInode::read_directory(u64 position, DirectorySink& sink) {
    Inode* above = upper();
    if (above != nullptr && (position & lower_part) == 0) {
        UpperSink names(sink);
        TRY(above->read_directory(position, names));
        if (names.full || !lower_) return {};
        position = lower_part;
    }
    if (!lower_) return {};
    u64 from = position & ~lower_part;
    // A part of the listing may consist of covered names only: go on until something is passed.
    for (;;) {
        LowerSink names(above, sink);
        TRY(lower_->read_directory(from, names));
        if (names.full || !names.any) return {};
        from = names.last;
    }
}

}  // namespace litebox
