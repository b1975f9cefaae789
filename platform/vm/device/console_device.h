// virtio-console (VIRTIO 1.2, 5.3) with one port in use: the one with a given name, or the plain console.
//
// What is sent goes out in pieces that each fit one buffer and reach the device whole and in the order of the
// calls. What comes in is one stream of bytes; the device has one buffer for it at a time, so its order
// cannot change.
#pragma once

#include <string_view>

#include "platform/vm/device/virtio_device.h"

namespace litebox::vm {

class ConsoleDevice : Pinned {
  public:
    static constexpr usize largest_piece = page_size;

    /// Agrees with the device and starts it. ENODEV, EIO, ENOMEM.
    Result<void> begin(DeviceRegisters& registers);
    /// Finds the port `name` and opens it. ENOENT: after `patience_ns` the device has told of no such port
    /// (it must be one of the first two).
    Result<void> open_port(std::string_view name, u64 patience_ns);
    /// Uses port 0, whatever it is called.
    Result<void> open_plain();

    /// `head` and `body` as one piece, together at most largest_piece. False: all buffers are the device's.
    bool try_send(std::span<const u8> head, std::span<const u8> body);
    /// Pieces that try_send takes now.
    [[nodiscard]] u32 free_pieces();
    /// Sleeps until the device has taken something since `seen` (= sent_progress() before try_send said
    /// false).
    RequestQueue::Woken wait_for_room(u32 seen, u64 deadline) {
        return output().sleep_on_progress(seen, deadline);
    }
    [[nodiscard]] u32 sent_progress() { return output().progress(); }
    /// For the last words: without sleeping and without the usual buffers. Waits so long for the device to
    /// have taken them, and everything before them.
    void send_last(std::span<const u8> head, std::span<const u8> body, u64 patience_ns);

    /// Bytes that have come; 0: none now. For one thread.
    usize receive(std::span<u8> to);
    [[nodiscard]] u32 received_progress() { return input().progress(); }
    RequestQueue::Woken wait_for_input(u32 seen, u64 deadline) {
        return input().sleep_on_progress(seen, deadline);
    }
    /// Looks at what the device says about its ports; of the thread that receives. False: the other side has
    /// closed the port.
    bool serve_control();

    struct Size {
        u16 columns, rows;
    };
    /// Of port 0, as last told; zeros when never.
    [[nodiscard]] Size size() const { return size_; }
    VirtioDevice& device() { return device_; }

  private:
    static constexpr u16 most_ports = 2;
    static constexpr u32 output_pieces = 8, control_messages = 16, control_room = 256;
    enum PieceState : u32 { free_piece, filling, sent };
    struct Message {
        u32 port;
        u16 event, value;
    };
    static_assert(sizeof(Message) == 8);

    RequestQueue& input() { return inputs_[port_]; }
    RequestQueue& output() { return outputs_[port_]; }
    Result<void> post_control(u32 buffer);
    bool next_message(Message& message, std::span<u8> rest, usize& rest_length);
    Result<void> say(u32 port, u16 event, u16 value);
    /// What a message means; true when it names the port `wanted`.
    Result<bool> handle(const Message& message, std::string_view rest, std::string_view wanted);
    Result<void> post_input();
    bool take_piece(u32 piece);

    VirtioDevice device_;
    bool many_ports_ = false;
    u32 ports_ = 1;
    u32 port_ = 0;
    RequestQueue inputs_[most_ports], outputs_[most_ports], control_in_, control_out_;

    SharedFrames control_frames_;  // control_messages buffers, then one for what is sent
    u16 control_chains_[control_messages] = {};
    u32 control_taken_ = 0;

    SharedFrames output_frames_;  // output_pieces, then one for the last words
    std::atomic<u32> piece_states_[output_pieces] = {};
    u16 piece_chains_[output_pieces] = {};

    SharedFrames input_frames_;
    u16 input_chain_ = 0;
    u32 input_at_ = 0, input_end_ = 0;  // what of the buffer is not handed out yet
    bool input_posted_ = false;

    bool closed_ = false;
    Size size_{0, 0};
};

}  // namespace litebox::vm
