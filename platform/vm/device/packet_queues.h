// What virtio-net and virtio-vsock have in common: packets, each a header of the device's kind and what it
// heads, come in by queue 0 and go out by queue 1.
//
// Every packet has a buffer of its own in shared frames; it is copied out of there once, and its buffer goes
// back to the device.
#pragma once

#include "platform/vm/device/virtio_device.h"

namespace litebox::vm {

class PacketQueues : Pinned {
  public:
    static constexpr usize room = page_size - 64;  // for what a header heads

    /// Before the device starts. `header`: its length, at most 64.
    Result<void> begin(VirtioDevice& device, usize header);
    /// Once it has started: it may use the buffers for what comes in.
    Result<void> post_all();

    /// Sleeps until the device has taken it; one that takes nothing for two minutes ends the machine. A
    /// packet that heads nothing finds place even where those that do have taken all of theirs.
    void send(std::span<const u8> header, std::span<const u8> body);

    struct Received {
        usize length;    // of what came behind the header
        usize unwanted;  // of these are beyond `body`
    };
    /// The next packet in the device's order, if one has come; what is shorter than a header is none. For one
    /// thread at a time.
    bool receive(std::span<u8> header, std::span<u8> body, Received& received);
    /// Sleeps until something has come since `seen` (= received_progress() before receive said false).
    RequestQueue::Woken wait_for_packet(u32 seen, u64 deadline) {
        return incoming_.sleep_on_progress(seen, deadline);
    }
    [[nodiscard]] u32 received_progress() { return incoming_.progress(); }

  private:
    static constexpr u32 most_incoming = 32, most_outgoing = 16, most_bare = 32;
    static constexpr usize body_at = 64;  // in a buffer's page; the header stands at its begin
    enum SlotState : u32 { free_slot, filling, sent };
    struct Slot {
        std::atomic<u32> state{free_slot};
        u16 chain = 0;
    };

    Result<void> post(u32 buffer, bool notify);
    /// The buffer that the device was done with next, out of its hands.
    bool take_next(u32& buffer, u32& written);
    bool take_slot(Slot& slot);
    bool try_send(std::span<const u8> header, std::span<const u8> body);
    bool try_send_in(Slot& slot, SharedFrames& frames, usize at, std::span<const u8> header,
                     std::span<const u8> body);

    VirtioDevice* device_ = nullptr;
    usize header_ = 0;
    RequestQueue incoming_, outgoing_;

    SharedFrames incoming_frames_;  // a page for each buffer
    u32 incoming_count_ = 0, incoming_taken_ = 0;
    u16 incoming_chains_[most_incoming] = {};

    SharedFrames outgoing_frames_, bare_frames_;  // a page for each slot; 64 bytes for each bare one
    u32 outgoing_count_ = 0, bare_count_ = 0;
    Slot outgoing_slots_[most_outgoing], bare_slots_[most_bare];
};

}  // namespace litebox::vm
