// Directories: blocks of sorted entries, each block's names behind its entries.
#include "core/file/imagefs/image.h"

namespace litebox {

using namespace erofs;

namespace {

constexpr usize longest_name = 255;

/// As the entry tells it; 0: it does not, or not one that is known.
u32 type_of(u8 entry_type) {
    constexpr u32 types[] = {0,          mode_regular, mode_directory, mode_character,
                             mode_block, mode_fifo,    mode_socket,    mode_symlink};
    return entry_type < std::size(types) ? types[entry_type] : 0;
}

struct Item {
    string_view name;
    u64 nid;
    u32 type;
};

/// One block of a directory.
class EntryBlock {
  public:
    /// EUCLEAN where there is no first entry.
    static Result<EntryBlock> open(std::span<const u8> bytes) {
        EntryBlock block;
        block.bytes_ = bytes;
        if (bytes.size() < sizeof(DirectoryEntry)) return Errno::euclean;
        block.names_at_ = block.entry(0).name_offset;
        if (block.names_at_ < sizeof(DirectoryEntry) || block.names_at_ % sizeof(DirectoryEntry) != 0 ||
            block.names_at_ >= bytes.size())
            return Errno::euclean;
        return block;
    }
    [[nodiscard]] usize count() const { return names_at_ / sizeof(DirectoryEntry); }
    /// EUCLEAN for a name that lies elsewhere or that no file can have.
    Result<Item> item(usize index) const {
        DirectoryEntry raw = entry(index);
        usize begin = raw.name_offset;
        usize end = index + 1 < count() ? entry(index + 1).name_offset : bytes_.size();
        if (begin < names_at_ || begin >= end || end > bytes_.size()) return Errno::euclean;
        string_view name(reinterpret_cast<const char*>(bytes_.data()) + begin, end - begin);
        // Only the last name may be followed by zeros.
        if (index + 1 == count()) name = name.substr(0, name.find('\0'));
        u32 type = type_of(raw.type);
        if (name.empty() || name.size() > longest_name || type == 0 ||
            name.find_first_of("/\0"sv) != string_view::npos)
            return Errno::euclean;
        return Item{name, raw.nid, type};
    }

  private:
    [[nodiscard]] DirectoryEntry entry(usize index) const {
        return load<DirectoryEntry>(bytes_, index * sizeof(DirectoryEntry));
    }

    std::span<const u8> bytes_;
    usize names_at_ = 0;
};

}  // namespace

// Names are sorted over all blocks: first the block is found whose first name is the last one not above
// `name`, then the entry in it. An unsorted directory is not found out, only searched in vain.
Result<ImageInode::Found> ImageInode::find(string_view name) {
    u64 low = 0, high = (size() + block_size - 1) / block_size;
    while (high - low > 1) {
        u64 middle = low + (high - low) / 2;
        EntryBlock block = TRY(EntryBlock::open(TRY(this->block(middle))));
        if (TRY(block.item(0)).name <= name)
            low = middle;
        else
            high = middle;
    }
    if (size() == 0) return Errno::enoent;
    EntryBlock block = TRY(EntryBlock::open(TRY(this->block(low))));
    usize first = 0, last = block.count();
    while (first < last) {
        usize middle = first + (last - first) / 2;
        Item item = TRY(block.item(middle));
        if (item.name == name) return Found{item.nid, item.type};
        if (item.name < name)
            first = middle + 1;
        else
            last = middle;
    }
    return Errno::enoent;
}

Result<Ref<Inode>> ImageInode::lookup(string_view name) {
    if (type() != mode_directory) return Errno::enotdir;
    Found found = TRY(find(name));
    auto child = TRY(owner_->inode(found.nid));
    if (child->type() != found.type) return Errno::euclean;
    if (child->type() == mode_directory) {
        // A directory has one "..", so with this it has one parent, and no way leads back up: those that can
        // be reached from the root are a tree, whatever the image says.
        if (found.nid == owner_->blocks().super().root_nid) return Errno::euclean;
        auto above = child->find("..");
        if (!above.ok() && above.error() != Errno::enoent) return above.error();
        if (!above.ok() || above.value().nid != nid_) return Errno::euclean;
    }
    return Ref<Inode>(std::move(child));
}

// A position is 2 and the place of the next entry, counted in bytes of the directory.
Result<void> ImageInode::read_directory(u64 position, DirectorySink& sink) {
    constexpr u64 first_position = 2;
    u64 at = position < first_position ? 0 : position - first_position;
    while (at < size()) {
        u64 index = at / block_size;
        EntryBlock block = TRY(EntryBlock::open(TRY(this->block(index))));
        usize entry = (at % block_size + sizeof(DirectoryEntry) - 1) / sizeof(DirectoryEntry);
        for (; entry < block.count(); entry++) {
            Item item = TRY(block.item(entry));
            if (item.name == "." || item.name == "..") continue;
            u64 next = index * block_size + (entry + 1) * sizeof(DirectoryEntry);
            if (!sink.entry(item.name, item.nid, item.type, first_position + next)) return {};
        }
        at = (index + 1) * block_size;
    }
    return {};
}

}  // namespace litebox
