// What the core asks of the granted files. It answers as the opener of the process platform does: links are
// never followed, changes are for writable grants only.
#include <algorithm>
#include <cstring>

#include "core/file/inode.h"
#include "platform/simulated/host_tree.h"

namespace litebox::simulated {

namespace {

constexpr u32 permission_bits = 07777;

bool is(const HostFile& file, u32 type) {
    return (file.mode & mode_type) == type;
}

}  // namespace

Result<HostFileRef> HostTree::resolve(u32 grant, std::string_view path) {
    if (grant >= grants_.size()) return Errno::enoent;
    HostFileRef at = grants_[grant].root;
    while (!path.empty()) {
        if (is(*at, mode_symlink)) return Errno::eloop;
        if (!is(*at, mode_directory)) return Errno::enotdir;
        usize end = std::min(path.find('/'), path.size());
        std::string name(path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
        if (name.size() > 255) return Errno::enametoolong;
        auto child = at->children.find(name);
        if (child == at->children.end()) return Errno::enoent;
        at = child->second;
    }
    return at;
}

Result<HostTree::Place> HostTree::resolve_parent(u32 grant, std::string_view path, bool for_change) {
    if (grant >= grants_.size()) return Errno::enoent;
    if (for_change && !grants_[grant].writable) return Errno::erofs;
    usize slash = path.rfind('/');
    std::string_view directory = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    HostFileRef parent = TRY(resolve(grant, directory));
    if (!is(*parent, mode_directory)) return Errno::enotdir;
    std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
    if (name.empty()) return Errno::einval;
    if (name.size() > 255) return Errno::enametoolong;
    return Place{std::move(parent), std::move(name)};
}

platform::HostAttributes HostTree::attributes_of(const HostFile& file) const {
    platform::HostAttributes result{};
    result.device = 7;
    result.inode = file.inode;
    result.mode = file.mode;
    result.links = is(file, mode_directory) ? 2 : file.links;
    result.uid = file.uid;
    result.gid = file.gid;
    result.size = file.size;
    result.blocks = file.pages.size() * (page_size / 512);
    result.block_size = page_size;
    result.access = file.access;
    result.modify = file.modify;
    result.change = file.change;
    result.birth = file.birth;
    return result;
}

int HostTree::take_slot(const HostFileRef& file, bool writable) {
    if (slots_used_ >= slot_limit_) return platform::no_host_slot;
    auto free =
        std::find_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.file == nullptr; });
    if (free == slots_.end()) free = slots_.insert(slots_.end(), Slot{});
    *free = {file, writable};
    slots_used_++;
    return static_cast<int>(free - slots_.begin());
}

platform::HostNode HostTree::node_of(const HostFileRef& file, u32 want, bool writable_grant) {
    platform::HostNode node;
    node.attributes = attributes_of(*file);
    bool for_writing = (want & platform::want_write) != 0 && writable_grant;
    if (is(*file, mode_regular) && (for_writing || (want & platform::want_slot) != 0))
        node.slot = take_slot(file, for_writing);
    if (is(*file, mode_directory) && (want & platform::want_watch) != 0) {
        if (file->watch == 0 && next_watch_ < platform::host_watch_limit) file->watch = next_watch_++;
        const platform::HostWatchWords& words = watches_[file->watch];
        if (file->watch != 0)
            node.watch = {file->watch, words.incarnation.load(), words.names.load(), words.attributes.load()};
    }
    if (lies.node) lies.node(node);
    return node;
}

Result<platform::HostNode> HostTree::open(u32 grant, std::string_view path, u32 want) {
    std::lock_guard guard(mutex_);
    HostFileRef file = TRY(resolve(grant, path));
    bool reason = (want & platform::want_reason) != 0 && is(*file, mode_regular);
    if (reason && (want & platform::want_write) != 0 && !grants_[grant].writable) return Errno::erofs;
    if (reason && (file->mode & 0444) == 0) return Errno::eacces;
    return node_of(file, want, grants_[grant].writable);
}

Result<HostFileRef> HostTree::resolve_directory(u32 grant, std::string_view path,
                                                platform::HostIdentity expected) {
    HostFileRef directory = TRY(resolve(grant, path));
    if (!is(*directory, mode_directory)) return Errno::enotdir;
    if (expected.inode != 0 && expected.inode != directory->inode) return Errno::estale;
    return directory;
}

Result<usize> HostTree::open_many(u32 grant, std::string_view path, platform::HostIdentity expected,
                                  std::string_view names, u32 want, std::span<platform::HostAnswer> to) {
    std::lock_guard guard(mutex_);
    HostFileRef directory = TRY(resolve_directory(grant, path, expected));
    usize count = 0;
    while (!names.empty() && count < to.size()) {
        std::string name(names.substr(0, names.find('\0')));
        names.remove_prefix(std::min(name.size() + 1, names.size()));
        auto child = directory->children.find(name);
        bool found = child != directory->children.end();
        to[count] = {found ? 0 : static_cast<i32>(Errno::enoent), {}};
        if (found) to[count].node = node_of(child->second, want, false);
        count++;
    }
    return count;
}

Result<platform::HostListing> HostTree::list(u32 grant, std::string_view path,
                                             platform::HostIdentity expected, u64 position, u32 want,
                                             std::span<u8> records) {
    std::lock_guard guard(mutex_);
    HostFileRef directory = TRY(resolve_directory(grant, path, expected));
    platform::HostListing listing{0, true, node_of(directory, want & platform::want_watch, false)};
    u64 number = 2;  // positions 1 and 2 are those of "." and ".."
    for (auto& [name, child] : directory->children) {
        if (++number <= position) continue;
        bool looks = (want & platform::want_attributes) != 0;
        usize header = sizeof(platform::HostEntry) + (looks ? sizeof(platform::HostNode) : 0);
        usize length = (header + name.size() + 7) & ~usize{7};
        if (listing.bytes + length > records.size()) {
            listing.end = false;
            break;
        }
        constexpr u32 type_shift = 12;
        platform::HostEntry entry{};
        entry.length = static_cast<u32>(length);
        entry.name_length = static_cast<u16>(name.size());
        entry.has_node = looks ? 1 : 0;
        entry.type = static_cast<u8>(child->mode >> type_shift);
        entry.position = number;
        entry.inode = child->inode;
        u8* to = records.data() + listing.bytes;
        std::memcpy(to, &entry, sizeof(entry));
        if (looks) {
            platform::HostNode node = node_of(child, want, false);
            std::memcpy(to + sizeof(entry), &node, sizeof(node));
        }
        std::memcpy(to + header, name.data(), name.size());
        listing.bytes += length;
    }
    if (lies.listing) lies.listing(records, listing);
    return listing;
}

Result<std::string> HostTree::link_target(u32 grant, std::string_view path) {
    std::lock_guard guard(mutex_);
    HostFileRef file = TRY(resolve(grant, path));
    if (!is(*file, mode_symlink)) return Errno::einval;
    return file->target;
}

Result<HostTree::Slot*> HostTree::slot_at(int slot, bool for_writing) {
    bool there = slot >= 0 && static_cast<usize>(slot) < slots_.size() && slots_[slot].file != nullptr;
    if (!there || (for_writing && !slots_[slot].writable)) return Errno::ebadf;
    return &slots_[slot];
}

Result<usize> HostTree::read(int slot, u8* to, usize length, u64 offset) {
    std::lock_guard guard(mutex_);
    HostFile& file = *TRY(slot_at(slot, false))->file;
    if (offset >= file.size) return usize{0};
    length = std::min<u64>(length, file.size - offset);
    for (usize done = 0; done < length;) {
        u64 in_page = (offset + done) % page_size;
        usize part = std::min<usize>(length - done, page_size - in_page);
        std::memcpy(to + done, page_of(file, (offset + done) / page_size)->bytes + in_page, part);
        done += part;
    }
    return length;
}

Result<platform::HostAttributes> HostTree::attributes(int slot) {
    std::lock_guard guard(mutex_);
    auto result = attributes_of(*TRY(slot_at(slot, false))->file);
    if (lies.attributes) lies.attributes(result);
    return result;
}

void HostTree::release(int slot) {
    std::lock_guard guard(mutex_);
    auto found = slot_at(slot, false);
    if (!found.ok()) return;
    std::erase_if(found.value()->file->locks, [&](const HostFile::Lock& lock) { return lock.slot == slot; });
    found.value()->file = nullptr;
    slots_used_--;
}

Result<platform::HostNode> HostTree::create(u32 grant, std::string_view path, u32 mode,
                                            std::string_view target) {
    std::lock_guard guard(mutex_);
    Place place = TRY(resolve_parent(grant, path, true));
    if (place.directory->children.contains(place.name)) return Errno::eexist;
    constexpr u32 set_id = 06000;
    if ((mode & set_id) != 0) return Errno::eperm;
    HostFileRef file = make(mode);
    file->target = target;
    if (is(*file, mode_symlink)) file->size = target.size();
    insert(*place.directory, place.directory, place.name, file);
    return node_of(file, platform::want_write | platform::want_watch, true);
}

Result<void> HostTree::link(u32 grant, std::string_view from, std::string_view to) {
    std::lock_guard guard(mutex_);
    HostFileRef file = TRY(resolve(grant, from));
    Place place = TRY(resolve_parent(grant, to, true));
    if (is(*file, mode_directory)) return Errno::eperm;
    if (place.directory->children.contains(place.name)) return Errno::eexist;
    file->links++;
    insert(*place.directory, place.directory, place.name, file);
    touch(*file);
    return {};
}

Result<void> HostTree::remove(u32 grant, std::string_view path, bool directory) {
    std::lock_guard guard(mutex_);
    Place place = TRY(resolve_parent(grant, path, true));
    auto at = place.directory->children.find(place.name);
    if (at == place.directory->children.end()) return Errno::enoent;
    bool is_directory = is(*at->second, mode_directory);
    if (directory && !is_directory) return Errno::enotdir;
    if (!directory && is_directory) return Errno::eisdir;
    if (!at->second->children.empty()) return Errno::enotempty;
    erase(*place.directory, place.directory, place.name);
    return {};
}

Result<void> HostTree::rename(u32 grant, std::string_view from, std::string_view to, u32 flags) {
    constexpr u32 no_replace = 1, exchange = 2;
    std::lock_guard guard(mutex_);
    if ((flags & ~(no_replace | exchange)) != 0) return Errno::einval;
    Place old = TRY(resolve_parent(grant, from, true)), fresh = TRY(resolve_parent(grant, to, true));
    HostFileRef file = TRY(resolve(grant, from));
    auto there = fresh.directory->children.find(fresh.name);
    bool exists = there != fresh.directory->children.end();
    HostFileRef other = exists ? there->second : nullptr;
    if (other == file) return {};
    for (HostFileRef at = fresh.directory; at != nullptr;
         at = at->parents.empty() ? nullptr : at->parents[0].lock())
        if (at == file) return Errno::einval;
    if (exists && (flags & no_replace) != 0) return Errno::eexist;
    if (!exists && (flags & exchange) != 0) return Errno::enoent;
    if (exists && (flags & exchange) == 0) {
        if (is(*other, mode_directory) != is(*file, mode_directory))
            return is(*other, mode_directory) ? Errno::eisdir : Errno::enotdir;
        if (!other->children.empty()) return Errno::enotempty;
    }
    file->links++;
    erase(*old.directory, old.directory, old.name);
    if (exists) {
        other->links++;
        erase(*fresh.directory, fresh.directory, fresh.name);
        if ((flags & exchange) != 0)
            insert(*old.directory, old.directory, old.name, other);
        else
            other->links--;
    }
    insert(*fresh.directory, fresh.directory, fresh.name, file);
    return {};
}

Result<void> HostTree::set_attributes(u32 grant, std::string_view path,
                                      const platform::HostAttributeChange& change) {
    using Field = platform::HostAttributeChange;
    std::lock_guard guard(mutex_);
    HostFileRef file = TRY(resolve(grant, path));
    if (!grants_[grant].writable) return Errno::erofs;
    if ((change.fields & Field::mode) != 0)
        file->mode = (file->mode & mode_type) | (change.mode_bits & permission_bits);
    if ((change.fields & Field::uid) != 0) file->uid = change.uid_value;
    if ((change.fields & Field::gid) != 0) file->gid = change.gid_value;
    touch(*file);
    if ((change.fields & Field::access) != 0) file->access = change.access_value;
    if ((change.fields & Field::modify) != 0) file->modify = change.modify_value;
    return {};
}

Result<usize> HostTree::write(int slot, const u8* from, usize length, u64 offset) {
    std::lock_guard guard(mutex_);
    constexpr u64 largest = u64{1} << 30;
    HostFile& file = *TRY(slot_at(slot, true))->file;
    u64 end;
    if (!checked_add<u64>(offset, length, &end) || end > largest) return Errno::efbig;
    store(file, offset, from, length);
    return length;
}

Result<void> HostTree::truncate(int slot, u64 size) {
    std::lock_guard guard(mutex_);
    constexpr u64 largest = u64{1} << 40;
    if (size > largest) return Errno::efbig;
    resize(*TRY(slot_at(slot, true))->file, size);
    return {};
}

Result<void> HostTree::allocate(int slot, int mode, u64 offset, u64 length) {
    std::lock_guard guard(mutex_);
    constexpr int keep_size = 1;
    constexpr u64 largest = u64{1} << 30;
    HostFile& file = *TRY(slot_at(slot, true))->file;
    u64 end;
    if ((mode & ~keep_size) != 0) return Errno::eopnotsupp;
    if (!checked_add(offset, length, &end) || end > largest) return Errno::efbig;
    if ((mode & keep_size) == 0 && end > file.size) resize(file, end);
    return {};
}

Result<u64> HostTree::seek(int slot, u64 offset, bool hole) {
    std::lock_guard guard(mutex_);
    HostFile& file = *TRY(slot_at(slot, false))->file;
    if (offset >= file.size) return Errno::enxio;
    while (offset < file.size && file.pages.contains(offset / page_size) == hole)
        offset = page_down(offset) + page_size;
    if (offset >= file.size) return hole ? Result<u64>(file.size) : Errno::enxio;
    return offset;
}

Result<void> HostTree::lock(int slot, int type, u64 start, u64 length) {
    std::lock_guard guard(mutex_);
    HostFile& file = *TRY(slot_at(slot, false))->file;
    constexpr int write_lock = 1, unlock = 2;
    u64 end;
    if (length == 0 || !checked_add(start, length, &end)) end = ~u64{0};
    for (const HostFile::Lock& lock : file.locks)
        if (type != unlock && lock.slot != slot && lock.start < end && start < lock.end &&
            (lock.type == write_lock || type == write_lock))
            return Errno::eagain;
    std::vector<HostFile::Lock> kept;
    for (const HostFile::Lock& lock : file.locks) {
        if (lock.slot != slot || lock.end <= start || end <= lock.start) {
            kept.push_back(lock);
            continue;
        }
        if (lock.start < start) kept.push_back({slot, lock.type, lock.start, start});
        if (end < lock.end) kept.push_back({slot, lock.type, end, lock.end});
    }
    if (type != unlock) kept.push_back({slot, type, start, end});
    file.locks = std::move(kept);
    return {};
}

Result<std::string> HostTree::get_extended(u32 grant, std::string_view path, std::string_view name) {
    std::lock_guard guard(mutex_);
    HostFileRef file = TRY(resolve(grant, path));
    auto found = file->extended.find(std::string(name));
    if (found == file->extended.end()) return Errno::enodata;
    return found->second;
}

Result<std::string> HostTree::list_extended(u32 grant, std::string_view path) {
    std::lock_guard guard(mutex_);
    std::string names;
    for (auto& each : TRY(resolve(grant, path))->extended) names += each.first + '\0';
    return names;
}

Result<void> HostTree::set_extended(u32 grant, std::string_view path, std::string_view name,
                                    std::string_view value, int flags) {
    constexpr int create = 1, replace = 2;
    std::lock_guard guard(mutex_);
    HostFileRef file = TRY(resolve(grant, path));
    if (!grants_[grant].writable) return Errno::erofs;
    if (!name.starts_with("user.")) return Errno::eperm;
    bool there = file->extended.contains(std::string(name));
    if (there && (flags & create) != 0) return Errno::eexist;
    if (!there && (flags & replace) != 0) return Errno::enodata;
    file->extended[std::string(name)] = value;
    announce(*file);
    return {};
}

Result<void> HostTree::remove_extended(u32 grant, std::string_view path, std::string_view name) {
    std::lock_guard guard(mutex_);
    HostFileRef file = TRY(resolve(grant, path));
    if (!grants_[grant].writable) return Errno::erofs;
    return file->extended.erase(std::string(name)) != 0 ? Result<void>() : Errno::enodata;
}

}  // namespace litebox::simulated
