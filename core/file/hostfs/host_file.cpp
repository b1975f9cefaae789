#include "core/file/hostfs/host_file.h"

#include "core/file/file_systems.h"
#include "core/kernel.h"

namespace litebox {

namespace {

class HostFile final : public File {
  public:
    HostFile(HostInode& node, u32 flags) : File(flags), node_(&node) {}
    ~HostFile() override {
        if (slot_ != platform::no_host_slot) node_->release_slot(with_write_);
    }
    Result<void> begin();

    Result<usize> read(IoCursor& to, u64& position) override;
    Result<usize> write(IoCursor& from, u64& position) override;
    [[nodiscard]] bool seekable() const override { return true; }
    Result<u64> seek(i64 offset, int whence) override;
    Result<MappingSource> map(u64 offset, u64 length, bool shared) override;
    Result<void> truncate(u64 size) override;
    Result<void> allocate(int mode, u64 offset, u64 length) override;
    Result<void> sync() override;
    Ref<Inode> inode() override { return node_; }
    Result<Attributes> attributes() override;

  private:
    Result<usize> read_front(IoCursor& to, u64 position);
    Result<u64> size();

    Ref<HostInode> node_;
    int slot_ = platform::no_host_slot;
    bool with_write_ = false;
};

Result<void> HostFile::begin() {
    with_write_ = writable();
    if (with_write_ && !node_->owner().writable()) return Errno::erofs;
    slot_ = TRY(node_->acquire_slot(with_write_));
    return {};
}

// The first piece of the cursor, as far as one call of the host goes, which may lie about how far that was.
Result<usize> HostFile::read_front(IoCursor& to, u64 position) {
    IoSegment piece = to.front();
    if (!to.is_user())
        return min(
            TRY(platform::host_read(slot_, reinterpret_cast<void*>(piece.address), piece.length, position)),
            piece.length);
    auto done = platform::host_read_user(slot_, piece.address, piece.length, position);
    if (!done.ok() && done.error() == Errno::efault) {
        TRY(to.fault_in_front(true));
        done = platform::host_read_user(slot_, piece.address, piece.length, position);
    }
    return min(TRY(std::move(done)), piece.length);
}

Result<usize> HostFile::read(IoCursor& to, u64& position) {
    usize total = 0;
    while (to.remaining() > 0) {
        u64 wanted = to.front().length;
        if (wanted == 0) break;
        auto done = read_front(to, position);
        if (!done.ok()) {
            if (total > 0) break;
            return done.error();
        }
        to.advance(done.value());
        position += done.value();
        total += done.value();
        if (done.value() < wanted) break;
    }
    return total;
}

Result<u64> HostFile::size() {
    return TRY(platform::host_attributes(slot_)).size;
}

Result<usize> HostFile::write(IoCursor& from, u64& position) {
    constexpr usize piece = 64 << 10;
    if (from.remaining() == 0) return usize{0};
    Vector<u8> buffer;
    TRY(buffer.reserve(min(from.remaining(), piece)));
    if ((flags() & open_append) != 0) position = TRY(size());
    usize total = 0;
    Result<usize> last = usize{0};
    while (from.remaining() > 0) {
        last = from.take(buffer.data(), min(from.remaining(), piece));
        if (!last.ok()) break;
        usize length = last.value(), done = 0;
        while (done < length) {
            last = platform::host_write(slot_, buffer.data() + done, length - done, position);
            if (!last.ok() || last.value() == 0) break;
            done += last.value();
            position += last.value();
            total += last.value();
        }
        if (done < length) break;
    }
    node_->forget_attributes();
    if (total > 0) return total;
    return last;
}

Result<u64> HostFile::seek(i64 offset, int whence) {
    enum { set = 0, current = 1, end = 2, data = 3, hole = 4 };
    if (whence == data || whence == hole) {
        if (offset < 0) return Errno::enxio;
        return position = TRY(platform::host_seek(slot_, static_cast<u64>(offset), whence == hole));
    }
    if (whence < set || whence > end) return Errno::einval;
    i64 base = whence == set ? 0 : static_cast<i64>(whence == current ? position : TRY(size()));
    i64 target;
    if (!checked_add(base, offset, &target) || target < 0) return Errno::einval;
    return position = static_cast<u64>(target);
}

Result<MappingSource> HostFile::map(u64 offset, u64, bool) {
    MappingSource source;
    source.kind = MappingSource::Kind::host_file;
    source.host_file = slot_;
    source.offset = offset;
    source.file = Ref<File>(this);
    return source;
}

Result<void> HostFile::truncate(u64 size) {
    auto done = platform::host_truncate(slot_, size);
    node_->forget_attributes();
    return done;
}

Result<void> HostFile::allocate(int mode, u64 offset, u64 length) {
    auto done = platform::host_allocate(slot_, mode, offset, length);
    node_->forget_attributes();
    return done;
}

Result<void> HostFile::sync() {
    if (!with_write_) return {};
    return platform::host_sync(slot_, false);
}

// While its name holds the inode knows; else the open slot does.
Result<Attributes> HostFile::attributes() {
    if (node_->known_fresh()) return node_->attributes();
    platform::HostAttributes now = TRY(platform::host_attributes(slot_));
    return attributes_from(now, node_->file_system().device());
}

}  // namespace

Result<Ref<File>> open_host_file(HostInode& inode, u32 flags) {
    Ref<HostFile> file = TRY(make_ref<HostFile>(inode, flags));
    TRY(file->begin());
    return Ref<File>(std::move(file));
}

}  // namespace litebox
