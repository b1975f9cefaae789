#include "core/file/imagefs/image.h"

#include "core/kernel.h"
#include "platform/block_device.h"

namespace litebox {

using namespace erofs;

namespace {

/// CRC-32C as the image's superblock has it: all ones at the start, nothing done at the end.
u32 checksum(std::span<const u8> bytes, u32 value) {
    constexpr u32 polynomial = 0x82f63b78;
    for (u8 byte : bytes) {
        value ^= byte;
        for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ ((value & 1) != 0 ? polynomial : 0);
    }
    return value;
}

u32 super_checksum(std::span<const u8> block) {
    constexpr usize field = offsetof(SuperBlock, checksum);
    constexpr u8 zeros[sizeof(u32)] = {};
    auto super = block.subspan(super_offset);
    u32 value = checksum(super.first(field), ~0u);
    return checksum(super.subspan(field + sizeof(u32)), checksum(zeros, value));
}

}  // namespace

Result<Ref<ImageBlocks>> ImageBlocks::open(u32 device, std::span<const u8> root_hash) {
    auto blocks = TRY(make_ref<ImageBlocks>(device));
    Vector<u8> first;
    TRY(first.resize(block_size));
    std::span<u8> page(first.data(), first.size());
    TRY(blocks->read_super_block(page));
    if (root_hash.empty()) return blocks;
    // The tree lies behind the image, whose length only the image tells: so it is read again, now checked.
    u64 length = blocks->size();
    blocks->verity_ = TRY(Verity::open(device, length, blocks->super_.blocks, root_hash));
    TRY(blocks->read_super_block(page));
    if (blocks->size() != length) return Errno::eio;
    return blocks;
}

Result<void> ImageBlocks::read_super_block(std::span<u8> page) {
    platform::BlockDevice device = TRY(platform::block_device(device_));
    if (device.size < block_size) return Errno::einval;
    TRY(platform::block_read(device_, 0, page));
    if (verity_) TRY(verity_->check(0, page.first<block_size>()));
    super_ = load<SuperBlock>(page, super_offset);
    TRY(check_super_block(page));
    if (size() > device.size) return Errno::euclean;
    return {};
}

Result<void> ImageBlocks::check_super_block(std::span<const u8> page) const {
    if (super_.magic != super_magic) return Errno::einval;
    if ((super_.incompatible & ~has_chunked_files) != 0 || super_.block_bits != block_shift ||
        super_.directory_bits != 0 || super_.extra_devices != 0)
        return Errno::eopnotsupp;
    if ((super_.compatible & has_checksum) != 0 && super_checksum(page) != super_.checksum)
        return Errno::euclean;
    if (super_.blocks == 0) return Errno::euclean;
    return {};
}

Result<void> ImageBlocks::fill(u64 first, std::span<u8> pages) {
    if (!holds(first * block_size, pages.size())) return Errno::euclean;
    TRY(platform::block_read(device_, first * block_size, pages));
    if (!verity_) return {};
    for (; !pages.empty(); pages = pages.subspan(block_size))
        TRY(verity_->check(first++, pages.first<block_size>()));
    return {};
}

Result<Ref<ImageFileSystem>> ImageFileSystem::create(u32 device, std::span<const u8> root_hash) {
    auto blocks = TRY(ImageBlocks::open(device, root_hash));
    u64 size = blocks->size();
    auto image = TRY(MemoryObject::create(Ref<PageQuota>(kernel().memory_quota), blocks, size));
    auto quota = TRY(make_ref<PageQuota>(max<u64>(kernel().memory_quota->limit() / 2, 1)));
    auto made = TRY(make_ref<ImageFileSystem>(std::move(blocks), std::move(image), std::move(quota)));
    Ref<ImageInode> root = TRY(made->inode(made->blocks_->super().root_nid));
    if (root->type() != mode_directory) return Errno::euclean;
    // Root and file system hold each other: a file system lives as long as the sandbox.
    made->root_ = std::move(root);
    return made;
}

Result<FileSystemStatus> ImageFileSystem::status() {
    FileSystemStatus status;
    status.type = super_magic;
    status.blocks = blocks_->super().blocks;
    // A directory of an image has room for any number of names; Linux says it so.
    status.files = ~u64{0};
    status.free_files = ~u64{0} - blocks_->super().inodes;
    status.id = device();
    return status;
}

Result<std::span<const u8>> ImageFileSystem::bytes(u64 address, u64 length) {
    if (!blocks_->holds(address, length) || length > block_size - address % block_size) return Errno::euclean;
    auto found = image_->page(address / block_size, true);
    if (!found.ok() && found.error() == Errno::enomem && give_up_pages() > 0)
        found = image_->page(address / block_size, true);
    const u8* page = TRY(std::move(found));
    return std::span<const u8>(page + address % block_size, length);
}

Result<void> ImageFileSystem::read(u64 address, std::span<u8> to) {
    while (!to.empty()) {
        u64 piece = min<u64>(to.size(), block_size - address % block_size);
        auto part = TRY(bytes(address, piece));
        memcpy(to.data(), part.data(), piece);
        to = to.subspan(piece);
        address += piece;
    }
    return {};
}

/// Under the lock.
Ref<ImageInode> ImageFileSystem::known(u64 nid) {
    for (ImageInode& inode : regular_[nid % buckets])
        if (inode.nid_ == nid && inode.try_ref()) return Ref<ImageInode>::adopt(&inode);
    return nullptr;
}

Result<Ref<ImageInode>> ImageFileSystem::inode(u64 nid) {
    {
        LockGuard guard(mutex_);
        if (auto found = known(nid)) return found;
    }
    auto made = TRY(make_ref<ImageInode>(*this, nid));
    TRY(made->read());
    if (made->type() != mode_regular) return made;
    LockGuard guard(mutex_);
    auto found = known(nid);
    if (!found) regular_[nid % buckets].push_back(made.get());
    return found ? std::move(found) : std::move(made);
}

void ImageFileSystem::forget(ImageInode& inode) {
    LockGuard guard(mutex_);
    if (inode.shared_.linked()) inode.shared_.unlink();
}

Result<Ref<MemoryObject>> ImageFileSystem::make_contents(Ref<PageSource> source, u64 size) {
    auto made = TRY(MemoryObject::create(Ref<PageQuota>(quota_), std::move(source), size));
    LockGuard guard(contents_mutex_);
    contents_.push_back(made.get());
    contents_count_++;
    return made;
}

void ImageFileSystem::forget(MemoryObject& contents) {
    LockGuard guard(contents_mutex_);
    if (!contents.listed.linked()) return;
    contents.listed.unlink();
    contents_count_--;
}

/// Each in turn. None: the one whose turn it is is about to go.
Ref<MemoryObject> ImageFileSystem::next_contents() {
    LockGuard guard(contents_mutex_);
    MemoryObject* next = contents_.pop_front();
    if (next == nullptr) return nullptr;
    contents_.push_back(next);
    return next->try_ref() ? Ref<MemoryObject>::adopt(next) : nullptr;
}

u64 ImageFileSystem::give_up_pages() {
    constexpr u64 enough = 1024;
    usize left;
    {
        LockGuard guard(contents_mutex_);
        left = contents_count_;
    }
    u64 given = 0;
    for (; left > 0 && given < enough; left--)
        if (auto contents = next_contents()) given += contents->give_up_pages();
    return given;
}

}  // namespace litebox
