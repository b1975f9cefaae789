// imagefs: a file system that is only read, from an EROFS image (uncompressed, as mkfs.erofs makes it) on a
// block device. README.md says what it defends against.
#pragma once

#include "core/base/list.h"
#include "core/file/file.h"
#include "core/file/imagefs/format.h"
#include "core/file/imagefs/verity.h"

namespace litebox {

class ImageFileSystem;

/// The blocks of an image, checked against its hash tree where there is one. As a page source: the image as
/// one object.
class ImageBlocks final : public PageSource {
  public:
    /// EINVAL: no EROFS image there. EOPNOTSUPP: one with features that the reader lacks. EUCLEAN: it makes
    /// no sense. EIO: it is not what the root hash stands for.
    static Result<Ref<ImageBlocks>> open(u32 device, std::span<const u8> root_hash);
    explicit ImageBlocks(u32 device) : device_(device) {}

    Result<void> fill(u64 first, std::span<u8> pages) override;
    /// Bytes of the image.
    [[nodiscard]] u64 size() const { return u64{super_.blocks} * erofs::block_size; }
    /// Whether [address, address + length) lies in it.
    [[nodiscard]] bool holds(u64 address, u64 length) const {
        return address <= size() && length <= size() - address;
    }
    [[nodiscard]] const erofs::SuperBlock& super() const { return super_; }

  private:
    Result<void> read_super_block(std::span<u8> page);
    Result<void> check_super_block(std::span<const u8> page) const;

    const u32 device_;
    erofs::SuperBlock super_{};
    Own<Verity> verity_;
};

/// Where the bytes of an inode lie. What is in it was checked: whole blocks, the tail and the chunk map lie
/// in the image.
struct ImageLayout {
    erofs::Layout kind = erofs::Layout::plain;
    u64 size = 0;
    u64 blocks_at = 0;        // plain, inline_tail: the whole blocks
    u64 behind_inode = 0;     // inline_tail: the last part; chunks: their map
    unsigned chunk_bits = 0;  // chunks: log2 of their size
    bool wide_map = false;    // chunks: ChunkIndex entries, else u32
};

/// A part of an inode that lies in one piece: a hole without an address.
struct ImageExtent {
    u64 address = 0;
    u64 length = 0;
    bool hole = false;
};

class ImageInode final : public Inode {
  public:
    ImageInode(ImageFileSystem& owner, u64 nid) : owner_(&owner), nid_(nid) {}
    ~ImageInode() override;
    /// Reads and checks it. EUCLEAN, or EOPNOTSUPP for compressed contents.
    Result<void> read();

    Result<Attributes> attributes() override;
    [[nodiscard]] u32 type() const override { return attributes_.type(); }
    Result<u64> number() override { return nid_; }
    FileSystem& file_system() override;
    Result<Ref<Inode>> lookup(string_view name) override;
    Result<Ref<Inode>> create(string_view, u32, u64, const Credentials&) override { return Errno::erofs; }
    Result<Ref<Inode>> create_symlink(string_view, string_view, const Credentials&) override {
        return Errno::erofs;
    }
    Result<void> link(string_view, Inode&) override { return Errno::erofs; }
    Result<void> unlink(string_view, bool) override { return Errno::erofs; }
    Result<void> rename(string_view, Inode&, string_view, u32) override { return Errno::erofs; }
    Result<void> set_attributes(const AttributeChange&) override { return Errno::erofs; }
    Result<void> read_directory(u64 position, DirectorySink& sink) override;
    Result<String> read_link() override;
    Result<Ref<File>> open(u32 flags) override;
    Result<usize> get_attribute(string_view name, std::span<u8> value) override;
    Result<void> set_attribute(string_view, std::span<const u8>, int) override { return Errno::erofs; }
    Result<usize> list_attributes(std::span<char> names) override;
    Result<void> remove_attribute(string_view) override { return Errno::erofs; }

    /// The contents, of a regular file.
    Result<Ref<MemoryObject>> contents();
    [[nodiscard]] u64 size() const { return attributes_.size; }
    /// The extent that begins at `offset` < size.
    static Result<ImageExtent> extent(ImageFileSystem& owner, const ImageLayout& layout, u64 offset);

  private:
    friend class ImageFileSystem;
    struct Found {
        u64 nid;
        u32 type;
    };
    Result<void> take_attributes(const erofs::InodeFields& from);
    Result<void> take_layout(u32 format, u32 content);
    Result<void> place_blocks(u32 content);
    Result<void> place_chunks(u32 content);
    Result<std::span<const u8>> block(u64 index);
    Result<Found> find(string_view name);
    template <typename Visitor>
    Result<void> each_attribute(Visitor&& visit);

    Ref<ImageFileSystem> owner_;
    const u64 nid_;
    Attributes attributes_;
    ImageLayout layout_;
    u64 xattrs_at_ = 0, xattrs_length_ = 0;
    Mutex mutex_{LockRank::inode};
    Ref<MemoryObject> contents_;  // made when first asked for
    ListNode shared_;             // in ImageFileSystem::regular_
};

class ImageFileSystem final : public FileSystem {
  public:
    /// Errors as ImageBlocks::open.
    static Result<Ref<ImageFileSystem>> create(u32 device, std::span<const u8> root_hash);
    ImageFileSystem(Ref<ImageBlocks> blocks, Ref<MemoryObject> image, Ref<PageQuota> quota)
        : blocks_(std::move(blocks)), image_(std::move(image)), quota_(std::move(quota)) {}

    Ref<Inode> root() override { return root_; }
    Result<FileSystemStatus> status() override;
    [[nodiscard]] string_view type_name() const override { return "erofs"; }

    [[nodiscard]] ImageBlocks& blocks() { return *blocks_; }
    /// Bytes within one block of the image; they stay. EUCLEAN outside.
    Result<std::span<const u8>> bytes(u64 address, u64 length);
    /// The same for what may lie across blocks.
    Result<void> read(u64 address, std::span<u8> to);
    /// Inodes of regular files are shared while somebody has them, so that all names of one, and all times it
    /// is opened, have one set of pages and locks.
    Result<Ref<ImageInode>> inode(u64 nid);
    void forget(ImageInode& inode);

    /// Contents of files, of which pages can be given up.
    Result<Ref<MemoryObject>> make_contents(Ref<PageSource> source, u64 size);
    void forget(MemoryObject& contents);
    /// Frees pages of files that are not mapped, some mebibytes if there are as many; how many pages.
    u64 give_up_pages();

  private:
    static constexpr usize buckets = 64;
    Ref<MemoryObject> next_contents();
    Ref<ImageInode> known(u64 nid);

    Ref<ImageBlocks> blocks_;
    Ref<MemoryObject> image_;  // metadata: pages of it by block
    Ref<ImageInode> root_;
    Mutex mutex_{LockRank::cache};
    List<ImageInode, &ImageInode::shared_> regular_[buckets];
    // Files have half of the memory: the rest is left to what cannot be given up as quickly.
    Ref<PageQuota> quota_;
    Mutex contents_mutex_{LockRank::cache};
    List<MemoryObject, &MemoryObject::listed> contents_;  // next to be given up first
    usize contents_count_ = 0;
};

Result<Ref<File>> open_image_file(ImageInode& inode, u32 flags);

}  // namespace litebox
