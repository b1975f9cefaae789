#include "platform/vm/device/console_device.h"

#include "platform/platform.h"

namespace litebox::vm {

namespace {

constexpr u64 feature_size = 1, feature_many_ports = 2;
enum Event : u16 {
    device_ready = 0,
    port_added = 1,
    port_ready = 3,
    is_console = 4,
    resized = 5,
    port_opened = 6,
    port_named = 7,
};
constexpr u32 no_port = ~u32{0};
constexpr unsigned input_order = 2;  // 16 KiB

constexpr u16 input_queue(u32 port) {
    return static_cast<u16>(port == 0 ? 0 : 2 * port + 2);
}
constexpr u16 control_queue = 2;

}  // namespace

Result<void> ConsoleDevice::begin(DeviceRegisters& registers) {
    control_frames_ = TRY(SharedFrames::allocate(1));
    constexpr unsigned output_order = 4;
    static_assert((output_pieces + 1) * page_size <= (page_size << output_order));
    output_frames_ = TRY(SharedFrames::allocate(output_order));
    input_frames_ = TRY(SharedFrames::allocate(input_order));
    TRY(device_.begin(registers, "console", feature_size | feature_many_ports));
    many_ports_ = device_.has(feature_many_ports);
    constexpr u32 ports_field = 4;
    if (many_ports_) ports_ = min<u32>(TRY(device_.configuration(ports_field, 4)).any(), most_ports);
    if (ports_ == 0) return Errno::enodev;
    for (u32 port = 0; port < ports_; port++) {
        TRY(inputs_[port].begin(device_, input_queue(port)));
        TRY(outputs_[port].begin(device_, static_cast<u16>(input_queue(port) + 1)));
    }
    if (many_ports_) {
        TRY(control_in_.begin(device_, control_queue));
        TRY(control_out_.begin(device_, control_queue + 1));
    }
    TRY(device_.start());
    if (!many_ports_) {
        if (!device_.has(feature_size)) return {};
        u32 both = TRY(device_.configuration(0, 4)).any();
        size_ = {static_cast<u16>(both), static_cast<u16>(both >> 16)};
        return {};
    }
    u32 buffers = min<u32>(control_messages, control_in_.entries());
    for (u32 i = 0; i < buffers; i++) TRY(post_control(i));
    return say(no_port, device_ready, 1);
}

Result<void> ConsoleDevice::post_control(u32 buffer) {
    SharedRange part = control_frames_.from_device(usize{buffer} * control_room, control_room);
    control_chains_[buffer] = TRY(control_in_.submit({&part, 1}));
    return {};
}

Result<void> ConsoleDevice::say(u32 port, u16 event, u16 value) {
    constexpr usize place = usize{control_messages} * control_room;
    Message message{port, event, value};
    control_frames_.write(place, {reinterpret_cast<const u8*>(&message), sizeof(message)});
    SharedRange part = control_frames_.to_device(place, sizeof(message));
    (void)control_out_.wait(TRY(control_out_.submit({&part, 1})));
    return {};
}

/// The oldest message that has come, in the device's order. What is too short for one is no message.
bool ConsoleDevice::next_message(Message& message, std::span<u8> rest, usize& rest_length) {
    if (!many_ports_) return false;
    control_in_.reap();
    u32 buffers = min<u32>(control_messages, control_in_.entries());
    for (u32 i = 0; i < buffers; i++) {
        u32 written = 0;
        if (!control_in_.is_next(control_chains_[i], control_taken_)) continue;
        if (!control_in_.collect(control_chains_[i], &written)) continue;
        control_taken_++;
        usize at = usize{i} * control_room;
        message = {no_port, device_ready, 0};
        rest_length = 0;
        if (written >= sizeof(message)) {
            control_frames_.read(at, {reinterpret_cast<u8*>(&message), sizeof(message)});
            rest_length = min<usize>(written - sizeof(message), rest.size());
            control_frames_.read(at + sizeof(message), rest.first(rest_length));
        }
        return post_control(i).ok();
    }
    return false;
}

Result<bool> ConsoleDevice::handle(const Message& message, std::string_view rest, std::string_view wanted) {
    switch (message.event) {
        case port_added:
            TRY(say(message.port, port_ready, message.port < ports_ ? 1 : 0));
            return false;
        case port_named:
            if (!rest.empty() && rest.back() == '\0') rest.remove_suffix(1);
            if (message.port >= ports_ || rest != wanted) return false;
            port_ = message.port;
            return true;
        case port_opened:
            if (message.port == port_) closed_ = message.value == 0;
            return false;
        case resized:
            if (message.port == 0 && rest.size() >= sizeof(Size))
                __builtin_memcpy(&size_, rest.data(), sizeof(size_));
            return false;
        default:
            return false;
    }
}

Result<void> ConsoleDevice::open_port(std::string_view name, u64 patience_ns) {
    u64 deadline = platform::monotonic_ns() + patience_ns;
    while (many_ports_) {
        u32 seen = control_in_.progress();
        Message message{};
        u8 rest[control_room];
        usize length = 0;
        while (next_message(message, rest, length)) {
            bool found = TRY(handle(message, {reinterpret_cast<const char*>(rest), length}, name));
            if (found) {
                TRY(say(port_, port_opened, 1));
                return post_input();
            }
            if (platform::monotonic_ns() > deadline) return Errno::enoent;
        }
        if (control_in_.sleep_on_progress(seen, deadline) == RequestQueue::Woken::timed_out) break;
    }
    return Errno::enoent;
}

Result<void> ConsoleDevice::open_plain() {
    port_ = 0;
    if (many_ports_) TRY(say(port_, port_opened, 1));
    return post_input();
}

bool ConsoleDevice::serve_control() {
    Message message{};
    u8 rest[control_room];
    usize length = 0;
    // As many as there are buffers, so that a device that goes on and on does not keep the thread.
    for (u32 i = 0; i < control_messages && next_message(message, rest, length); i++)
        (void)handle(message, {reinterpret_cast<const char*>(rest), length}, {});
    return !closed_;
}

Result<void> ConsoleDevice::post_input() {
    SharedRange part = input_frames_.from_device(0, input_frames_.size());
    input_chain_ = TRY(input().submit({&part, 1}));
    input_posted_ = true;
    return {};
}

usize ConsoleDevice::receive(std::span<u8> to) {
    if (input_posted_) {
        input().reap();
        u32 written = 0;
        if (!input().collect(input_chain_, &written)) return 0;
        input_posted_ = false;
        input_at_ = 0;
        input_end_ = written;
    }
    usize length = min<usize>(to.size(), input_end_ - input_at_);
    input_frames_.read(input_at_, to.first(length));
    input_at_ += static_cast<u32>(length);
    if (input_at_ == input_end_) (void)post_input();
    return length;
}

/// Whether the piece is free, or its chain done meanwhile: then it is the caller's, who fills it.
bool ConsoleDevice::take_piece(u32 piece) {
    u32 expected = free_piece;
    if (piece_states_[piece].compare_exchange_strong(expected, filling, std::memory_order_acquire))
        return true;
    expected = sent;
    if (!piece_states_[piece].compare_exchange_strong(expected, filling, std::memory_order_acquire))
        return false;
    u32 written = 0;
    if (output().collect(piece_chains_[piece], &written)) return true;
    piece_states_[piece].store(sent, std::memory_order_release);
    return false;
}

bool ConsoleDevice::try_send(std::span<const u8> head, std::span<const u8> body) {
    output().reap();
    for (u32 piece = 0; piece < output_pieces; piece++) {
        if (!take_piece(piece)) continue;
        usize at = usize{piece} * largest_piece;
        output_frames_.write(at, head);
        output_frames_.write(at + head.size(), body);
        SharedRange part = output_frames_.to_device(at, head.size() + body.size());
        auto chain = output().submit({&part, 1});
        if (chain.ok()) piece_chains_[piece] = chain.value();
        piece_states_[piece].store(chain.ok() ? sent : free_piece, std::memory_order_release);
        return chain.ok();
    }
    return false;
}

u32 ConsoleDevice::free_pieces() {
    output().reap();
    u32 count = 0;
    for (u32 piece = 0; piece < output_pieces; piece++) {
        if (!take_piece(piece)) continue;
        piece_states_[piece].store(free_piece, std::memory_order_release);
        count++;
    }
    return count;
}

void ConsoleDevice::send_last(std::span<const u8> head, std::span<const u8> body, u64 patience_ns) {
    constexpr usize at = usize{output_pieces} * largest_piece;
    if (output().entries() == 0 || output().broken()) return;
    u64 deadline = platform::monotonic_ns() + patience_ns;
    body = body.first(min(body.size(), largest_piece - head.size()));
    output_frames_.write(at, head);
    output_frames_.write(at + head.size(), body);
    SharedRange part = output_frames_.to_device(at, head.size() + body.size());
    bool submitted = false;
    u16 chain = 0;
    u32 written = 0;
    do {
        output().reap();
        if (output().broken()) return;
        if (!submitted) {
            auto offered = output().submit({&part, 1});
            submitted = offered.ok();
            if (submitted) chain = offered.value();
        }
        if (submitted && output().collect(chain, &written)) return;
        __builtin_ia32_pause();
    } while (platform::monotonic_ns() < deadline);
}

}  // namespace litebox::vm
