#include "platform/vm/device/virtio_device.h"

#include "platform/platform.h"

namespace litebox::vm {

namespace {

enum Register : u32 {
    reg_magic = 0x00,
    reg_version = 0x04,
    reg_device = 0x08,
    reg_device_features = 0x10,
    reg_device_features_select = 0x14,
    reg_driver_features = 0x20,
    reg_driver_features_select = 0x24,
    reg_queue_select = 0x30,
    reg_queue_most = 0x34,
    reg_queue_entries = 0x38,
    reg_queue_ready = 0x44,
    reg_interrupt_status = 0x60,
    reg_interrupt_acknowledge = 0x64,
    reg_status = 0x70,
    reg_queue_descriptors = 0x80,
    reg_queue_driver = 0x90,
    reg_queue_device = 0xa0,
    reg_generation = 0xfc,
    reg_configuration = 0x100,
};

enum Status : u32 { acknowledged = 1, driver = 2, driver_ok = 4, features_ok = 8 };

constexpr u32 expected_magic = 0x74726976;
constexpr u64 feature_version_1 = u64{1} << 32;
constexpr u32 interrupt_queue = 1, interrupt_configuration = 2;
constexpr u32 patience_reads = 100000;   // for a reset, and for a configuration that does not stand still
constexpr u32 most_fruitless = 1000000;  // interrupts in a row without anything done

/// Text in parts, without a heap: it may be what has just failed.
struct Message {
    char text[160];
    usize length = 0;

    void add(std::string_view part) {
        for (char c : part)
            if (length < sizeof(text)) text[length++] = c;
    }
};

}  // namespace

void device_failed(std::string_view name, std::string_view what) {
    Message message;
    message.add("the ");
    message.add(name);
    message.add(" device ");
    message.add(what);
    message.add("; the machine's monitor is broken or hostile");
    platform::panic({message.text, message.length});
}

Result<DeviceKind> probe(DeviceRegisters& registers) {
    constexpr u32 version = 2;
    if (registers.read(reg_magic).any() != expected_magic) return Errno::enodev;
    u32 kind = registers.read(reg_device).any();
    if (kind == 0 || registers.read(reg_version).any() != version) return Errno::enodev;
    return static_cast<DeviceKind>(kind);
}

Result<void> VirtioDevice::begin(DeviceRegisters& registers, std::string_view name, u64 wanted) {
    registers_ = &registers;
    name_ = name;
    registers.write(reg_status, 0);
    for (u32 i = 0; registers.read(reg_status).any() != 0; i++)
        if (i == patience_reads) return Errno::eio;
    registers.write(reg_status, acknowledged);
    registers.write(reg_status, acknowledged | driver);
    registers.write(reg_device_features_select, 0);
    u64 offered = registers.read(reg_device_features).any();
    registers.write(reg_device_features_select, 1);
    offered |= u64{registers.read(reg_device_features).any()} << 32;
    if ((offered & feature_version_1) == 0) return Errno::enodev;
    features_ = offered & (wanted | feature_version_1);
    registers.write(reg_driver_features_select, 0);
    registers.write(reg_driver_features, static_cast<u32>(features_));
    registers.write(reg_driver_features_select, 1);
    registers.write(reg_driver_features, static_cast<u32>(features_ >> 32));
    registers.write(reg_status, acknowledged | driver | features_ok);
    if ((registers.read(reg_status).any() & features_ok) == 0) return Errno::enodev;
    return {};
}

Result<void> VirtioDevice::add_queue(u16 index, Queue& queue, RequestQueue& owner) {
    if (queue_count_ == most_queues) return Errno::enospc;
    registers_->write(reg_queue_select, index);
    u32 most = registers_->read(reg_queue_most).any();
    if (most == 0 || registers_->read(reg_queue_ready).any() != 0) return Errno::enodev;
    u16 entries = Queue::most_entries;
    while (entries > most) entries /= 2;
    TRY(queue.begin(entries));
    Queue::Areas areas = queue.areas();
    auto write64 = [&](u32 offset, u64 value) {
        registers_->write(offset, static_cast<u32>(value));
        registers_->write(offset + 4, static_cast<u32>(value >> 32));
    };
    registers_->write(reg_queue_entries, entries);
    write64(reg_queue_descriptors, areas.descriptors);
    write64(reg_queue_driver, areas.driver);
    write64(reg_queue_device, areas.device);
    registers_->write(reg_queue_ready, 1);
    queues_[queue_count_++] = &owner;
    return {};
}

Result<void> VirtioDevice::start() {
    constexpr u32 needs_reset = 64, failed = 128;
    registers_->write(reg_status, acknowledged | driver | features_ok | driver_ok);
    if ((registers_->read(reg_status).any() & (needs_reset | failed)) != 0) return Errno::eio;
    return {};
}

Result<HostValue<u32>> VirtioDevice::configuration(u32 offset, u32 bytes) {
    for (u32 i = 0; i < patience_reads; i++) {
        u32 generation = registers_->read(reg_generation).any(), value = 0;
        for (u32 byte = 0; byte < bytes; byte++)
            value |= u32{registers_->read_byte(reg_configuration + offset + byte).any()} << 8 * byte;
        if (registers_->read(reg_generation).any() == generation) return HostValue(value);
    }
    return Errno::eio;
}

Result<HostValue<u64>> VirtioDevice::configuration64(u32 offset) {
    for (u32 i = 0; i < patience_reads; i++) {
        u32 generation = registers_->read(reg_generation).any();
        u32 low = TRY(configuration(offset, 4)).any(), high = TRY(configuration(offset + 4, 4)).any();
        if (registers_->read(reg_generation).any() == generation) return HostValue(u64{high} << 32 | low);
    }
    return Errno::eio;
}

void VirtioDevice::interrupt(void* device) {
    static_cast<VirtioDevice*>(device)->interrupted();
}

// Several processors never run this at once: the line has one.
void VirtioDevice::interrupted() {
    if (registers_ == nullptr) return;  // of the device before it was reset
    u32 status = registers_->read(reg_interrupt_status).any() & (interrupt_queue | interrupt_configuration);
    if (status != 0) registers_->write(reg_interrupt_acknowledge, status);
    // What a waiting thread took before counts as well.
    u32 progress = 0;
    for (u32 i = 0; i < queue_count_; i++) {
        queues_[i]->reap();
        progress += queues_[i]->progress();
    }
    if ((status & interrupt_configuration) != 0) {
        configuration_changes_.fetch_add(1, std::memory_order_release);
        platform::unpark(configuration_changes_, ~0u);
    }
    fruitless_interrupts_ = progress != progress_seen_ ? 0 : fruitless_interrupts_ + 1;
    progress_seen_ = progress;
    if (fruitless_interrupts_ >= most_fruitless) device_failed(name_, "raises interrupts without end");
}

}  // namespace litebox::vm
