#include "platform/vm/host/control_channel.h"

namespace litebox::vm {

namespace {

constexpr usize largest_payload = ConsoleDevice::largest_piece - sizeof(ControlHeader);
/// The reading thread looks at the ports, and at wishes that found no room, at least so often.
constexpr u64 look_interval = 1000000000;

std::span<const u8> header_bytes(const ControlHeader& header) {
    return {reinterpret_cast<const u8*>(&header), sizeof(header)};
}

template <typename T>
std::span<const u8> bytes_of(const T& value) {
    return {reinterpret_cast<const u8*>(&value), sizeof(value)};
}

}  // namespace

void ControlChannel::begin(ConsoleDevice& console, bool framed, void (*news)(ControlChannel&)) {
    console_ = &console;
    framed_ = framed;
    news_ = news;
}

// ------------------------------------------------------------------------------------------------ out

bool ControlChannel::send(ToHost kind, std::span<const u8> bytes) {
    if (!framed_) {
        // A plain console has one stream; what is no text for it is not said.
        bool text = kind == ToHost::output || kind == ToHost::error || kind == ToHost::report ||
                    kind == ToHost::broken;
        return !text || console_->try_send({}, bytes);
    }
    ControlHeader header{static_cast<u32>(kind), static_cast<u32>(bytes.size())};
    return console_->try_send(header_bytes(header), bytes);
}

void ControlChannel::tell(ToHost kind, std::span<const u8> bytes) {
    do {
        std::span<const u8> part = bytes.first(min(bytes.size(), largest_payload));
        for (;;) {
            u32 seen = console_->sent_progress();
            if (send(kind, part)) break;
            (void)console_->wait_for_room(seen, platform::no_deadline);
        }
        bytes = bytes.subspan(part.size());
    } while (!bytes.empty());
}

void ControlChannel::tell_last(ToHost kind, std::span<const u8> bytes, u64 patience_ns) {
    ControlHeader header{static_cast<u32>(kind), static_cast<u32>(min(bytes.size(), largest_payload))};
    console_->send_last(framed_ ? header_bytes(header) : std::span<const u8>(), bytes, patience_ns);
}

Result<usize> ControlChannel::write(int stream, std::span<const u8> from, bool wait) {
    constexpr int error_stream = 2;
    ToHost kind = stream == error_stream ? ToHost::error : ToHost::output;
    usize done = 0;
    while (done < from.size()) {
        if (closed_[stream == error_stream ? 1 : 0].load(std::memory_order_acquire) != 0) return Errno::epipe;
        std::span<const u8> part = from.subspan(done, min(from.size() - done, largest_payload));
        u32 seen = console_->sent_progress();
        if (send(kind, part)) {
            done += part.size();
            continue;
        }
        if (!wait) return done > 0 ? Result<usize>(done) : Errno::eagain;
        if (console_->wait_for_room(seen, platform::no_deadline) == RequestQueue::Woken::interrupted)
            return done > 0 ? Result<usize>(done) : Errno::eintr;
    }
    return done;
}

usize ControlChannel::writable() {
    return usize{console_->free_pieces()} * largest_payload;
}

// ------------------------------------------------------------------------------------------------ in

usize ControlChannel::take_input(std::span<u8> to) {
    usize length = min<usize>(to.size(), produced_ - consumed_);
    for (usize i = 0; i < length; i++) to[i] = input_[(consumed_ + i) % input_size];
    consumed_ += static_cast<u32>(length);
    return length;
}

/// Under the lock. A wish that is open stays; a read outdoes the wish to be told.
void ControlChannel::ask(AskInput::Kind kind, usize bytes) {
    bool open = answers_.load(std::memory_order_relaxed) != asks_;
    if (open && asked_.kind <= kind) return;
    u32 room = input_size - (produced_ - consumed_);
    asked_ = {kind, static_cast<u32>(min<usize>(bytes, room))};
    if (!open) asks_++;
    ask_unsent_ = framed_;
    send_ask();
}

void ControlChannel::send_ask() {
    if (ask_unsent_) ask_unsent_ = !send(ToHost::ask, bytes_of(asked_));
}

Result<usize> ControlChannel::read(std::span<u8> to, bool wait) {
    for (;;) {
        u32 answers;
        // Told that there is some: a read answers at once.
        bool soon = wait || readable_.load(std::memory_order_acquire);
        {
            LockGuard guard(input_mutex_);
            if (usize taken = take_input(to)) return taken;
            if (ended_.exchange(false) || to.empty()) return usize{0};
            ask(soon ? AskInput::read : AskInput::tell, to.size());
            answers = answers_.load(std::memory_order_relaxed);
        }
        if (!soon) return Errno::eagain;
        u64 deadline = platform::monotonic_ns() + look_interval;
        auto result = platform::park(answers_, answers, deadline);
        bool changed = answers_.load(std::memory_order_acquire) != answers;
        if (!changed && result == platform::ParkResult::woken) return Errno::eintr;
    }
}

isize ControlChannel::readable() {
    LockGuard guard(input_mutex_);
    if (u32 there = produced_ - consumed_) return there;
    if (ended_.load()) return -1;
    if (readable_.load(std::memory_order_acquire)) return 1;
    ask(AskInput::tell, 0);
    return 0;
}

/// Under the lock: the open wish is one no more.
void ControlChannel::answered() {
    if (answers_.load(std::memory_order_relaxed) != asks_)
        answers_.store(asks_, std::memory_order_release);
    else {
        // Nobody asked (a raw terminal): who looks meanwhile is told all the same.
        asks_++;
        answers_.store(asks_, std::memory_order_release);
    }
    ask_unsent_ = false;
    has_news_ = true;
}

void ControlChannel::input(std::span<const u8> bytes) {
    LockGuard guard(input_mutex_);
    // What has no room was not asked for; a raw terminal loses it, as its own buffer would.
    bytes = bytes.first(min<usize>(bytes.size(), input_size - (produced_ - consumed_)));
    for (u8 byte : bytes) input_[produced_++ % input_size] = byte;
    readable_.store(false, std::memory_order_release);
    answered();
}

void ControlChannel::frame(ToKernel kind, u32 value) {
    constexpr u32 most_signals = 32;
    switch (kind) {
        case ToKernel::input_end:
        case ToKernel::readable: {
            LockGuard guard(input_mutex_);
            bool end = kind == ToKernel::input_end;
            if (end) ended_.store(true);
            readable_.store(!end, std::memory_order_release);
            // A read that is open meanwhile gets its own answer.
            if (end || asked_.kind == AskInput::tell) answered();
            break;
        }
        case ToKernel::raw_active:
            raw_active_.store(value != 0 ? 1 : 0, std::memory_order_release);
            platform::unpark(raw_active_, ~0u);
            break;
        case ToKernel::window:
            set_window(static_cast<u16>(value), static_cast<u16>(value >> 16));
            has_news_ = true;
            break;
        case ToKernel::signal:
            if (value > 0 && value < most_signals) signals_.fetch_or(1u << value, std::memory_order_acq_rel);
            has_news_ = true;
            break;
        case ToKernel::closed:
            if (value == 1 || value == 2) closed_[value - 1].store(1, std::memory_order_release);
            has_news_ = true;
            break;
        default:
            break;
    }
}

/// Takes what has come. False: nothing.
bool ControlChannel::receive() {
    bool any = false;
    u8 bytes[512];
    while (usize length = console_->receive(bytes)) {
        any = true;
        std::span<const u8> part(bytes, length);
        if (!framed_)
            input(part);
        else if (!reader_.feed(part).ok())
            device_failed("control", "sent frames that make no sense");
    }
    return any;
}

void ControlChannel::serve_once() {
    u32 seen = console_->received_progress();
    if (receive()) platform::unpark(answers_, ~0u);
    if (!console_->serve_control()) device_failed("control", "was closed from outside");
    {
        LockGuard guard(input_mutex_);
        send_ask();
    }
    if (has_news_ || signals_.load(std::memory_order_relaxed) != 0) {
        has_news_ = false;
        news_(*this);
    }
    (void)console_->wait_for_input(seen, platform::monotonic_ns() + look_interval);
}

// ------------------------------------------------------------------------------------------------ terminal

platform::WindowSize ControlChannel::window() const {
    u32 both = window_.load(std::memory_order_relaxed);
    if (!framed_ && console_ != nullptr) return {console_->size().rows, console_->size().columns, 0, 0};
    return {static_cast<u16>(both), static_cast<u16>(both >> 16), 0, 0};
}

void ControlChannel::set_window(u16 rows, u16 columns) {
    window_.store(u32{columns} << 16 | rows, std::memory_order_relaxed);
}

void ControlChannel::set_raw(bool raw) {
    u32 wanted = raw ? 1 : 0;
    if (raw_wanted_.exchange(wanted, std::memory_order_acq_rel) == wanted || !framed_) return;
    tell(ToHost::raw, bytes_of(wanted));
    // The next byte typed is to find the terminal changed; a monitor that is slow does not hold the program
    // for ever.
    constexpr int looks = 50;
    constexpr u64 look_ns = 1000000;
    for (int i = 0; i < looks && raw_active_.load(std::memory_order_acquire) != wanted; i++)
        (void)platform::park(raw_active_, wanted ^ 1, platform::monotonic_ns() + look_ns);
}

}  // namespace litebox::vm
