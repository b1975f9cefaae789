// Directories of hostfs: listings and what they bring, and changes to names beneath --rw.
#include "core/file/file_systems.h"
#include "core/file/hostfs/hostfs.h"
#include "core/kernel.h"
#include "core/task/credentials.h"

namespace litebox {

using platform::no_host_slot;

namespace {

constexpr usize listing_bytes = 64 << 10;
/// Who asks for so many at a time, descriptors and all, goes through a tree.
constexpr u32 walk_width = 8;

HostFiles& host_files() {
    return *kernel().files->host;
}

}  // namespace

void HostInode::drop_listing() {
    Ref<HostListing> dropped;
    LockGuard guard(mutex_);
    std::swap(dropped, listing_);
    nodes_ahead_ = slots_ahead_ = 1;
}

// What a listing of this directory says about a name, while nothing has changed since.
Result<Ref<HostInode>> HostInode::look_in_listing(string_view name, bool* decided) {
    Ref<HostListing> listing;
    {
        LockGuard guard(mutex_);
        listing = listing_;
    }
    if (!listing || !listing->holds()) return Errno::enoent;
    usize index = listing->find(name);
    if (index == listing->size()) {
        *decided = listing->complete();
        return Errno::enoent;
    }
    for (int attempt = 0; attempt < 2; attempt++) {
        NameCover cover = covers().attributes;
        platform::HostNode node;
        {
            LockGuard guard(mutex_);
            HostListing::Child& child = listing->child(index);
            *decided = child.node != nullptr && cover.word != nullptr && child.attributes == cover.value &&
                       (child.type != mode_directory || child.node->watch.id != 0);
            if (*decided) {
                node = *child.node;
                child.node->slot = no_host_slot;
            }
        }
        if (*decided) return adopt(name, node, cover);
        if (attempt == 0 && !bring_ahead(listing, index, false)) break;
    }
    return Errno::enoent;
}

// Asks for what is not known of the names from `index` on. False: it is the first one asked for here, or
// nothing came: ask for it alone.
bool HostInode::bring_ahead(Ref<HostListing> listing, usize index, bool slots) {
    u32 indices[platform::host_open_many_limit];
    usize count = 0;
    NameCover cover = covers().attributes;
    Vector<char> names;
    u32 ahead, want = platform::want_watch;
    {
        LockGuard guard(mutex_);
        u32& width = slots ? slots_ahead_ : nodes_ahead_;
        ahead = width;
        width = min<u32>(width * 2, platform::host_open_many_limit);
        if (slots_ahead_ > 2 && host_files().wants_slots()) want |= platform::want_slot;
        for (usize i = index; i < listing->size() && count < ahead; i++) {
            HostListing::Child& child = listing->child(i);
            bool fresh = child.node != nullptr && child.attributes == cover.value;
            bool has_slot = fresh && child.node->slot != no_host_slot;
            if (i != index && (slots ? has_slot || child.type != mode_regular : fresh)) continue;
            string_view name = listing->name(child);
            if (names.size() + name.size() + 1 > platform::host_open_many_bytes) break;
            usize at = names.size();
            if (!names.resize(at + name.size() + 1).ok()) return false;
            memcpy(names.data() + at, name.data(), name.size());
            indices[count++] = static_cast<u32>(i);
        }
    }
    if (ahead == 1 || cover.word == nullptr || count == 0) return false;
    if (ahead >= walk_width && (want & platform::want_slot) != 0) note_walk();
    return ask_for_nodes(*listing, {names.data(), names.size()}, {indices, count}, want, cover.value);
}

bool HostInode::ask_for_nodes(HostListing& listing, string_view names, std::span<const u32> indices, u32 want,
                              u32 attributes) {
    Vector<platform::HostAnswer> answers;
    auto where = path();
    if (!where.ok() || !answers.resize(indices.size()).ok()) return false;
    auto done = platform::host_open_many(owner_->grant(), where.value().view(), identity(), names, want,
                                         {answers.data(), answers.size()});
    if (!done.ok()) return false;
    Vector<int> spare;
    {
        LockGuard guard(mutex_);
        for (usize i = 0; i < done.value(); i++) {
            HostListing::Child& child = listing.child(indices[i]);
            const platform::HostNode& node = answers[i].node;
            if (answers[i].error != 0) continue;
            int old = HostListing::take_slot(child);
            if (!listing.set_node(child, node, attributes).ok()) old = node.slot;
            if (old != no_host_slot) (void)spare.push(old);
        }
    }
    platform::host_release({spare.data(), spare.size()});
    return true;
}

// Somebody goes through all files here: likely beneath the next directories too.
void HostInode::note_walk() {
    constexpr int levels = 3;
    Ref<HostInode> at(this);
    for (int i = 0; i < levels && at; i++) {
        Ref<HostInode> above;
        at->walked_.store(true, std::memory_order_relaxed);
        {
            LockGuard guard(at->mutex_);
            above = at->parent_;
        }
        at = std::move(above);
    }
}

int HostInode::listed_slot(string_view name, const platform::HostIdentity& identity) {
    Ref<HostListing> listing;
    {
        LockGuard guard(mutex_);
        listing = listing_;
    }
    if (!listing || !listing->holds()) return no_host_slot;
    usize index = listing->find(name);
    if (index == listing->size()) return no_host_slot;
    for (int attempt = 0; attempt < 2; attempt++) {
        {
            LockGuard guard(mutex_);
            HostListing::Child& child = listing->child(index);
            bool same = child.node != nullptr && child.node->attributes.inode == identity.inode &&
                        child.node->attributes.device == identity.device;
            int slot = same ? HostListing::take_slot(child) : no_host_slot;
            if (slot != no_host_slot) return slot;
        }
        if (attempt == 0 && !bring_ahead(listing, index, true)) break;
    }
    return no_host_slot;
}

// A listing with the entry behind `position` at `index`, or beyond its end where there is none.
Result<Ref<HostListing>> HostInode::listing_from(u64 position, usize* index) {
    Ref<HostListing> listing;
    {
        LockGuard guard(mutex_);
        listing = listing_;
    }
    bool holds = listing && listing->holds();
    bool placed = holds && listing->index_behind(position, index);
    if (placed && (*index < listing->size() || listing->complete())) return listing;
    bool continues = placed && position != 0 && listing->size() < HostListing::most_entries;
    *index = continues ? listing->size() : 0;
    return ask_for_listing(position, continues ? listing : Ref<HostListing>());
}

Result<Ref<HostListing>> HostInode::ask_for_listing(u64 position, Ref<HostListing> before) {
    HostFiles& host = host_files();
    Covers cover = covers();
    bool all = below_walked();
    u32 want = cover.names.word == nullptr || all ? u32{platform::want_watch} : 0u;
    if (all) want |= platform::want_attributes | (host.wants_slots() ? u32{platform::want_slot} : 0u);
    String where = TRY(path());
    Vector<u8> records;
    TRY(records.reserve(listing_bytes));  // what is not written is not read
    auto told = TRY(platform::host_list(owner_->grant(), where.view(), identity(), position, want,
                                        {records.data(), listing_bytes}));
    if (told.bytes > listing_bytes) return Errno::eio;
    if (platform::HostWatch watch = told.directory.watch; watch.id != 0) {
        learn(told.directory, {});
        const platform::HostWatchWords& words = platform::host_watch(watch.id);
        cover = {{&words.names, watch.names}, {&words.attributes, watch.attributes}};
    }
    Ref<HostListing> made = TRY(make_ref<HostListing>(before ? before->cover() : cover.names));
    Ref<HostListing> replaced;
    LockGuard guard(mutex_);
    TRY(made->fill(before.get(), {records.data(), told.bytes}, cover.attributes.value));
    made->finish(told.end && (before || position == 0));
    if (made->cover().word != nullptr && (before || position == 0)) {
        replaced = std::exchange(listing_, made);
        if (!before) nodes_ahead_ = slots_ahead_ = 1;
    }
    return made;
}

bool HostInode::below_walked() {
    LockGuard guard(mutex_);
    if (parent_ && parent_->walked_.load(std::memory_order_relaxed))
        walked_.store(true, std::memory_order_relaxed);
    return walked_.load(std::memory_order_relaxed);
}

Result<void> HostInode::read_directory(u64 position, DirectorySink& sink) {
    if (type_ != mode_directory) return Errno::enotdir;
    // Positions 0 to 2 are before the first entry: "." and ".." took them.
    usize index = 0;
    Ref<HostListing> listing = TRY(listing_from(position <= 2 ? 0 : position, &index));
    for (; index < listing->size(); index++) {
        const HostListing::Child& child = listing->child(index);
        if (!sink.entry(listing->name(child), child.inode, child.type, child.position)) break;
    }
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
    int slot = std::exchange(node.slot, no_host_slot);
    auto adopted = adopt(name, node, {});
    // Its mode may forbid to open it for writing once more.
    if (adopted.ok() && slot != no_host_slot) slot = host_files().keep_created(*adopted.value(), slot);
    if (slot != no_host_slot) platform::host_release({&slot, 1});
    return Ref<Inode>(TRY(std::move(adopted)));
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
