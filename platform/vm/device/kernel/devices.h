// The devices that were found; machine().devices.
#pragma once

#include "platform/vm/device/block_device.h"
#include "platform/vm/device/console_device.h"
#include "platform/vm/device/devices.h"
#include "platform/vm/device/discovery.h"
#include "platform/vm/device/entropy_device.h"
#include "platform/vm/device/kernel/mmio_registers.h"
#include "platform/vm/device/network_device.h"
#include "platform/vm/device/nine_p_device.h"
#include "platform/vm/device/socket_device.h"

namespace litebox::vm {

/// Null: there is no such device.
struct Devices : Pinned {
    ConsoleDevice* console = nullptr;
    EntropyDevice* entropy = nullptr;
    NinePDevice* view = nullptr;
    static constexpr u32 most_disks = 8;
    BlockDevice* disks[most_disks] = {};
    u32 disk_count = 0;
    static constexpr u32 most_networks = 4;
    NetworkDevice* networks[most_networks] = {};
    u32 network_count = 0;
    SocketDevice* socket = nullptr;

    MmioRegisters* registers[most_windows] = {};
};

}  // namespace litebox::vm
