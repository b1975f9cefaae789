// Open regular files of an image.
#include "core/file/imagefs/image.h"

namespace litebox {

namespace {

class ImageFile final : public File {
  public:
    ImageFile(ImageInode& node, Ref<MemoryObject> contents, u32 flags)
        : File(flags), node_(&node), contents_(std::move(contents)) {}

    Result<usize> read(IoCursor& to, u64& position) override {
        usize done = TRY(contents_->read(to, position));
        position += done;
        return done;
    }
    [[nodiscard]] bool seekable() const override { return true; }
    Result<u64> seek(i64 offset, int whence) override;
    Result<MappingSource> map(u64 offset, u64 length, bool shared) override;
    Result<void> sync() override { return {}; }
    Ref<Inode> inode() override { return node_; }
    Result<Attributes> attributes() override { return node_->attributes(); }

  private:
    Ref<ImageInode> node_;
    Ref<MemoryObject> contents_;
};

// Holes are not told from data, as on Linux.
Result<u64> ImageFile::seek(i64 offset, int whence) {
    enum { set = 0, current = 1, end = 2, data = 3, hole = 4 };
    u64 size = node_->size();
    if (whence == data || whence == hole) {
        if (offset < 0 || static_cast<u64>(offset) >= size) return Errno::enxio;
        return position = whence == data ? static_cast<u64>(offset) : size;
    }
    if (whence < set || whence > end) return Errno::einval;
    i64 base = whence == set ? 0 : static_cast<i64>(whence == current ? position : size);
    i64 target;
    if (!checked_add(base, offset, &target) || target < 0) return Errno::einval;
    return position = static_cast<u64>(target);
}

Result<MappingSource> ImageFile::map(u64 offset, u64, bool) {
    MappingSource source;
    source.kind = MappingSource::Kind::object;
    source.object = contents_;
    source.offset = offset;
    source.file = Ref<File>(this);
    return source;
}

}  // namespace

Result<Ref<File>> open_image_file(ImageInode& inode, u32 flags) {
    if ((flags & open_access_mode) != open_read_only) return Errno::erofs;
    return Ref<File>(TRY(make_ref<ImageFile>(inode, TRY(inode.contents()), flags)));
}

}  // namespace litebox
