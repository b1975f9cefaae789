#include "core/file/tmpfs/tmpfs.h"

#include "core/file/devfs/device.h"
#include "core/file/pipe/pipe.h"

namespace litebox {

TmpfsInode::TmpfsInode(Tmpfs& owner, u32 mode, u32 uid, u32 gid, u64 special)
    : owner_(&owner),
      type_(mode & mode_type),
      number_(owner.next_number()),
      mode_(mode),
      uid_(uid),
      gid_(gid),
      special_(special) {
    access_ = modify_ = change_ = birth_ = Timestamp::now();
}

TmpfsInode::~TmpfsInode() {
    owner_->give_inode();
}

FileSystem& TmpfsInode::file_system() {
    return *owner_;
}

Result<Attributes> TmpfsInode::attributes() {
    Result<Attributes> answer{Attributes{}};  // filled in its place: it is large, and stat(2) is frequent
    Attributes& result = answer.value();
    LockGuard guard(mutex_);
    result.inode = number_;
    result.device = owner_->device();
    result.mode = mode_;
    result.links = links();
    result.uid = uid_;
    result.gid = gid_;
    result.special = special_;
    result.access = access_;
    result.modify = modify_;
    result.change = change_;
    result.birth = birth_;
    fill(result);
    return answer;
}

Result<void> TmpfsInode::set_attributes(const AttributeChange& change) {
    if ((change.fields & AttributeChange::size) != 0) TRY(resize(change.new_size));
    LockGuard guard(mutex_);
    if ((change.fields & AttributeChange::mode) != 0) mode_ = type_ | (change.new_mode & mode_permissions);
    if ((change.fields & AttributeChange::uid) != 0) uid_ = change.new_uid;
    if ((change.fields & AttributeChange::gid) != 0) gid_ = change.new_gid;
    if ((change.fields & AttributeChange::access) != 0) access_ = change.new_access;
    if ((change.fields & AttributeChange::modify) != 0) modify_ = change.new_modify;
    if ((change.fields & AttributeChange::change) != 0) change_ = change.new_change;
    return {};
}

Result<Ref<File>> TmpfsInode::open(u32 flags) {
    switch (type_) {
        case mode_fifo:
            return open_fifo(*this, flags);
        case mode_character:
        case mode_block:
            return open_device(*this, type_, special_, flags);
        default:
            return type_ == mode_symlink ? Errno::eloop : Errno::enxio;
    }
}

void TmpfsInode::add_link(i32 change) {
    links_.fetch_add(static_cast<u32>(change), std::memory_order_relaxed);
    touch_change();
}

void TmpfsInode::touch_change() {
    Timestamp now = Timestamp::now();
    LockGuard guard(mutex_);
    change_ = now;
}

Result<usize> TmpfsInode::get_attribute(string_view name, std::span<u8> value) {
    LockGuard guard(mutex_);
    for (const auto& item : extended_) {
        if (item.name.view() != name) continue;
        if (value.empty()) return item.value.size();
        if (value.size() < item.value.size()) return Errno::erange;
        if (!item.value.empty()) memcpy(value.data(), item.value.data(), item.value.size());
        return item.value.size();
    }
    return Errno::enodata;
}

Result<void> TmpfsInode::set_attribute(string_view name, std::span<const u8> value, int flags) {
    constexpr int create = 1, replace = 2;
    constexpr usize total_limit = 64 << 10;
    ExtendedAttribute fresh;
    fresh.name = TRY(String::from(name));
    TRY(fresh.value.resize(value.size()));
    if (!value.empty()) memcpy(fresh.value.data(), value.data(), value.size());
    Timestamp now = Timestamp::now();
    LockGuard guard(mutex_);
    usize total = name.size() + value.size();
    for (auto& item : extended_) {
        if (item.name.view() != name) {
            total += item.name.size() + item.value.size();
            continue;
        }
        if ((flags & create) != 0) return Errno::eexist;
        item.value = std::move(fresh.value);
        change_ = now;
        return {};
    }
    if ((flags & replace) != 0) return Errno::enodata;
    if (total > total_limit) return Errno::enospc;
    TRY(extended_.push(std::move(fresh)));
    change_ = now;
    return {};
}

Result<usize> TmpfsInode::list_attributes(std::span<char> names) {
    LockGuard guard(mutex_);
    usize total = 0;
    for (const auto& item : extended_) {
        usize length = item.name.size() + 1;
        if (!names.empty()) {
            if (total + length > names.size()) return Errno::erange;
            memcpy(names.data() + total, item.name.c_str(), length);
        }
        total += length;
    }
    return total;
}

Result<void> TmpfsInode::remove_attribute(string_view name) {
    Timestamp now = Timestamp::now();
    LockGuard guard(mutex_);
    for (usize i = 0; i < extended_.size(); i++) {
        if (extended_[i].name.view() != name) continue;
        extended_.remove(i);
        change_ = now;
        return {};
    }
    return Errno::enodata;
}

Result<Ref<Tmpfs>> Tmpfs::create(Ref<PageQuota> quota, u32 root_mode, u32 uid, u32 gid) {
    Ref<Tmpfs> result = TRY(make_ref<Tmpfs>(std::move(quota)));
    TRY(result->take_inode());
    Ref<TmpfsDirectory> root =
        TRY(make_ref<TmpfsDirectory>(*result, mode_directory | root_mode, uid, gid, u64{0}));
    root->add_link(2);
    // Root and file system hold each other: a file system lives as long as the sandbox.
    result->root_ = root.leak();
    return result;
}

Tmpfs::~Tmpfs() = default;

Ref<Inode> Tmpfs::root() {
    return Ref<Inode>(root_);
}

Result<void> Tmpfs::take_inode() {
    u64 limit = max<u64>(quota_->limit() / 2, 1024);
    if (inodes_.fetch_add(1, std::memory_order_relaxed) >= limit) {
        give_inode();
        return Errno::enospc;
    }
    return {};
}

Result<FileSystemStatus> Tmpfs::status() {
    FileSystemStatus status;
    status.type = 0x01021994;  // TMPFS_MAGIC
    status.blocks = quota_->limit();
    status.free_blocks = quota_->limit() - min(quota_->used(), quota_->limit());
    status.files = max<u64>(quota_->limit() / 2, 1024);
    status.free_files = status.files - min(inodes_.load(), status.files);
    status.id = device();
    return status;
}

void Tmpfs::describe_options(TextBuilder& to) {
    to.text(",size=").unsigned_decimal(quota_->limit() * 4).text("k,inode64");
}

}  // namespace litebox
