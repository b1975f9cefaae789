#include "core/file/change.h"
#include "core/file/devfs/device.h"
#include "core/file/directory_file.h"
#include "core/file/file_systems.h"
#include "core/file/hostfs/host_file.h"
#include "core/file/pipe/pipe.h"
#include "core/kernel.h"

namespace litebox {

namespace {

/// Targets of links that come with the link: nearly all.
constexpr usize link_room = 256;

HostFiles& host_files() {
    return *kernel().files->host;
}

Timestamp time_of(const platform::HostTime& from) {
    return {from.seconds, from.nanoseconds};
}
platform::HostTime host_time(const Timestamp& from) {
    return {from.seconds, from.nanoseconds, 0};
}

}  // namespace

HostInode::HostInode(HostFileSystem& owner, Ref<HostInode> parent, String name,
                     const platform::HostAttributes& attributes)
    : owner_(&owner),
      type_(attributes.mode & mode_type),
      device_(attributes.device),
      number_(attributes.inode),
      birth_(attributes.birth),
      parent_(std::move(parent)),
      name_(std::move(name)),
      known_(attributes) {}

HostInode::~HostInode() {
    if (shared_) owner_->forget(*this);
    host_files().drop_slots(*this);
}

FileSystem& HostInode::file_system() {
    return *owner_;
}

// Names from here to the grant's root, outermost last, joined.
Result<String> HostInode::path_to(string_view name) {
    Vector<char> reversed;
    auto prepend = [&](string_view part) -> Result<void> {
        if (part.empty()) return {};
        if (!reversed.empty()) TRY(reversed.push('/'));
        for (usize i = part.size(); i > 0; i--) TRY(reversed.push(part[i - 1]));
        return {};
    };
    TRY(prepend(name));
    Ref<HostInode> at(this);
    while (at) {
        Ref<HostInode> above;
        String own;
        {
            LockGuard guard(at->mutex_);
            above = at->parent_;
            own = TRY(String::from(at->name_.view()));
        }
        TRY(prepend(own.view()));
        at = std::move(above);
    }
    for (usize i = 0, j = reversed.size(); i + 1 < j; i++, j--) std::swap(reversed[i], reversed[j - 1]);
    return String::from({reversed.data(), reversed.size()});
}

Result<String> HostInode::path() {
    return path_to("");
}

void HostInode::learn(const platform::HostNode& node, NameCover cover) {
    String stale;
    LockGuard guard(mutex_);
    const platform::HostTime &before = known_.change, &now = node.attributes.change;
    if (before.seconds != now.seconds || before.nanoseconds != now.nanoseconds) std::swap(stale, target_);
    known_ = node.attributes;
    // A directory's own times and links change with its entries, and a file with several names through any of
    // them: only their own watches announce that.
    bool by_directory = type_ != mode_directory && node.attributes.links == 1;
    bool watched = node.watch.id != 0 && node.watch.id < platform::host_watch_limit;
    NameCover own;
    if (watched) own = {&platform::host_watch(node.watch.id).attributes, node.watch.attributes};
    if (type_ == mode_directory && watched) watch_ = node.watch;
    cover_ = by_directory ? cover : own;
}

void HostInode::learn_target(string_view target) {
    auto text = String::from(target);
    if (!text.ok()) return;
    LockGuard guard(mutex_);
    std::swap(target_, text.value());
}

HostInode::Covers HostInode::covers() {
    LockGuard guard(mutex_);
    if (watch_.id == 0) return {};
    const platform::HostWatchWords& words = platform::host_watch(watch_.id);
    u32 names = words.names.load(std::memory_order_acquire);
    u32 attributes = words.attributes.load(std::memory_order_acquire);
    // Looked at last: a watch that ends counts this up before the words.
    if (words.incarnation.load(std::memory_order_acquire) != watch_.incarnation) return {};
    return {{&words.names, names}, {&words.attributes, attributes}};
}

NameCover HostInode::name_cover() {
    Covers now = covers();
    if (now.names.word != nullptr || unwatchable_.load(std::memory_order_relaxed) || !host_files().watches())
        return now.names;
    if (!refresh().ok()) return {};
    now = covers();
    if (now.names.word == nullptr) unwatchable_.store(true, std::memory_order_relaxed);
    return now.names;
}

Result<void> HostInode::refresh() {
    String where = TRY(path());
    Ref<HostInode> parent;
    {
        LockGuard guard(mutex_);
        parent = parent_;
    }
    NameCover cover = parent ? parent->covers().attributes : NameCover{};
    platform::HostNode node =
        TRY(platform::host_open(owner_->grant(), where.view(), host_files().watch_wanted()));
    if (!same_file(node.attributes) || (node.attributes.mode & mode_type) != type_) return Errno::estale;
    learn(node, cover);
    return {};
}

Result<Attributes> HostInode::attributes() {
    if (!known_fresh()) {
        // A file without a name any more is still what it was when last seen.
        auto asked = refresh();
        if (!asked.ok() && asked.error() != Errno::enoent && asked.error() != Errno::estale)
            return asked.error();
    }
    LockGuard guard(mutex_);
    return attributes_from(known_, owner_->device());
}

Attributes attributes_from(const platform::HostAttributes& from, u64 device) {
    Attributes result;
    result.inode = from.inode;
    result.device = device;
    result.mode = from.mode;
    result.links = from.links;
    result.uid = from.uid;
    result.gid = from.gid;
    result.special = device_number(from.special_major, from.special_minor);
    result.size = from.size;
    result.blocks = from.blocks;
    result.block_size = from.block_size;
    result.access = time_of(from.access);
    result.modify = time_of(from.modify);
    result.change = time_of(from.change);
    result.birth = time_of(from.birth);
    return result;
}

void HostInode::forget_attributes() {
    LockGuard guard(mutex_);
    cover_ = {};
}

Result<Ref<HostInode>> HostInode::adopt(string_view name, const platform::HostNode& node, NameCover cover) {
    Ref<HostInode> child = TRY(owner_->inode_for(this, name, node.attributes));
    child->learn(node, cover);
    if (node.slot != platform::no_host_slot) child->keep_brought_slot(node.slot);
    return child;
}

void HostInode::keep_brought_slot(int slot) {
    int spare = host_files().give_slot(*this, slot, false, 0);
    if (spare != platform::no_host_slot) platform::host_release({&spare, 1});
}

Result<Ref<Inode>> HostInode::lookup(string_view name) {
    if (type_ != mode_directory) return Errno::enotdir;
    bool decided = false;
    auto listed = look_in_listing(name, &decided);
    if (decided) {
        if (!listed.ok()) return listed.error();
        return Ref<Inode>(std::move(listed).value());
    }
    NameCover cover = covers().attributes;
    String where = TRY(path_to(name));
    u32 want = host_files().watch_wanted() | (host_files().wants_slots() ? u32{platform::want_slot} : 0u);
    char target[link_room];
    platform::HostNode node = TRY(platform::host_open(owner_->grant(), where.view(), want, target));
    Ref<HostInode> child = TRY(adopt(name, node, cover));
    if (child->type_ == mode_symlink && node.target_length > 0 && node.target_length <= sizeof(target))
        child->learn_target({target, node.target_length});
    return Ref<Inode>(std::move(child));
}

bool HostInode::child_valid(string_view name, Inode* child) {
    NameCover cover = covers().attributes;
    auto where = path_to(name);
    if (!where.ok()) return false;
    auto node = platform::host_open(owner_->grant(), where.value().view(), host_files().watch_wanted());
    if (!node.ok()) return node.error() == Errno::enoent && child == nullptr;
    if (child == nullptr) return false;
    auto& known = static_cast<HostInode&>(*child);
    const platform::HostAttributes& attributes = node.value().attributes;
    if (!known.same_file(attributes) || (attributes.mode & mode_type) != known.type_) return false;
    known.relocate(Ref<HostInode>(this), name);
    known.learn(node.value(), cover);
    return true;
}

void HostInode::relocate(Ref<HostInode> parent, string_view name) {
    bool same;
    {
        LockGuard guard(mutex_);
        same = parent_ == parent && name_.view() == name;
    }
    if (same) return;
    auto text = String::from(name);
    if (!text.ok()) return;
    LockGuard guard(mutex_);
    std::swap(parent_, parent);
    std::swap(name_, text.value());
}

bool HostInode::known_fresh() {
    LockGuard guard(mutex_);
    return cover_.holds();
}

// A link never leads elsewhere: another target is another link, whose change time tells where it got the
// number of this one.
Result<String> HostInode::read_link() {
    if (type_ != mode_symlink) return Errno::einval;
    {
        LockGuard guard(mutex_);
        if (!target_.empty()) return String::from(target_.view());
    }
    String where = TRY(path());
    Vector<char> text;
    TRY(text.resize(4096));
    usize length = TRY(platform::host_read_link(owner_->grant(), where.view(), {text.data(), text.size()}));
    string_view target(text.data(), min(length, text.size()));
    learn_target(target);
    return String::from(target);
}

Result<Ref<File>> HostInode::open(u32 flags) {
    switch (type_) {
        case mode_directory:
            return open_directory_file(*this, flags);
        case mode_regular:
            return open_host_file(*this, flags);
        case mode_fifo:
            return open_fifo(*this, flags);
        default:
            return Errno::enxio;
    }
}

// A slot from the directory's listing, which asks for the neighbours' too.
int HostInode::slot_from_parent() {
    Ref<HostInode> parent;
    String name;
    {
        LockGuard guard(mutex_);
        parent = parent_;
        auto copy = String::from(name_.view());
        if (!parent || !copy.ok()) return platform::no_host_slot;
        name = std::move(copy).value();
    }
    return parent->listed_slot(name.view(), identity());
}

int HostInode::take_into_use(int slot, bool writable) {
    int spare = host_files().give_slot(*this, slot, writable, 1);
    if (spare != platform::no_host_slot) platform::host_release({&spare, 1});
    return writable ? write_slot_ : slot_;
}

Result<int> HostInode::acquire_slot(bool writable) {
    HostFiles& host = host_files();
    int slot = host.use_slot(*this, writable);
    if (slot != platform::no_host_slot) return slot;
    if (!writable) slot = slot_from_parent();
    if (slot != platform::no_host_slot) return take_into_use(slot, writable);
    String where = TRY(path());
    u32 want = platform::want_reason | (writable ? platform::want_write : platform::want_slot);
    for (int attempt = 0; attempt < 4; attempt++) {
        auto node = platform::host_open(owner_->grant(), where.view(), want);
        bool full = node.ok() ? node.value().slot == platform::no_host_slot : node.error() == Errno::enfile;
        if (full) {
            if (!host.give_up_slots(64)) return Errno::enfile;
            continue;
        }
        if (!node.ok()) return node.error();
        if (!same_file(node.value().attributes)) {
            platform::host_release({&node.value().slot, 1});
            return Errno::estale;
        }
        return take_into_use(node.value().slot, writable);
    }
    return Errno::enfile;
}

void HostInode::release_slot(bool writable) {
    host_files().end_use(*this, writable);
}

namespace {

/// A length that the host told, which may lie: no longer than what there was room for, or than Linux permits.
Result<usize> as_told(Result<usize> length, usize room) {
    constexpr usize longest = 65536;
    if (!length.ok()) return length.error();
    return min(length.value(), room != 0 ? room : longest);
}

}  // namespace

// Only user.* and access lists are handed in. That a file has none of those is kept, since listings ask for
// the lists of every file.
Result<usize> HostInode::get_attribute(string_view name, std::span<u8> value) {
    bool list = name.starts_with("system.posix_acl_");
    if (!list && !name.starts_with("user.")) return Errno::enodata;
    NameCover cover;
    {
        LockGuard guard(mutex_);
        if (list && no_lists_.holds()) return Errno::enodata;
        cover = cover_;
    }
    auto length = platform::host_get_attribute(owner_->grant(), TRY(path()).view(), name, value);
    if (list && !length.ok() && length.error() == Errno::enodata && name == "system.posix_acl_access") {
        LockGuard guard(mutex_);
        no_lists_ = cover;
    }
    return as_told(std::move(length), value.size());
}
Result<usize> HostInode::list_attributes(std::span<char> names) {
    auto length =
        as_told(platform::host_list_attributes(owner_->grant(), TRY(path()).view(), names), names.size());
    // Whoever goes through the names relies on it.
    if (length.ok() && length.value() > 0 && !names.empty()) names[length.value() - 1] = '\0';
    return length;
}
Result<void> HostInode::set_attribute(string_view name, std::span<const u8> value, int flags) {
    if (!owner_->writable()) return Errno::erofs;
    return platform::host_set_attribute(owner_->grant(), TRY(path()).view(), name, value, flags);
}
Result<void> HostInode::remove_attribute(string_view name) {
    if (!owner_->writable()) return Errno::erofs;
    return platform::host_remove_attribute(owner_->grant(), TRY(path()).view(), name);
}

// Locks go by the descriptor for writing, which all that are open share: the host sees one owner, the
// sandbox.
bool HostInode::locks_outside() const {
    return type_ == mode_regular && owner_->writable();
}

Result<void> HostInode::lock_outside(u32 type, u64 start, u64 end) {
    HostFiles& host = host_files();
    int slot = host.use_slot(*this, true);
    if (slot == platform::no_host_slot) return {};  // open for reading only: a lock inside
    u64 length = end == ~u64{0} ? 0 : end - start;
    auto done = platform::host_lock(slot, static_cast<int>(type), start, length);
    host.end_use(*this, true);
    return done;
}

Result<void> HostInode::set_size(u64 size) {
    int slot = TRY(acquire_slot(true));
    auto done = platform::host_truncate(slot, size);
    release_slot(true);
    return done;
}

Result<void> HostInode::set_attributes(const AttributeChange& change) {
    if (!owner_->writable()) return Errno::erofs;
    platform::HostAttributeChange out{};
    constexpr u32 by_size = AttributeChange::size;
    if ((change.fields & by_size) != 0) TRY(set_size(change.new_size));
    // The host sets the time of a change of size, and that of every change.
    u32 implied = (change.fields & by_size) != 0 ? u32{AttributeChange::modify} : 0u;
    out.fields = change.fields & ~(u32{AttributeChange::change} | by_size | implied);
    out.mode_bits = change.new_mode & mode_permissions;
    out.uid_value = change.new_uid;
    out.gid_value = change.new_gid;
    out.access_value = host_time(change.new_access);
    out.modify_value = host_time(change.new_modify);
    if (out.fields == 0) {
        forget_attributes();
        return {};
    }
    auto done = platform::host_set_attributes(owner_->grant(), TRY(path()).view(), out);
    forget_attributes();
    return done;
}

}  // namespace litebox
