// South: granted host files, from the tree in memory.
#include <algorithm>
#include <cstring>
#include <memory>

#include "platform/simulated/machine.h"

namespace litebox::platform {

using namespace simulated;

namespace {

HostTree& tree() {
    return machine().files();
}

/// What the host says of a length, true or not.
usize told(usize length) {
    return tree().lies.length ? tree().lies.length(length) : length;
}

Result<usize> copy_text(const std::string& text, void* to, usize room) {
    if (room == 0) return told(text.size());
    if (text.size() > room) return Errno::erange;
    std::memcpy(to, text.data(), text.size());
    return told(text.size());
}

}  // namespace

Result<HostNode> host_open(u32 grant, std::string_view path, u32 want, std::span<char> target) {
    TRY(machine().begin(Operation::host_open));
    HostNode node = TRY(tree().open(grant, path, want));
    auto link = tree().link_target(grant, path);
    if (!link.ok() || link.value().size() > target.size()) return node;
    std::copy(link.value().begin(), link.value().end(), target.begin());
    node.target_length = static_cast<u32>(told(link.value().size()));
    return node;
}

Result<usize> host_open_many(u32 grant, std::string_view path, HostIdentity directory, std::string_view names,
                             u32 want, std::span<HostAnswer> to) {
    TRY(machine().begin(Operation::host_open));
    return tree().open_many(grant, path, directory, names, want, to);
}

Result<HostListing> host_list(u32 grant, std::string_view path, HostIdentity directory, u64 position,
                              u32 want, std::span<u8> records) {
    TRY(machine().begin(Operation::host_list));
    return tree().list(grant, path, directory, position, want, records);
}

Result<usize> host_read_link(u32 grant, std::string_view path, std::span<char> to) {
    TRY(machine().begin(Operation::host_read_link));
    std::string target = TRY(tree().link_target(grant, path));
    usize length = std::min(target.size(), to.size());
    std::copy_n(target.begin(), length, to.begin());
    return told(length);
}

Result<usize> host_read(int slot, void* to, usize length, u64 offset) {
    TRY(machine().begin(Operation::host_read));
    return told(TRY(tree().read(slot, static_cast<u8*>(to), length, offset)));
}

Result<usize> host_read_user(int slot, u64 to, usize length, u64 offset) {
    TRY(machine().begin(Operation::host_read));
    constexpr usize most = 64 << 10;
    auto buffer = std::make_unique<u8[]>(std::min(length, most));
    usize done = TRY(tree().read(slot, buffer.get(), std::min(length, most), offset));
    usize copied = 0;
    // Not platform::copy_out, whose points of change would leave the buffer behind when the machine stops.
    const SpaceLimits limits = space_limits();
    if (to >= limits.lowest && to < limits.end)
        (void)this_thread().space->memory.access(to, done, true, [&](u8* bytes, usize part) {
            copy_shared(bytes, buffer.get() + copied, part);
            copied += part;
            return true;
        });
    if (copied == 0 && done > 0) return Errno::efault;
    return told(copied);
}

Result<HostAttributes> host_attributes(int slot) {
    TRY(machine().begin(Operation::host_attributes));
    return tree().attributes(slot);
}

void host_release(std::span<const int> slots) {
    if (slots.empty()) return;
    machine().pass_point();
    for (int slot : slots) tree().release(slot);
}

Result<HostNode> host_create(u32 grant, std::string_view path, u32 mode) {
    TRY(machine().begin(Operation::host_create));
    return tree().create(grant, path, mode, "");
}

Result<HostNode> host_create_symlink(u32 grant, std::string_view path, std::string_view target) {
    TRY(machine().begin(Operation::host_create));
    constexpr u32 symlink_mode = 0120777;
    return tree().create(grant, path, symlink_mode, target);
}

Result<void> host_link(u32 grant, std::string_view from, std::string_view to) {
    TRY(machine().begin(Operation::host_link));
    return tree().link(grant, from, to);
}

Result<void> host_remove(u32 grant, std::string_view path, bool directory) {
    TRY(machine().begin(Operation::host_remove));
    return tree().remove(grant, path, directory);
}

Result<void> host_rename(u32 grant, std::string_view from, std::string_view to, u32 flags) {
    TRY(machine().begin(Operation::host_rename));
    return tree().rename(grant, from, to, flags);
}

Result<void> host_set_attributes(u32 grant, std::string_view path, const HostAttributeChange& change) {
    TRY(machine().begin(Operation::host_set_attributes));
    return tree().set_attributes(grant, path, change);
}

Result<usize> host_write(int slot, const void* from, usize length, u64 offset) {
    TRY(machine().begin(Operation::host_write));
    return told(TRY(tree().write(slot, static_cast<const u8*>(from), length, offset)));
}

Result<void> host_truncate(int slot, u64 size) {
    TRY(machine().begin(Operation::host_truncate));
    return tree().truncate(slot, size);
}

Result<void> host_allocate(int slot, int mode, u64 offset, u64 length) {
    TRY(machine().begin(Operation::host_allocate));
    return tree().allocate(slot, mode, offset, length);
}

Result<void> host_sync(int, bool) {
    return machine().begin(Operation::host_sync);
}

Result<u64> host_seek(int slot, u64 offset, bool hole) {
    TRY(machine().begin(Operation::host_seek));
    return tree().seek(slot, offset, hole);
}

Result<void> host_lock(int slot, int type, u64 start, u64 length) {
    TRY(machine().begin(Operation::host_lock));
    return tree().lock(slot, type, start, length);
}

Result<usize> host_get_attribute(u32 grant, std::string_view path, std::string_view name, std::span<u8> to) {
    TRY(machine().begin(Operation::host_extended_attributes));
    return copy_text(TRY(tree().get_extended(grant, path, name)), to.data(), to.size());
}

Result<usize> host_list_attributes(u32 grant, std::string_view path, std::span<char> names) {
    TRY(machine().begin(Operation::host_extended_attributes));
    return copy_text(TRY(tree().list_extended(grant, path)), names.data(), names.size());
}

Result<void> host_set_attribute(u32 grant, std::string_view path, std::string_view name,
                                std::span<const u8> value, int flags) {
    TRY(machine().begin(Operation::host_extended_attributes));
    return tree().set_extended(grant, path, name, {reinterpret_cast<const char*>(value.data()), value.size()},
                               flags);
}

Result<void> host_remove_attribute(u32 grant, std::string_view path, std::string_view name) {
    TRY(machine().begin(Operation::host_extended_attributes));
    return tree().remove_extended(grant, path, name);
}

Result<HostSpace> host_space(u32) {
    TRY(machine().begin(Operation::host_space));
    constexpr u64 ext4 = 0xef53;
    return HostSpace{ext4, page_size, 1000000, 500000, 100000, 50000, 255};
}

const HostWatchWords& host_watch(u32 id) {
    return tree().watch(id);
}

}  // namespace litebox::platform
