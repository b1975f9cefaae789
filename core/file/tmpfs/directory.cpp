#include "core/file/change.h"
#include "core/file/directory_file.h"
#include "core/file/tmpfs/tmpfs.h"

namespace litebox {

namespace {
constexpr usize linear_limit = 16;
}

u32 TmpfsDirectory::hash_of(string_view name) {
    u32 hash = 2166136261u;
    for (char c : name) hash = (hash ^ static_cast<u8>(c)) * 16777619u;
    return hash;
}

TmpfsDirectory::Item* TmpfsDirectory::find(string_view name) {
    u32 hash = hash_of(name);
    if (index_.empty()) {
        for (Item& item : items_)
            if (item.node && item.hash == hash && item.name.view() == name) return &item;
        return nullptr;
    }
    usize mask = index_.size() - 1;
    for (usize at = hash & mask; index_[at] != 0; at = (at + 1) & mask) {
        Item& item = items_[index_[at] - 1];
        if (item.node && item.hash == hash && item.name.view() == name) return &item;
    }
    return nullptr;
}

void TmpfsDirectory::index(usize item) {
    usize mask = index_.size() - 1;
    usize at = items_[item].hash & mask;
    while (index_[at] != 0) at = (at + 1) & mask;
    index_[at] = static_cast<u32>(item + 1);
}

// Drops removed items and makes the index fit `capacity` items.
Result<void> TmpfsDirectory::rebuild(usize capacity) {
    usize size = 0;
    if (capacity > linear_limit) {
        size = 64;
        while (size < capacity * 2) size *= 2;
    }
    Vector<u32> fresh;
    TRY(fresh.resize(size));
    TRY(items_.reserve(capacity));
    compact();
    index_ = std::move(fresh);
    if (!index_.empty())
        for (usize i = 0; i < items_.size(); i++) index(i);
    return {};
}

void TmpfsDirectory::compact() {
    usize to = 0;
    for (usize i = 0; i < items_.size(); i++) {
        if (!items_[i].node) continue;
        if (i != to) items_[to] = std::move(items_[i]);
        to++;
    }
    while (items_.size() > to) items_.pop();
}

Result<void> TmpfsDirectory::insert(string_view name, Ref<TmpfsInode> node) {
    bool sparse = items_.size() > linear_limit && live_ * 2 < items_.size();
    bool crowded = index_.empty() ? items_.size() >= linear_limit : (items_.size() + 1) * 2 > index_.size();
    if (sparse || crowded) TRY(rebuild(live_ * 2 + 1));
    Item item;
    item.name = TRY(String::from(name));
    item.hash = hash_of(name);
    item.node = std::move(node);
    item.position = next_position_++;
    TRY(items_.push(std::move(item)));
    if (!index_.empty()) index(items_.size() - 1);
    live_++;
    return {};
}

void TmpfsDirectory::erase(Item& item) {
    item.node = nullptr;
    item.name = String();
    live_--;
    if (live_ == 0) {
        items_.clear();
        for (u32& slot : index_) slot = 0;
    }
}

void TmpfsDirectory::fill(Attributes& attributes) {
    attributes.size = (live_ + 2) * 20;
}

Result<Ref<Inode>> TmpfsDirectory::lookup(string_view name) {
    LockGuard guard(mutex_);
    Item* item = find(name);
    if (item == nullptr) return Errno::enoent;
    return Ref<Inode>(item->node);
}

Result<Ref<TmpfsInode>> TmpfsDirectory::make(u32 mode, u64 special, const Credentials& owner) {
    u32 gid = owner.fsgid;
    {
        LockGuard guard(mutex_);
        if ((mode_ & mode_setgid) != 0) {
            gid = gid_;
            if ((mode & mode_type) == mode_directory) mode |= mode_setgid;
        }
    }
    bool strips = (mode & mode_type) == mode_regular && (mode & (mode_setgid | 010)) == (mode_setgid | 010);
    if (strips && !owner.in_group(gid) && !owner.capable(cap_fsetid)) mode &= ~static_cast<u32>(mode_setgid);
    if ((mode & mode_type) == mode_regular) return owner_->make_regular(mode, owner.fsuid, gid);
    TRY(owner_->take_inode());
    if ((mode & mode_type) == mode_directory) {
        auto made = make_ref<TmpfsDirectory>(*owner_, mode, owner.fsuid, gid, u64{0});
        if (!made.ok()) owner_->give_inode();
        return Ref<TmpfsInode>(TRY(made));
    }
    auto made = make_ref<TmpfsInode>(*owner_, mode, owner.fsuid, gid, special);
    if (!made.ok()) owner_->give_inode();
    return made;
}

Result<void> TmpfsDirectory::add_new(string_view name, const Ref<TmpfsInode>& node) {
    Timestamp now = Timestamp::now();
    {
        LockGuard guard(mutex_);
        if (dead_) return Errno::enoent;
        if (find(name) != nullptr) return Errno::eexist;
        TRY(insert(name, node));
        modify_ = change_ = now;
    }
    node->add_link(node->type() == mode_directory ? 2 : 1);
    count_child(*node, 1);
    return {};
}

void TmpfsDirectory::count_child(const TmpfsInode& node, i32 change) {
    if (node.type() == mode_directory) links_.fetch_add(static_cast<u32>(change), std::memory_order_relaxed);
}

Result<Ref<Inode>> TmpfsDirectory::create(string_view name, u32 mode, u64 special, const Credentials& owner) {
    Ref<TmpfsInode> node = TRY(make(mode, special, owner));
    TRY(add_new(name, node));
    return Ref<Inode>(std::move(node));
}

Result<Ref<Inode>> TmpfsDirectory::create_symlink(string_view name, string_view target,
                                                  const Credentials& owner) {
    String text = TRY(String::from(target));
    u32 gid = owner.fsgid;
    {
        LockGuard guard(mutex_);
        if ((mode_ & mode_setgid) != 0) gid = gid_;
    }
    TRY(owner_->take_inode());
    auto made = make_ref<TmpfsSymlink>(*owner_, owner.fsuid, gid, std::move(text));
    if (!made.ok()) owner_->give_inode();
    Ref<TmpfsInode> node = TRY(made);
    TRY(add_new(name, node));
    return Ref<Inode>(std::move(node));
}

Result<Ref<Inode>> TmpfsDirectory::create_unnamed(u32 mode, const Credentials& owner, bool linkable) {
    Ref<TmpfsInode> made = TRY(make(mode, 0, owner));
    made->linkable = linkable;
    return Ref<Inode>(std::move(made));
}

Result<void> TmpfsDirectory::link(string_view name, Inode& target) {
    auto& node = static_cast<TmpfsInode&>(target);
    if (node.links() == 0 && !node.linkable) return Errno::enoent;
    return add_new(name, Ref<TmpfsInode>(&node));
}

Result<void> TmpfsDirectory::unlink(string_view name, bool directory) {
    Timestamp now = Timestamp::now();
    Ref<TmpfsInode> victim;
    {
        LockGuard guard(mutex_);
        Item* item = find(name);
        if (item == nullptr) return Errno::enoent;
        victim = item->node;
        bool is_directory = victim->type() == mode_directory;
        if (directory && !is_directory) return Errno::enotdir;
        if (!directory && is_directory) return Errno::eisdir;
        if (is_directory) {
            auto& below = static_cast<TmpfsDirectory&>(*victim);
            LockGuard below_guard(below.mutex_);
            if (below.live_ != 0) return Errno::enotempty;
            below.dead_ = true;
        }
        erase(*item);
        modify_ = change_ = now;
    }
    victim->add_link(directory ? -2 : -1);
    count_child(*victim, -1);
    return {};
}

// Both directories are locked.
Result<void> TmpfsDirectory::rename_locked(string_view from, TmpfsDirectory& target, string_view to,
                                           u32 flags) {
    Item* source = find(from);
    if (source == nullptr) return Errno::enoent;
    if (target.dead_) return Errno::enoent;
    Item* victim = target.find(to);
    Timestamp now = Timestamp::now();
    if ((flags & rename_exchange) != 0) {
        if (victim == nullptr) return Errno::enoent;
        count_child(*source->node, -1);
        target.count_child(*victim->node, -1);
        std::swap(source->node, victim->node);
        count_child(*source->node, 1);
        target.count_child(*victim->node, 1);
        modify_ = change_ = target.modify_ = target.change_ = now;
        return {};
    }
    Ref<TmpfsInode> moved = source->node, replaced;
    if (victim != nullptr) {
        if ((flags & rename_no_replace) != 0) return Errno::eexist;
        replaced = victim->node;
        if (replaced->type() == mode_directory) {
            auto& below = static_cast<TmpfsDirectory&>(*replaced);
            LockGuard guard(below.mutex_);
            if (below.live_ != 0) return Errno::enotempty;
            below.dead_ = true;
        }
        victim->node = moved;
    } else {
        TRY(target.insert(to, moved));
    }
    source = find(from);  // the insertion may have moved the items
    erase(*source);
    modify_ = change_ = target.modify_ = target.change_ = now;
    count_child(*moved, -1);
    target.count_child(*moved, 1);
    if (replaced) {
        target.count_child(*replaced, -1);
        replaced->add_link(replaced->type() == mode_directory ? -2 : -1);
    }
    return {};
}

Result<void> TmpfsDirectory::rename(string_view from, Inode& to_directory, string_view to,
                                    u32 flags) LITEBOX_NO_ANALYSIS {
    auto& target = static_cast<TmpfsDirectory&>(to_directory);
    Ref<TmpfsInode> whiteout;
    if ((flags & rename_whiteout) != 0) {
        TRY(owner_->take_inode());
        whiteout = TRY(make_ref<TmpfsInode>(*owner_, mode_character | 0u, uid_, gid_, u64{0}));
    }
    TmpfsDirectory* first = this < &target ? this : &target;
    TmpfsDirectory* second = first == this ? &target : this;
    Ref<TmpfsInode> moved;
    first->mutex_.lock();
    if (second != first) second->mutex_.lock();
    if (Item* item = find(from)) moved = item->node;
    auto done = rename_locked(from, target, to, flags);
    if (done.ok() && whiteout) {
        done = insert(from, whiteout);
        if (done.ok()) whiteout->add_link(1);
    }
    if (second != first) second->mutex_.unlock();
    first->mutex_.unlock();
    if (done.ok()) moved->touch_change();
    return done;
}

Result<void> TmpfsDirectory::read_directory(u64 position, DirectorySink& sink) {
    LockGuard guard(mutex_);
    // First item whose position is beyond.
    usize low = 0, high = items_.size();
    while (low < high) {
        usize middle = (low + high) / 2;
        if (items_[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    for (usize i = low; i < items_.size(); i++) {
        Item& item = items_[i];
        if (!item.node) continue;
        u32 type = item.node->is_whiteout() ? u32{mode_whiteout} : item.node->type();
        if (!sink.entry(item.name.view(), TRY(item.node->number()), type, item.position + 1)) break;
    }
    return {};
}

Result<Ref<File>> TmpfsDirectory::open(u32 flags) {
    return open_directory_file(*this, flags);
}

}  // namespace litebox
