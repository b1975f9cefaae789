// The Machine: the one root from which all state of the VM platform hangs. It lies in the image's .bss; a
// thread finds it through its block.
#pragma once

#include "platform/boot_parameters.h"
#include "platform/clock_data.h"
#include "platform/vm/boot/boot_info.h"
#include "platform/vm/cpu/interrupts.h"
#include "platform/vm/cpu/processor.h"
#include "platform/vm/memory/state.h"
#include "platform/vm/task/clock.h"
#include "platform/vm/task/scheduler.h"

namespace litebox::vm {

struct Devices;   // device/
struct HostSide;  // host/

struct Machine : Pinned {
    MachineHead head;  // first: memory/ finds its state by it
    MemoryState memory;
    Physical kernel_root = 0;  // page tables with an empty lower half
    BootInfo boot;
    Interrupts interrupts;
    SchedulerState scheduler;
    ClockState clock;
    Processor* processors[most_processors] = {};
    u32 processor_count = 1;
    std::atomic<u32> processors_online{1};
    std::atomic<u32> broken{0};  // somebody tells why the machine stops
    u64 xsave_size = 0, xsave_features = 0;
    u64 canary = 0;
    platform::Space* boot_space = nullptr;
    std::atomic<Kernel*> kernel{nullptr};  // the core's; set once it stands
    Devices* devices = nullptr;
    HostSide* host = nullptr;
};

inline Machine& machine() {
    return *reinterpret_cast<Machine*>(current_block()->platform_word);
}

}  // namespace litebox::vm
