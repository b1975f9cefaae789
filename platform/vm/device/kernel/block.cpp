// South's block devices.
#include "platform/block_device.h"

#include "platform/vm/device/kernel/devices.h"
#include "platform/vm/machine.h"

namespace litebox::platform {

namespace {

Result<vm::BlockDevice*> disk(u32 number) {
    vm::Devices& devices = *vm::machine().devices;
    if (number >= devices.disk_count) return Errno::enodev;
    return devices.disks[number];
}

}  // namespace

u32 block_device_count() {
    return vm::machine().devices->disk_count;
}

Result<BlockDevice> block_device(u32 device) {
    vm::BlockDevice& found = *TRY(disk(device));
    static_assert(block_unit == vm::BlockDevice::sector);
    return BlockDevice{found.size(), found.read_only()};
}

Result<void> block_read(u32 device, u64 offset, std::span<u8> to) {
    return TRY(disk(device))->read(offset, to);
}

Result<void> block_write(u32 device, u64 offset, std::span<const u8> from) {
    return TRY(disk(device))->write(offset, from);
}

Result<void> block_flush(u32 device) {
    return TRY(disk(device))->flush();
}

}  // namespace litebox::platform
