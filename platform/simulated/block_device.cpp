// South: block devices, from buffers.
#include "platform/block_device.h"

#include <cstring>

#include "platform/simulated/machine.h"

namespace litebox::platform {

using namespace simulated;

namespace {

Result<Disk*> disk_for(u32 device, u64 offset, u64 length) {
    auto& disks = machine().disks();
    if (device >= disks.size()) return Errno::enodev;
    u64 size = disks[device].bytes.size();
    if (offset % block_unit != 0 || length % block_unit != 0 || offset > size || length > size - offset)
        return Errno::einval;
    return &disks[device];
}

}  // namespace

u32 block_device_count() {
    return static_cast<u32>(machine().disks().size());
}

Result<BlockDevice> block_device(u32 device) {
    Disk* disk = TRY(disk_for(device, 0, 0));
    return BlockDevice{disk->bytes.size() / block_unit * block_unit, disk->read_only};
}

Result<void> block_read(u32 device, u64 offset, std::span<u8> to) {
    TRY(machine().begin(Operation::block_read));
    Disk* disk = TRY(disk_for(device, offset, to.size()));
    std::memcpy(to.data(), disk->bytes.data() + offset, to.size());
    if (disk->alter) disk->alter(offset, to);
    return {};
}

Result<void> block_write(u32 device, u64 offset, std::span<const u8> from) {
    TRY(machine().begin(Operation::block_write));
    Disk* disk = TRY(disk_for(device, offset, from.size()));
    if (disk->read_only) return Errno::erofs;
    std::memcpy(disk->bytes.data() + offset, from.data(), from.size());
    return {};
}

Result<void> block_flush(u32 device) {
    TRY(machine().begin(Operation::block_flush));
    TRY(disk_for(device, 0, 0));
    return {};
}

}  // namespace litebox::platform
