// A virtio device in the test's hands: registers, and the device's side of its queues over the driver's own
// memory. It answers in the middle of the driver's notification, on the driver's thread, as its handlers say.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "platform/vm/device/virtio_device.h"
#include "tests/unit/vm/device/platform.h"

namespace litebox::vm {

class SimulatedDevice : public DeviceRegisters {
  public:
    struct Part {
        u8* bytes;
        u32 length;
        bool writable;
    };
    struct Chain {
        u16 id;
        std::vector<Part> parts;

        /// What the driver sent.
        [[nodiscard]] std::vector<u8> sent() const;
        /// Puts an answer into the parts for the device; how many bytes fit.
        u32 answer(const std::vector<u8>& bytes) const;
        [[nodiscard]] u32 room() const;
    };
    using Handler = std::function<void(u16 queue, Chain chain)>;

    explicit SimulatedDevice(DeviceKind kind) : kind_(kind) {}
    virtual ~SimulatedDevice() = default;

    /// Called for each chain that the driver offers when it notifies. Without one they wait in `waiting`.
    Handler on_chain;
    std::map<u16, std::deque<Chain>> waiting;

    // Features, registers and configuration as they are shown.
    u64 features = u64{1} << 32;
    u32 magic = 0x74726976, version = 2, most_entries = 64, interrupt_status = 0;
    bool resets = true, accepts_features = true;
    bool looks = true;  // at what the driver offers, when it notifies
    std::vector<u8> configuration = std::vector<u8>(64);
    std::function<u32()> generation;

    /// Gives a chain back: an entry of the used ring, and the index.
    void use(u16 queue, u32 id, u32 written);
    /// Only one of both.
    void write_used(u16 queue, u16 at, u32 id, u32 written);
    void set_used_index(u16 queue, u16 index);
    [[nodiscard]] u16 used_index(u16 queue);
    /// The driver's memory of a queue, to spoil it.
    struct Memory {
        u8 *descriptors, *driver, *device;
    };
    Memory memory(u16 queue);
    [[nodiscard]] u32 status() const { return status_; }
    u32 reads = 0;

    HostValue<u32> read(u32 offset) override;
    HostValue<u8> read_byte(u32 offset) override;
    void write(u32 offset, u32 value) override;

  private:
    struct QueueState {
        u32 entries = 0, ready = 0;
        u32 addresses[6] = {};
        u16 seen = 0;
    };
    u8* area(u16 queue, usize which);
    void notified(u16 queue);
    Chain chain_at(u16 queue, u16 head);

    DeviceKind kind_;
    u32 status_ = 0, selected_ = 0, feature_select_ = 0;
    std::map<u32, QueueState> queues_;
};

}  // namespace litebox::vm
