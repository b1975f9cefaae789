// A virtio device behind memory-mapped registers, version 2 (VIRTIO 1.2, 4.2). Legacy devices are refused.
#pragma once

#include <string_view>

#include "platform/vm/device/device_registers.h"
#include "platform/vm/device/request_queue.h"

namespace litebox::vm {

/// What the device identifier says.
enum class DeviceKind : u32 { network = 1, block = 2, console = 3, entropy = 4, nine_p = 9, socket = 19 };

inline constexpr u32 register_window = 0x200;

/// The device's kind, or ENODEV where there is none, it is a legacy one, or no virtio device at all.
Result<DeviceKind> probe(DeviceRegisters& registers);

class VirtioDevice : Pinned {
  public:
    /// Resets it and agrees on features: VERSION_1 and those of `wanted` that it has. `name` is for messages
    /// and stays.
    Result<void> begin(DeviceRegisters& registers, std::string_view name, u64 wanted);
    [[nodiscard]] bool has(u64 feature) const { return (features_ & feature) != 0; }
    [[nodiscard]] std::string_view name() const { return name_; }

    /// Before start().
    Result<void> add_queue(u16 index, Queue& queue, RequestQueue& owner);
    /// The device may use its queues from here on.
    Result<void> start();
    void notify(u16 queue) { registers_->write(0x50, queue); }

    /// A field of the configuration space that may change meanwhile: read again until it stands still.
    Result<HostValue<u32>> configuration(u32 offset, u32 bytes);
    Result<HostValue<u64>> configuration64(u32 offset);

    /// What to connect to the device's interrupt line, with the device as the argument.
    static void interrupt(void* device);
    /// Counts up when the device says that its configuration changed; unparked then.
    std::atomic<u32>& configuration_changes() { return configuration_changes_; }

  private:
    static constexpr u32 most_queues = 8;
    void interrupted();

    DeviceRegisters* registers_ = nullptr;
    std::string_view name_;
    u64 features_ = 0;
    RequestQueue* queues_[most_queues] = {};
    u32 queue_count_ = 0;
    u32 fruitless_interrupts_ = 0;  // in a row
    u32 progress_seen_ = 0;         // of all queues, at the last interrupt
    std::atomic<u32> configuration_changes_{0};
};

/// Ends the machine: the device `name` broke the rules.
[[noreturn]] void device_failed(std::string_view name, std::string_view what);

}  // namespace litebox::vm
