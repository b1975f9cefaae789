// Directories of hostfs: listings, and changes to names beneath --rw.
#include "core/file/file_systems.h"
#include "core/file/hostfs/hostfs.h"
#include "core/kernel.h"
#include "core/task/credentials.h"

namespace litebox {

namespace {

constexpr usize listing_bytes = 64 << 10;

HostFiles& host_files() {
    return *kernel().files->host;
}

}  // namespace

void HostInode::drop_listing() {
    Vector<Child> children;
    {
        LockGuard guard(mutex_);
        children = std::move(children_);
        children_cover_ = {};
        children_complete_ = false;
    }
    for (Child& child : children)
        if (child.node.slot != platform::no_host_slot) platform::host_release(child.node.slot);
}

void HostInode::keep_listing(Vector<Child> children, NameCover cover, bool complete) {
    drop_listing();
    LockGuard guard(mutex_);
    children_ = std::move(children);
    children_cover_ = cover;
    children_complete_ = complete;
}

// What a listing of this directory said about a name, while nothing has changed since.
Result<Ref<HostInode>> HostInode::look_in_listing(string_view name, bool* decided) {
    host_files().take_changes();
    platform::HostNode node;
    NameCover cover;
    {
        LockGuard guard(mutex_);
        if (!children_cover_.holds()) return Errno::enoent;
        cover = children_cover_;
        Child* found = nullptr;
        for (Child& child : children_)
            if (child.name.view() == name) found = &child;
        if (found == nullptr) {
            *decided = children_complete_;
            return Errno::enoent;
        }
        // A directory needs a watch of its own, and what could not be looked at is asked for.
        if ((found->node.attributes.mode & mode_type) == mode_directory || found->node.attributes.mode == 0)
            return Errno::enoent;
        node = found->node;
        found->node.slot = platform::no_host_slot;
    }
    *decided = true;
    return adopt(name, node, cover);
}

Result<void> HostInode::pass_records(std::span<const u8> records, DirectorySink& sink,
                                     Vector<Child>* children) {
    bool passing = true;
    for (usize at = 0; at + sizeof(platform::HostEntry) <= records.size();) {
        platform::HostEntry entry;
        memcpy(&entry, records.data() + at, sizeof(entry));
        usize room = records.size() - at;
        if (entry.length < sizeof(entry) || entry.length > room ||
            entry.name_length > entry.length - sizeof(entry))
            return Errno::eio;
        string_view name(reinterpret_cast<const char*>(records.data() + at + sizeof(entry)),
                         entry.name_length);
        at += entry.length;
        if (name.empty() || name.find('/') != string_view::npos || name.size() > 255) return Errno::eio;
        if (passing)
            passing = sink.entry(name, entry.node.attributes.inode, entry.node.attributes.mode & mode_type,
                                 entry.position);
        if (children != nullptr) {
            Child child;
            child.name = TRY(String::from(name));
            child.node = entry.node;
            TRY(children->push(std::move(child)));
        } else if (entry.node.slot != platform::no_host_slot) {
            platform::host_release(entry.node.slot);
        }
    }
    return {};
}

Result<void> HostInode::read_directory(u64 position, DirectorySink& sink) {
    if (type_ != mode_directory) return Errno::enotdir;
    TRY(owner_->watch_root());
    // Positions 0 to 2 are before the first entry: "." and ".." took them.
    u64 from = position <= 2 ? 0 : position;
    HostFiles& host = host_files();
    NameCover cover = own_cover();
    String where = TRY(path());
    Vector<u8> records;
    TRY(records.resize(listing_bytes));
    bool keeps = from == 0 && cover.word != nullptr;
    u32 want = keeps && host.wants_slots() ? u32{platform::want_slot} : 0u;
    auto listing =
        TRY(platform::host_list(owner_->grant(), where.view(), from, want, {records.data(), records.size()}));
    if (listing.bytes > records.size()) return Errno::eio;
    Vector<Child> children;
    TRY(pass_records({records.data(), listing.bytes}, sink, keeps ? &children : nullptr));
    if (keeps) keep_listing(std::move(children), cover, listing.end);
    return {};
}

void HostInode::names_changed() {
    drop_listing();
    forget_attributes();
}

Result<Ref<Inode>> HostInode::create(string_view name, u32 mode, u64, const Credentials&) {
    if (!owner_->writable()) return Errno::erofs;
    u32 kind = mode & mode_type;
    if (kind == mode_character || kind == mode_block) return Errno::eperm;
    String where = TRY(path_to(name));
    platform::HostNode node = TRY(platform::host_create(owner_->grant(), where.view(), mode));
    names_changed();
    int slot = std::exchange(node.slot, platform::no_host_slot);
    Ref<HostInode> child = TRY(adopt(name, node, {}));
    // The writable slot that creation brought is kept only as long as an open uses it; give it back
    // otherwise.
    if (slot != platform::no_host_slot) platform::host_release(slot);
    return Ref<Inode>(std::move(child));
}

Result<Ref<Inode>> HostInode::create_symlink(string_view name, string_view target, const Credentials&) {
    if (!owner_->writable()) return Errno::erofs;
    String where = TRY(path_to(name));
    platform::HostNode node = TRY(platform::host_create_symlink(owner_->grant(), where.view(), target));
    names_changed();
    return Ref<Inode>(TRY(adopt(name, node, {})));
}

Result<void> HostInode::link(string_view name, Inode& target) {
    if (!owner_->writable()) return Errno::erofs;
    auto& other = static_cast<HostInode&>(target);
    String from = TRY(other.path()), to = TRY(path_to(name));
    TRY(platform::host_link(owner_->grant(), from.view(), to.view()));
    names_changed();
    other.forget_attributes();
    return {};
}

Result<void> HostInode::unlink(string_view name, bool directory) {
    if (!owner_->writable()) return Errno::erofs;
    String where = TRY(path_to(name));
    TRY(platform::host_remove(owner_->grant(), where.view(), directory));
    names_changed();
    return {};
}

Result<void> HostInode::rename(string_view from, Inode& to_directory, string_view to, u32 flags) {
    if (!owner_->writable()) return Errno::erofs;
    auto& target = static_cast<HostInode&>(to_directory);
    String old_path = TRY(path_to(from)), new_path = TRY(target.path_to(to));
    TRY(platform::host_rename(owner_->grant(), old_path.view(), new_path.view(), flags));
    names_changed();
    target.names_changed();
    return {};
}

}  // namespace litebox
