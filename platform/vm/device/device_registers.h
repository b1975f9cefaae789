// The registers of one device, behind an interface so that the tests' devices stand in for real ones.
#pragma once

#include "core/base/types.h"
#include "platform/vm/device/host_value.h"

namespace litebox::vm {

class DeviceRegisters {
  public:
    virtual HostValue<u32> read(u32 offset) = 0;
    virtual HostValue<u8> read_byte(u32 offset) = 0;  // of the configuration space
    virtual void write(u32 offset, u32 value) = 0;

  protected:
    ~DeviceRegisters() = default;
};

}  // namespace litebox::vm
