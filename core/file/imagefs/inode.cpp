// Inodes: what an image says of a file, and where its bytes lie.
#include "core/file/directory_file.h"
#include "core/file/imagefs/image.h"
#include "core/file/pipe/pipe.h"
#include "core/kernel.h"

namespace litebox {

using namespace erofs;

namespace {

constexpr u64 path_limit = 4096;

bool known_type(u32 mode) {
    switch (mode & mode_type) {
        case mode_socket:
        case mode_symlink:
        case mode_regular:
        case mode_block:
        case mode_directory:
        case mode_character:
        case mode_fifo:
            return true;
        default:
            return false;
    }
}

bool has_contents(u32 type) {
    return type == mode_regular || type == mode_directory || type == mode_symlink;
}

/// Fills pages of a file. It has all it needs, since mappings keep the object when the inode is gone.
class ContentsSource final : public PageSource {
  public:
    ContentsSource(ImageFileSystem& owner, const ImageLayout& layout) : owner_(&owner), layout_(layout) {}
    ~ContentsSource() override {
        if (contents_ != nullptr) owner_->forget(*contents_);
    }
    /// The object that has this source, and goes with it.
    void set_contents(MemoryObject& contents) { contents_ = &contents; }

    Result<void> fill(u64 first, std::span<u8> pages) override {
        u64 offset = first * page_size;
        while (!pages.empty()) {
            usize done = TRY(fill_front(offset, pages));
            offset += done;
            pages = pages.subspan(done);
        }
        return {};
    }

    u64 give_up_pages() override { return owner_->give_up_pages(); }

  private:
    /// Whole pages: only the file's last part is not a whole block of the image.
    Result<usize> fill_front(u64 offset, std::span<u8> pages) {
        ImageExtent extent = TRY(ImageInode::extent(*owner_, layout_, offset));
        u64 inside = min<u64>(extent.length, pages.size());
        usize length = min<u64>(page_up(inside), pages.size());
        std::span<u8> part = pages.first(length);
        if (extent.hole)
            memset(part.data(), 0, length);
        else if (extent.address % block_size == 0)
            TRY(owner_->blocks().fill(extent.address / block_size, part));
        else
            TRY(owner_->read(extent.address, part.first(inside)));
        // What is mapped shows zeros behind the file's end, whatever the image has there.
        memset(part.data() + inside, 0, length - inside);
        return length;
    }

    Ref<ImageFileSystem> owner_;
    ImageLayout layout_;
    MemoryObject* contents_ = nullptr;
};

}  // namespace

ImageInode::~ImageInode() {
    owner_->forget(*this);
}

FileSystem& ImageInode::file_system() {
    return *owner_;
}

Result<void> ImageInode::read() {
    const SuperBlock& super = owner_->blocks().super();
    u64 address;
    if (!checked_mul(nid_, inode_slot, &address) ||
        !checked_add(address, u64{super.meta_block} * block_size, &address) ||
        !owner_->blocks().holds(address, sizeof(CompactInode)))
        return Errno::euclean;
    u8 raw[sizeof(ExtendedInode)];
    TRY(owner_->read(address, {raw, sizeof(CompactInode)}));
    auto compact = load<CompactInode>(raw);
    if ((compact.format & ~known_format) != 0) return Errno::eopnotsupp;
    InodeFields fields{compact.size,
                       compact.mode,
                       compact.links,
                       compact.uid,
                       compact.gid,
                       compact.content,
                       static_cast<i64>(super.build_seconds),
                       super.build_nanoseconds};
    u64 length = sizeof(CompactInode);
    if ((compact.format & extended_form) != 0) {
        length = sizeof(ExtendedInode);
        if (!owner_->blocks().holds(address, length)) return Errno::euclean;
        TRY(owner_->read(address, raw));
        auto full = load<ExtendedInode>(raw);
        fields = {full.size,
                  full.mode,
                  full.links,
                  full.uid,
                  full.gid,
                  full.content,
                  static_cast<i64>(full.modify_seconds),
                  full.modify_nanoseconds};
    }
    xattrs_at_ = address + length;
    if (compact.xattr_count > 0)
        xattrs_length_ = sizeof(XattrHeader) + (compact.xattr_count - 1u) * sizeof(u32);
    if (!owner_->blocks().holds(xattrs_at_, xattrs_length_)) return Errno::euclean;
    layout_.behind_inode = xattrs_at_ + xattrs_length_;
    TRY(take_attributes(fields));
    return has_contents(type()) ? take_layout(compact.format, fields.content) : Result<void>();
}

Result<void> ImageInode::take_attributes(const InodeFields& from) {
    constexpr u32 second = 1000000000;
    if (!known_type(from.mode) || from.links == 0 || from.modify_nanoseconds >= second) return Errno::euclean;
    attributes_.inode = nid_;
    attributes_.device = owner_->device();
    attributes_.mode = from.mode & (mode_type | mode_permissions);
    attributes_.links = from.links;
    attributes_.uid = from.uid;
    attributes_.gid = from.gid;
    attributes_.modify = {from.modify_seconds, from.modify_nanoseconds};
    attributes_.access = attributes_.change = attributes_.birth = attributes_.modify;
    if (type() == mode_character || type() == mode_block) attributes_.special = from.content;
    if (!has_contents(type())) return {};
    attributes_.size = from.size;
    return {};
}

Result<void> ImageInode::take_layout(u32 format, u32 content) {
    constexpr u64 largest = u64{1} << 44;  // what a MemoryObject can have
    layout_.kind = static_cast<Layout>(format >> layout_shift & layout_mask);
    layout_.size = size();
    if (size() > largest) return Errno::euclean;
    attributes_.blocks = page_up(size()) / 512;
    switch (layout_.kind) {
        case Layout::plain:
        case Layout::inline_tail:
            return place_blocks(content);
        case Layout::chunks:
            return place_chunks(content);
        default:
            return Errno::eopnotsupp;
    }
}

Result<void> ImageInode::place_blocks(u32 content) {
    u64 whole = page_up(size());
    if (layout_.kind == Layout::inline_tail && size() > 0) {
        whole = page_down(size() - 1);
        u64 tail = size() - whole, at = layout_.behind_inode;
        if (!owner_->blocks().holds(at, tail) || tail > block_size - at % block_size) return Errno::euclean;
    }
    layout_.blocks_at = u64{content} * block_size;
    // A file without whole blocks may say anything of where they begin.
    return whole == 0 || owner_->blocks().holds(layout_.blocks_at, whole) ? Result<void>() : Errno::euclean;
}

Result<void> ImageInode::place_chunks(u32 content) {
    if ((content & ~known_chunk_format) != 0) return Errno::eopnotsupp;
    layout_.chunk_bits = block_shift + (content & chunk_bits_mask);
    layout_.wide_map = (content & chunk_indexes) != 0;
    u64 entry = layout_.wide_map ? sizeof(ChunkIndex) : sizeof(u32);
    u64& map = layout_.behind_inode;
    map = (map + entry - 1) / entry * entry;
    u64 chunks = (size() + (u64{1} << layout_.chunk_bits) - 1) >> layout_.chunk_bits;
    return owner_->blocks().holds(map, chunks * entry) ? Result<void>() : Errno::euclean;
}

namespace {

/// First block of a chunk; no_block: a hole.
Result<u32> chunk_block(ImageFileSystem& owner, const ImageLayout& layout, u64 chunk) {
    if (layout.wide_map) {
        auto raw = TRY(owner.bytes(layout.behind_inode + chunk * sizeof(ChunkIndex), sizeof(ChunkIndex)));
        auto index = load<ChunkIndex>(raw);
        if (index.device != 0) return Errno::euclean;
        return index.block;
    }
    return load<u32>(TRY(owner.bytes(layout.behind_inode + chunk * sizeof(u32), sizeof(u32))));
}

/// The rest of a chunk, and those behind it that lie behind it in the image, too.
Result<ImageExtent> chunk_extent(ImageFileSystem& owner, const ImageLayout& layout, u64 offset) {
    constexpr u64 enough = 256 * page_size;  // as much as is asked for at once
    u64 chunk = offset >> layout.chunk_bits, chunk_size = u64{1} << layout.chunk_bits;
    u64 block = TRY(chunk_block(owner, layout, chunk));
    u64 within = offset & (chunk_size - 1), length = chunk_size - within;
    if (block == no_block) return ImageExtent{0, min(length, layout.size - offset), true};
    u64 address = block * block_size + within;
    while (length < enough && offset + length < layout.size) {
        u32 next = TRY(chunk_block(owner, layout, ++chunk));
        if (next == no_block || u64{next} * block_size != address + length) break;
        length += chunk_size;
    }
    length = min(length, layout.size - offset);
    if (!owner.blocks().holds(address, page_up(length))) return Errno::euclean;
    return ImageExtent{address, length, false};
}

}  // namespace

Result<ImageExtent> ImageInode::extent(ImageFileSystem& owner, const ImageLayout& layout, u64 offset) {
    if (layout.kind == Layout::chunks) return chunk_extent(owner, layout, offset);
    u64 tail = layout.kind == Layout::inline_tail ? page_down(layout.size - 1) : layout.size;
    if (offset < tail) return ImageExtent{layout.blocks_at + offset, tail - offset, false};
    return ImageExtent{layout.behind_inode + (offset - tail), layout.size - offset, false};
}

/// Block `index` of a directory or link, which is not beyond its end, where it lies in the image.
Result<std::span<const u8>> ImageInode::block(u64 index) {
    u64 offset = index * block_size;
    ImageExtent found = TRY(extent(*owner_, layout_, offset));
    if (found.hole) return Errno::euclean;
    return owner_->bytes(found.address, min(block_size, size() - offset));
}

Result<Attributes> ImageInode::attributes() {
    return attributes_;
}

Result<String> ImageInode::read_link() {
    if (type() != mode_symlink) return Errno::einval;
    if (size() == 0 || size() >= path_limit) return Errno::euclean;
    auto target = TRY(block(0));
    string_view text(reinterpret_cast<const char*>(target.data()), target.size());
    if (text.find('\0') != string_view::npos) return Errno::euclean;
    return String::from(text);
}

Result<Ref<MemoryObject>> ImageInode::contents() {
    LockGuard guard(mutex_);
    if (!contents_) {
        auto source = TRY(make_ref<ContentsSource>(*owner_, layout_));
        ContentsSource& its = *source;
        contents_ = TRY(owner_->make_contents(std::move(source), size()));
        its.set_contents(*contents_);
    }
    return Ref<MemoryObject>(contents_);
}

// What devices there are is not for an image to say.
Result<Ref<File>> ImageInode::open(u32 flags) {
    switch (type()) {
        case mode_regular:
            return open_image_file(*this, flags);
        case mode_directory:
            return open_directory_file(*this, flags);
        case mode_fifo:
            return open_fifo(*this, flags);
        default:
            return Errno::enxio;
    }
}

}  // namespace litebox
