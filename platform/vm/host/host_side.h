// All state of host/, behind machine().host.
#pragma once

#include "platform/entropy_pool.h"
#include "platform/vm/host/control_channel.h"
#include "platform/vm/host/export.h"
#include "platform/vm/host/parameters_reader.h"

namespace litebox::vm {

struct HostSide : Pinned {
    MachineParameters parameters;
    bool has_module =
        false;  // the parameters came as a module: whoever runs the machine speaks abi/control.h
    platform::EntropyPool entropy;
    ControlChannel control;
    Export files;
};

/// The machine's. Implemented by kernel/, and by tests.
HostSide& host_side();

/// Where text goes while there is no console: the serial line.
void write_serial(std::span<const u8> bytes);

}  // namespace litebox::vm
