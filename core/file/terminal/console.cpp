// The invoker's terminal. While it edits lines itself (cooked), lines pass through as they come; when a
// program asks for raw input, the host's terminal is made raw and our own line discipline does the work.

#include "core/file/devfs/device.h"
#include "core/file/events/file_signals.h"
#include "core/file/file_systems.h"
#include "core/file/terminal/terminal.h"
#include "core/kernel.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"

namespace litebox {

namespace {

class Console final : public Terminal {
  public:
    Console(int input, int output) : Terminal(console_number), input_(input), output_(output) {}

    usize send(std::span<const u8> bytes) override {
        auto sent = platform::stream_write(output_, bytes, false);
        return sent.ok() ? sent.value() : 0;
    }
    bool can_send() override { return platform::stream_writable(output_) > 0; }

    bool processes_output() override { return !raw_.load(); }

    void settings_changed(const Termios& settings) override {
        constexpr u32 cooked = canonical | echo;
        bool raw = (settings.local & cooked) != cooked;
        raw_.store(raw);
        platform::terminal_raw(raw);
    }

    /// Takes what the host has, or asks it for more.
    Result<void> want_input(bool) override {
        if (input_ < 0) return {};
        u8 bytes[256];
        for (;;) {
            auto got = platform::stream_read({bytes, min(sizeof(bytes), input_room())}, false);
            if (!got.ok()) return {};
            if (got.value() == 0) {
                if (input_room() == 0) return {};
                end_of_file();
                return {};
            }
            deliver({bytes, got.value()});
        }
    }

  private:
    /// Cooked lines were edited and echoed by the host already: only their ends matter.
    void deliver(std::span<const u8> bytes) {
        if (raw_.load())
            (void)type(bytes);
        else
            type_cooked(bytes);
    }

    int input_, output_;
    std::atomic<bool> raw_{false};
};

}  // namespace

Terminal* console() {
    return kernel().console;
}

void console_input_ready() {
    if (Terminal* terminal = console()) terminal->read_queue.wake(poll_in | poll_read_normal, ~0u);
    send_file_signals();
}

void console_signal(int signal) {
    Terminal* terminal = console();
    if (terminal != nullptr && signal == sigwinch) {
        platform::WindowSize size = platform::terminal_size();
        terminal->set_size({size.rows, size.columns, size.x_pixels, size.y_pixels});
        return;
    }
    i32 group = 0;
    if (terminal != nullptr) {
        LockGuard guard(tasks().mutex);
        for (Process& process : tasks().processes)
            if (process.session && process.session->terminal == terminal)
                group = process.session->foreground_group;
    }
    SignalInfo info;
    info.signal = signal;
    info.code = code_kernel;
    (void)send_to_group(group != 0 ? group : tasks().init->group_id, info);
}

Result<void> make_console() {
    int input = platform::stream_is_terminal(0) ? 0 : -1;
    int output = platform::stream_is_terminal(1) ? 1 : platform::stream_is_terminal(2) ? 2 : -1;
    if (input < 0 && output < 0) return {};
    if (output < 0) output = 1;
    auto made = TRY(make_ref<Console>(input, output));
    platform::WindowSize size = platform::terminal_size();
    made->set_size({size.rows, size.columns, size.x_pixels, size.y_pixels});
    kernel().console = made.leak();
    return {};
}

}  // namespace litebox
