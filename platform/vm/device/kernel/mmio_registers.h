// Registers of a device that the machine maps into memory.
#pragma once

#include "platform/vm/device/device_registers.h"
#include "platform/vm/host_io.h"

namespace litebox::vm {

class MmioRegisters final : public DeviceRegisters {
  public:
    explicit MmioRegisters(volatile u8* base) : base_(base) {}
    HostValue<u32> read(u32 offset) override { return HostValue(host_io::mmio_read32(base_ + offset)); }
    HostValue<u8> read_byte(u32 offset) override { return HostValue(host_io::mmio_read8(base_ + offset)); }
    void write(u32 offset, u32 value) override { host_io::mmio_write32(base_ + offset, value); }

  private:
    volatile u8* base_;
};

}  // namespace litebox::vm
