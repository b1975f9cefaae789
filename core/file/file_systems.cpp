#include "core/file/file_systems.h"

#include "core/file/anonymous.h"
#include "core/kernel.h"

namespace litebox {

Result<void> FileSystems::create() {
    void* memory = heap_allocate(sizeof(FileSystems));
    if (memory == nullptr) return Errno::enomem;
    auto* files = new (memory) FileSystems;
    kernel().files = files;
    Ref<FileSystem> anonymous = TRY(make_anonymous_file_system());
    files->anonymous_mount = TRY(files->mount_internal(std::move(anonymous), "anon_inodefs"));
    return {};
}

u64 FileSystems::next_device() {
    u32 minor = next_device_.fetch_add(1, std::memory_order_relaxed);
    // new_encode_dev of major 0.
    return (minor & 0xff) | u64{minor & 0xfff00} << 12;
}

Result<Mount*> FileSystems::mount_internal(Ref<FileSystem> file_system, string_view source) {
    Mount* mount = TRY(make_own<Mount>()).release();
    mount->source = TRY(String::from(source));
    Ref<Inode> root = file_system->root();
    mount->root = TRY(entries.make(nullptr, "", std::move(root)));
    mount->file_system = std::move(file_system);
    return mount;
}

Result<Mount*> FileSystems::mount(Ref<FileSystem> file_system, const Path& place, u32 flags,
                                  string_view source) {
    Mount* mount = TRY(mount_internal(std::move(file_system), source));
    mount->flags = flags | mount_relative_time;
    LockGuard guard(mutex_);
    u32 index = mount_count_.load(std::memory_order_relaxed);
    if (index >= mount_limit) return Errno::enospc;
    mount->id = index + 20;
    Slot& slot = mounts_[index];
    if (place.valid()) {
        mount->parent = place.mount();
        mount->place = Ref<Entry>(place.entry());
        slot.parent.store(place.mount(), std::memory_order_relaxed);
        slot.place.store(place.entry(), std::memory_order_relaxed);
    } else {
        root_mount = mount;
    }
    mount->attached = true;
    slot.mount.store(mount, std::memory_order_release);
    mount_count_.store(index + 1, std::memory_order_release);
    if (mount->place) mount->place->set_flag(entry_mounted);
    return mount;
}

Result<void> FileSystems::unmount(Mount& mount, bool detach) {
    LockGuard guard(mutex_);
    if (&mount == root_mount || !mount.attached) return Errno::einval;
    u32 count = mount_count();
    bool covers_others = false;
    for (u32 i = 0; i < count; i++) {
        Mount* other = mounts_[i].mount.load(std::memory_order_acquire);
        if (other != nullptr && other->attached && other->parent == &mount) covers_others = true;
    }
    // The root entry is referenced by the mount itself; more means that somebody stands or reads there.
    if (!detach && covers_others) return Errno::ebusy;
    for (u32 i = 0; i < count; i++) {
        if (mounts_[i].mount.load(std::memory_order_acquire) != &mount) continue;
        mounts_[i].place.store(nullptr, std::memory_order_release);
        mount.attached = false;
    }
    return {};
}

Mount* FileSystems::mounted_at(const Mount* mount, const Entry* entry) const {
    for (u32 i = mount_count(); i > 0; i--) {
        const Slot& slot = mounts_[i - 1];
        if (slot.place.load(std::memory_order_acquire) == entry &&
            slot.parent.load(std::memory_order_relaxed) == mount)
            return slot.mount.load(std::memory_order_acquire);
    }
    return nullptr;
}

Mount* FileSystems::mount_at(u32 index) const {
    return index < mount_count() ? mounts_[index].mount.load(std::memory_order_acquire) : nullptr;
}

Result<Path> FileSystems::anonymous_path(Ref<Inode> inode, string_view name) {
    Ref<Entry> entry = TRY(entries.make(nullptr, name, std::move(inode)));
    entry->set_flag(entry_anonymous);
    return Path(Ref<Mount>(anonymous_mount), std::move(entry));
}

}  // namespace litebox
