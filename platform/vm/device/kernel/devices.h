// The devices that were found; machine().devices.
#pragma once

#include "platform/vm/device/console_device.h"
#include "platform/vm/device/devices.h"
#include "platform/vm/device/discovery.h"
#include "platform/vm/device/entropy_device.h"
#include "platform/vm/device/kernel/mmio_registers.h"

namespace litebox::vm {

/// Null: there is no such device.
struct Devices : Pinned {
    ConsoleDevice* console = nullptr;
    EntropyDevice* entropy = nullptr;

    MmioRegisters* registers[most_windows] = {};
};

}  // namespace litebox::vm
