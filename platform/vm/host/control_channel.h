// The conversation with whoever runs the machine: the program's streams, its terminal, signals, and what is
// reported. Over the control port in frames; where there is none, over a plain console, of which nothing but
// bytes can be expected.
#pragma once

#include "core/base/lock.h"
#include "platform/platform.h"
#include "platform/vm/device/console_device.h"
#include "platform/vm/host/control_frames.h"

namespace litebox::vm {

class ControlChannel final : Pinned, ControlSink {
  public:
    /// `framed`: the console's port speaks abi/control.h. `news` is called by the thread in serve_once, after
    /// input or a signal has come.
    void begin(ConsoleDevice& console, bool framed, void (*news)(ControlChannel&));
    [[nodiscard]] bool begun() const { return console_ != nullptr; }
    [[nodiscard]] bool framed() const { return framed_; }

    // South's streams and terminal, as platform.h says.
    Result<usize> read(std::span<u8> to, bool wait);
    Result<usize> write(int stream, std::span<const u8> from, bool wait);
    isize readable();
    [[nodiscard]] usize writable();
    void set_raw(bool raw);
    [[nodiscard]] platform::WindowSize window() const;
    void set_window(u16 rows, u16 columns);

    /// A frame that is waited for until it is on its way, whatever interrupts.
    void tell(ToHost kind, std::span<const u8> bytes);
    /// The last frame, without sleeping; waits a bounded time until the device has it and all before it.
    void tell_last(ToHost kind, std::span<const u8> bytes, u64 patience_ns);

    /// One turn of the thread that reads: takes what has come, then sleeps until more comes. Stops the
    /// machine when the other side breaks the rules or is gone.
    void serve_once();
    /// Signals that have come since the last call, a bit each.
    u32 take_signals() { return signals_.exchange(0, std::memory_order_acq_rel); }

  private:
    static constexpr u32 input_size = 16384;

    void input(std::span<const u8> bytes) override;
    void frame(ToKernel kind, u32 value) override;
    bool send(ToHost kind, std::span<const u8> bytes);
    usize take_input(std::span<u8> to);
    void answered();
    void ask(AskInput::Kind kind, usize bytes);
    void send_ask();
    bool receive();

    ConsoleDevice* console_ = nullptr;
    bool framed_ = false;
    void (*news_)(ControlChannel&) = nullptr;
    ControlReader reader_{*this};

    Mutex input_mutex_{LockRank::leaf};
    u8 input_[input_size];  // under the mutex, as all that follows up to the next comment
    u32 produced_ = 0, consumed_ = 0;
    AskInput asked_{};             // the wish that is open
    bool ask_unsent_ = false;      // there was no room for it
    u32 asks_ = 0;                 // wishes so far; open while answers_ differs
    std::atomic<u32> answers_{0};  // parked on by readers
    std::atomic<bool> ended_{false}, readable_{false};

    std::atomic<u32> raw_wanted_{0}, raw_active_{0};
    std::atomic<u32> window_{0};       // rows, columns
    std::atomic<u32> closed_[2] = {};  // of streams 1 and 2
    std::atomic<u32> signals_{0};
    bool has_news_ = false;  // of the reading thread
};

}  // namespace litebox::vm
