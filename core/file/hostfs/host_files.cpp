// What all grants share: the slots that are kept open.
#include "core/file/file_systems.h"
#include "core/file/hostfs/hostfs.h"
#include "core/kernel.h"

namespace litebox {

using platform::no_host_slot;

void HostFiles::append_kept(HostInode& inode) {
    ListNode& node = inode.kept_.node;
    node.previous = kept_.previous;
    node.next = &kept_;
    kept_.previous->next = &node;
    kept_.previous = &node;
    kept_count_.fetch_add(1, std::memory_order_relaxed);
}

bool HostFiles::remove_kept(HostInode& inode) {
    if (!inode.kept_.node.linked()) return false;
    inode.kept_.node.unlink();
    kept_count_.fetch_sub(1, std::memory_order_relaxed);
    return true;
}

int HostFiles::use_slot(HostInode& inode, bool writable) {
    LockGuard guard(mutex_);
    if (writable) {
        if (inode.write_slot_ != no_host_slot) inode.write_users_++;
        return inode.write_slot_;
    }
    if (inode.slot_ == no_host_slot) return no_host_slot;
    if (inode.slot_users_++ == 0) remove_kept(inode);
    return inode.slot_;
}

int HostFiles::give_slot(HostInode& inode, int slot, bool writable, u32 users) {
    LockGuard guard(mutex_);
    int& place = writable ? inode.write_slot_ : inode.slot_;
    u32& count = writable ? inode.write_users_ : inode.slot_users_;
    int spare = slot;
    if (place == no_host_slot) {
        place = slot;
        spare = no_host_slot;
    }
    if (users > 0) {
        if (!writable) remove_kept(inode);
        count += users;
    } else if (!writable && count == 0 && !inode.kept_.node.linked()) {
        append_kept(inode);
    }
    return spare;
}

int HostFiles::keep_created(HostInode& inode, int slot) {
    LockGuard guard(mutex_);
    if (inode.write_slot_ != no_host_slot) return slot;
    return std::exchange(inode.write_slot_, slot);
}

void HostFiles::end_use(HostInode& inode, bool writable) {
    int released = no_host_slot;
    {
        LockGuard guard(mutex_);
        if (writable) {
            if (--inode.write_users_ == 0) released = std::exchange(inode.write_slot_, no_host_slot);
        } else if (--inode.slot_users_ == 0) {
            append_kept(inode);
            // Created, but opened for reading: nobody came for it.
            if (inode.write_users_ == 0) released = std::exchange(inode.write_slot_, no_host_slot);
        }
    }
    if (released != no_host_slot) platform::host_release({&released, 1});
}

void HostFiles::drop_slots(HostInode& inode) {
    int slot, write_slot;
    {
        LockGuard guard(mutex_);
        remove_kept(inode);
        slot = std::exchange(inode.slot_, no_host_slot);
        write_slot = std::exchange(inode.write_slot_, no_host_slot);
    }
    if (slot != no_host_slot) platform::host_release({&slot, 1});
    if (write_slot != no_host_slot) platform::host_release({&write_slot, 1});
}

bool HostFiles::give_up_slots(u32 count) {
    int slots[64];
    usize taken = 0;
    {
        LockGuard guard(mutex_);
        while (taken < min<usize>(count, std::size(slots)) && kept_.next != &kept_) {
            // The node is the first member of its KeptSlot.
            HostInode& oldest = *reinterpret_cast<KeptSlot*>(kept_.next)->inode;
            remove_kept(oldest);
            slots[taken++] = std::exchange(oldest.slot_, no_host_slot);
        }
    }
    platform::host_release({slots, taken});
    return taken > 0;
}

Result<Ref<HostFileSystem>> HostFileSystem::create(u32 grant, bool writable,
                                                   const platform::HostAttributes& root) {
    Ref<HostFileSystem> result = TRY(make_ref<HostFileSystem>(grant, writable));
    result->root_ = TRY(result->inode_for(nullptr, "", root));
    return result;
}

Result<Ref<HostInode>> HostFileSystem::inode_for(HostInode* parent, string_view name,
                                                 const platform::HostAttributes& attributes) {
    bool shared = attributes.links > 1 && (attributes.mode & mode_type) != mode_directory;
    if (shared) {
        LockGuard guard(mutex_);
        for (HostInode* inode : linked_)
            if (inode->same_file(attributes) && inode->try_ref()) return Ref<HostInode>::adopt(inode);
    }
    Ref<HostInode> made =
        TRY(make_ref<HostInode>(*this, Ref<HostInode>(parent), TRY(String::from(name)), attributes));
    if (shared) {
        LockGuard guard(mutex_);
        made->shared_ = linked_.push(made.get()).ok();
    }
    return made;
}

void HostFileSystem::forget(HostInode& inode) {
    LockGuard guard(mutex_);
    for (usize i = 0; i < linked_.size(); i++) {
        if (linked_[i] != &inode) continue;
        linked_[i] = linked_.last();
        linked_.pop();
        return;
    }
}

Result<FileSystemStatus> HostFileSystem::status() {
    platform::HostSpace space = TRY(platform::host_space(grant_));
    FileSystemStatus result;
    result.type = space.type;
    result.block_size = space.block_size;
    result.blocks = space.blocks;
    result.free_blocks = space.free_blocks;
    result.files = space.files;
    result.free_files = space.free_files;
    result.name_length = space.name_length;
    result.id = device();
    return result;
}

}  // namespace litebox
