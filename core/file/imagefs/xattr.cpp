// Extended attributes: an inode's own behind it, and those that it shares with others by number.
#include "core/file/imagefs/image.h"

namespace litebox {

using namespace erofs;

namespace {

constexpr usize longest_name = 255;

/// What a prefix number stands for; empty: nothing that is shown.
string_view prefix_of(u8 number) {
    constexpr string_view prefixes[] = {
        "", "user.", "system.posix_acl_access", "system.posix_acl_default", "trusted.", "", "security."};
    return number < std::size(prefixes) ? prefixes[number] : ""sv;
}

/// An attribute's name, whole; its value lies in the image.
struct Attribute {
    char name[longest_name + 32];
    usize name_length;
    u64 value_at;
    usize value_size;
    [[nodiscard]] string_view view() const { return {name, name_length}; }
};

/// Reads the one at `address`, which ends at or before `end`. False: it is one that is not shown.
Result<bool> read_attribute(ImageFileSystem& owner, u64 address, u64 end, Attribute& to, u64* length) {
    XattrEntry entry;
    if (end - address < sizeof(entry)) return Errno::euclean;
    TRY(owner.read(address, {reinterpret_cast<u8*>(&entry), sizeof(entry)}));
    *length = sizeof(entry) + entry.name_length + entry.value_size;
    if (*length > end - address) return Errno::euclean;
    string_view prefix = prefix_of(entry.prefix);
    if (prefix.empty()) return false;
    memcpy(to.name, prefix.data(), prefix.size());
    to.name_length = prefix.size() + entry.name_length;
    std::span<char> rest(to.name + prefix.size(), entry.name_length);
    TRY(owner.read(address + sizeof(entry), {reinterpret_cast<u8*>(rest.data()), rest.size()}));
    if (to.name_length > longest_name || to.view().find('\0') != string_view::npos) return Errno::euclean;
    to.value_at = address + sizeof(entry) + entry.name_length;
    to.value_size = entry.value_size;
    return true;
}

}  // namespace

/// visit(attribute): true to stop there, or an error.
template <typename Visitor>
Result<void> ImageInode::each_attribute(Visitor&& visit) {
    if (xattrs_length_ == 0) return {};
    ImageFileSystem& owner = *owner_;
    Attribute attribute;
    u64 length;
    XattrHeader header;
    TRY(owner.read(xattrs_at_, {reinterpret_cast<u8*>(&header), sizeof(header)}));
    u64 at = xattrs_at_ + sizeof(header), end = xattrs_at_ + xattrs_length_;
    if (header.shared_count * sizeof(u32) > end - at) return Errno::euclean;
    const u64 image_end = owner.blocks().size();
    for (unsigned i = 0; i < header.shared_count; i++, at += sizeof(u32)) {
        u32 number;
        TRY(owner.read(at, {reinterpret_cast<u8*>(&number), sizeof(number)}));
        u64 address = u64{owner.blocks().super().xattr_block} * block_size + u64{number} * sizeof(u32);
        if (address > image_end) return Errno::euclean;
        if (TRY(read_attribute(owner, address, image_end, attribute, &length)) && TRY(visit(attribute)))
            return {};
    }
    while (at < end) {
        if (TRY(read_attribute(owner, at, end, attribute, &length)) && TRY(visit(attribute))) return {};
        at += (length + sizeof(u32) - 1) / sizeof(u32) * sizeof(u32);
    }
    return {};
}

Result<usize> ImageInode::get_attribute(string_view name, std::span<u8> value) {
    bool found = false;
    usize size = 0;
    TRY(each_attribute([&](const Attribute& attribute) -> Result<bool> {
        if (attribute.view() != name) return false;
        found = true;
        size = attribute.value_size;
        if (value.empty()) return true;
        if (size > value.size()) return Errno::erange;
        TRY(owner_->read(attribute.value_at, value.first(size)));
        return true;
    }));
    return found ? Result<usize>(size) : Errno::enodata;
}

Result<usize> ImageInode::list_attributes(std::span<char> names) {
    usize total = 0;
    TRY(each_attribute([&](const Attribute& attribute) -> Result<bool> {
        usize step = attribute.name_length + 1;
        if (!names.empty()) {
            if (total + step > names.size()) return Errno::erange;
            memcpy(names.data() + total, attribute.name, attribute.name_length);
            names[total + step - 1] = 0;
        }
        total += step;
        return false;
    }));
    return total;
}

}  // namespace litebox
