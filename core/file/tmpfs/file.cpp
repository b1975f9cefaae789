// Regular files of tmpfs: open files, memory files and their seals.
#include "core/file/file_systems.h"
#include "core/file/tmpfs/tmpfs.h"
#include "core/kernel.h"
#include "core/task/thread.h"

namespace litebox {

namespace {

enum Seal : u32 { seal_seal = 1, seal_shrink = 2, seal_grow = 4, seal_write = 8, seal_future_write = 16 };

class TmpfsFile final : public File {
  public:
    TmpfsFile(Ref<TmpfsRegular> node, u32 flags) : File(flags), node_(std::move(node)) {}

    Result<usize> read(IoCursor& to, u64& position) override;
    Result<usize> write(IoCursor& from, u64& position) override;
    [[nodiscard]] bool seekable() const override { return true; }
    Result<u64> seek(i64 offset, int whence) override;
    Result<MappingSource> map(u64 offset, u64 length, bool shared) override;
    Result<void> may_map(bool shared, u8 protection, u8* max_protection) override;
    Result<void> truncate(u64 size) override;
    Result<void> allocate(int mode, u64 offset, u64 length) override;
    Result<void> sync() override { return {}; }
    Ref<Inode> inode() override { return node_; }
    Result<Attributes> attributes() override { return node_->attributes(); }
    [[nodiscard]] TmpfsRegular& node() const { return *node_; }

  private:
    Result<usize> append(IoCursor& from, u64& position);

    Ref<TmpfsRegular> node_;
};

Result<usize> TmpfsFile::read(IoCursor& to, u64& position) {
    usize done = TRY(node_->object().read(to, position));
    position += done;
    if ((flags() & open_no_access_time) == 0) node_->touch_read();
    return done;
}

bool keeps_privileges() {
    return current_thread()->credentials->capable(cap_fsetid);
}

Result<usize> TmpfsFile::write(IoCursor& from, u64& position) {
    if (from.remaining() == 0) return usize{0};
    u32 seals = node_->seals.load(std::memory_order_relaxed);
    if ((seals & (seal_write | seal_future_write)) != 0) return Errno::eperm;
    if ((flags() & open_append) != 0) return append(from, position);
    u64 end;
    if (!checked_add<u64>(position, from.remaining(), &end)) return Errno::efbig;
    if ((seals & seal_grow) != 0 && end > node_->object().size()) return Errno::eperm;
    usize done = TRY(node_->object().write(from, position));
    position += done;
    node_->touch_write(keeps_privileges());
    return done;
}

Result<usize> TmpfsFile::append(IoCursor& from, u64& position) {
    usize length = from.remaining();
    u64 start = TRY(node_->reserve_append(length));
    auto written = node_->object().write(from, start);
    usize done = written.ok() ? written.value() : 0;
    if (done < length) node_->cancel_append(start + done, start + length);
    if (!written.ok()) return written.error();
    position = start + done;
    node_->touch_write(keeps_privileges());
    return done;
}

Result<u64> TmpfsFile::seek(i64 offset, int whence) {
    enum { set = 0, current = 1, end = 2, data = 3, hole = 4 };
    MemoryObject& object = node_->object();
    if (whence == data || whence == hole) {
        if (offset < 0 || static_cast<u64>(offset) >= object.size()) return Errno::enxio;
        auto at = static_cast<u64>(offset);
        return position = TRY(whence == data ? object.seek_data(at) : object.seek_hole(at));
    }
    if (whence < set || whence > end) return Errno::einval;
    i64 base = whence == set ? 0 : static_cast<i64>(whence == current ? position : object.size());
    i64 target;
    if (!checked_add(base, offset, &target) || target < 0) return Errno::einval;
    return position = static_cast<u64>(target);
}

Result<MappingSource> TmpfsFile::map(u64 offset, u64, bool) {
    MappingSource source;
    source.kind = MappingSource::Kind::object;
    source.object = node_->object_reference();
    source.offset = offset;
    source.file = Ref<File>(this);
    return source;
}

Result<void> TmpfsFile::may_map(bool shared, u8 protection, u8* max_protection) {
    u32 seals = node_->seals.load(std::memory_order_relaxed);
    if (!shared || (seals & (seal_write | seal_future_write)) == 0) return {};
    if ((protection & platform::prot_write) != 0) return Errno::eperm;
    *max_protection &= static_cast<u8>(~platform::prot_write);
    return {};
}

Result<void> TmpfsFile::truncate(u64 size) {
    AttributeChange change;
    change.fields = AttributeChange::size | AttributeChange::modify | AttributeChange::change;
    change.new_size = size;
    change.new_modify = change.new_change = Timestamp::now();
    return node_->set_attributes(change);
}

Result<void> TmpfsFile::allocate(int mode, u64 offset, u64 length) {
    constexpr int keep_size = 1, punch_hole = 2;
    MemoryObject& object = node_->object();
    u32 seals = node_->seals.load(std::memory_order_relaxed);
    u64 end = offset + length;
    if ((mode & ~(keep_size | punch_hole)) != 0) return Errno::eopnotsupp;
    if ((mode & punch_hole) != 0) {
        if ((mode & keep_size) == 0) return Errno::eopnotsupp;
        if ((seals & (seal_write | seal_future_write)) != 0) return Errno::eperm;
        TRY(object.punch_hole(offset, length));
        node_->touch_write(true);
        return {};
    }
    if ((seals & seal_grow) != 0 && end > object.size()) return Errno::eperm;
    u64 before = object.size();
    if ((mode & keep_size) == 0 && end > before) TRY(object.resize(end));
    // Pages beyond the size are not kept for later: KEEP_SIZE reserves what is inside.
    u64 inside = min(end, object.size());
    if (offset < inside) {
        if (auto filled = object.allocate(offset, inside - offset); !filled.ok()) {
            if (object.size() != before) (void)object.resize(before).ok();
            return filled.error();
        }
    }
    node_->touch_write(true);
    return {};
}

}  // namespace

Result<Ref<File>> TmpfsRegular::open(u32 flags) {
    return Ref<File>(TRY(make_ref<TmpfsFile>(Ref<TmpfsRegular>(this), flags)));
}

void TmpfsRegular::fill(Attributes& attributes) {
    attributes.size = object_->size();
    attributes.blocks = object_->resident_pages() * (page_size / 512);
}

Result<void> TmpfsRegular::resize(u64 size) {
    u32 sealed = seals.load(std::memory_order_relaxed);
    u64 before = object_->size();
    if ((size < before && (sealed & seal_shrink) != 0) || (size > before && (sealed & seal_grow) != 0))
        return Errno::eperm;
    return object_->resize(size);
}

// relatime: only the first read after a change, or once a day. Reading the clock takes longer than a small
// read does otherwise, so whether a day has passed is looked at now and then.
void TmpfsRegular::touch_read() {
    constexpr u32 reads_without_look = 32;
    constexpr i64 day = 86400;
    {
        LockGuard guard(mutex_);
        if (!accessed_before_change() && ++reads_since_look_ < reads_without_look) return;
        reads_since_look_ = 0;
    }
    Timestamp now = Timestamp::now();
    LockGuard guard(mutex_);
    if (accessed_before_change() || now.seconds - access_.seconds >= day) access_ = now;
}

/// Under the lock.
bool TmpfsRegular::accessed_before_change() const {
    return access_.seconds < modify_.seconds ||
           (access_.seconds == modify_.seconds && access_.nanoseconds <= modify_.nanoseconds) ||
           access_.seconds < change_.seconds;
}

void TmpfsRegular::touch_write(bool keep_privileges) {
    Timestamp now = Timestamp::now();
    LockGuard guard(mutex_);
    modify_ = change_ = now;
    if (keep_privileges || (mode_ & (mode_setuid | mode_setgid)) == 0) return;
    mode_ &= ~static_cast<u32>(mode_setuid);
    if ((mode_ & 010) != 0) mode_ &= ~static_cast<u32>(mode_setgid);
}

// Two appenders must not write over each other, and no lock may be held while the caller's memory is read: so
// the room is taken first, by growing the file.
Result<u64> TmpfsRegular::reserve_append(u64 length) {
    LockGuard guard(mutex_);
    u64 start = object_->size(), end;
    if (!checked_add(start, length, &end) || end > u64{1} << 62) return Errno::efbig;
    if ((seals.load(std::memory_order_relaxed) & seal_grow) != 0) return Errno::eperm;
    TRY(object_->resize(end));
    return start;
}

void TmpfsRegular::cancel_append(u64 written_end, u64 reserved_end) {
    LockGuard guard(mutex_);
    if (object_->size() == reserved_end) (void)object_->resize(written_end).ok();
}

Result<Ref<TmpfsInode>> Tmpfs::make_regular(u32 mode, u32 uid, u32 gid) {
    Ref<MemoryObject> object = TRY(MemoryObject::create(quota_));
    if (ScratchDisk* scratch = kernel().files->scratch) object->use_scratch(*scratch);
    TRY(take_inode());
    auto made =
        make_ref<TmpfsRegular>(*this, mode_regular | (mode & mode_permissions), uid, gid, std::move(object));
    if (!made.ok()) give_inode();
    return Ref<TmpfsInode>(TRY(made));
}

Result<Ref<File>> create_memory_file(string_view name, u32 mode, bool allow_sealing) {
    FileSystems& files = *kernel().files;
    auto& tmpfs = static_cast<Tmpfs&>(*files.memory_mount->file_system);
    const Credentials& who = *current_thread()->credentials;
    Ref<TmpfsInode> node = TRY(tmpfs.make_regular(mode, who.fsuid, who.fsgid));
    if (allow_sealing) static_cast<TmpfsRegular&>(*node).seals = 0;
    Ref<File> file = TRY(node->open(open_read_write | open_large_file));
    Ref<Entry> entry = TRY(files.entries.make(files.memory_mount->root.get(), name, std::move(node)));
    entry->set_flag(entry_unlinked);
    file->path = Path(Ref<Mount>(files.memory_mount), std::move(entry));
    return file;
}

namespace {

TmpfsRegular* sealable(File& file) {
    Ref<Inode> inode = file.inode();
    FileSystems& files = *kernel().files;
    if (!inode || inode->type() != mode_regular ||
        &inode->file_system() != files.memory_mount->file_system.get())
        return nullptr;
    return static_cast<TmpfsRegular*>(inode.get());
}

}  // namespace

Result<void> add_seals(File& file, u32 seals) {
    TmpfsRegular* node = sealable(file);
    constexpr u32 known = seal_seal | seal_shrink | seal_grow | seal_write | seal_future_write;
    if (node == nullptr || (seals & ~known) != 0) return Errno::einval;
    if (!file.writable()) return Errno::eperm;
    if ((node->seals.load() & seal_seal) != 0) return Errno::eperm;
    if ((seals & seal_write) != 0 && node->object().shared_writable()) return Errno::ebusy;
    node->seals.fetch_or(seals);
    return {};
}

Result<u32> get_seals(File& file) {
    if (TmpfsRegular* node = sealable(file)) return node->seals.load();
    // Linux has memory files and tmpfs in one: what has a name there is sealed against sealing.
    Ref<Inode> inode = file.inode();
    bool named = inode && inode->type() == mode_regular && inode->file_system().type_name() == "tmpfs"sv;
    return named ? Result<u32>(seal_seal) : Errno::einval;
}

}  // namespace litebox
