// Between the machine and the threads that serve the invoker's streams: turns the frames of the control port
// into what a sandbox of the process platform does in its rings, and back. So the streams, the terminal and
// the watch are the same for both platforms. The rings lie in private memory here; what the machine says is
// believed no more for that.
#pragma once

#include <atomic>
#include <span>
#include <string>

#include "platform/process/abi/rings.h"
#include "platform/vm/abi/control.h"
#include "supervisor/descriptor.h"

namespace litebox::supervisor {

/// Its threads end with the process, so an object of this class is never destroyed.
class Bridge {
  public:
    /// `control` is our end of the control port, `log` of what the monitor and its serial line print.
    Bridge(process::Rings& rings, Descriptor control, Descriptor log);
    void start();
    /// The machine's side is at its end: it said how, or broke the rules, or nothing more will come.
    [[nodiscard]] bool finished() const { return finished_.load(); }
    /// Nothing more will come, and it did not say how it ended.
    [[nodiscard]] bool silent() const {
        return finished_.load() &&
               rings_.control.stop_state.load(std::memory_order_acquire) == process::running;
    }
    /// The last lines of the log, printable; when finished.
    [[nodiscard]] std::string last_words() const;

  private:
    static void* run_from_machine(void* self);
    static void* run_to_machine(void* self);
    [[nodiscard]] bool confine() const;

    void from_machine();
    bool take_log();
    bool take_control();
    bool take_frame(vm::ToHost kind, std::span<const char> bytes);
    bool take_word(vm::ToHost kind, uint32_t word);
    bool take_ask(std::span<const char> bytes);
    bool take_totals(std::span<const char> bytes);
    void put_record(uint32_t kind, std::span<const char> bytes);
    bool take_end(uint32_t state, uint32_t status, std::span<const char> reason);
    void broke_rules();
    void tell_watch() const;

    bool to_machine();
    bool send_input();
    bool send_changes();
    bool send(vm::ToKernel kind, std::span<const char> bytes);
    bool send_word(vm::ToKernel kind, uint32_t word);

    process::Rings& rings_;
    Descriptor control_, log_;
    std::atomic<bool> finished_{false};

    // Of the thread that reads.
    static constexpr size_t buffer_size = sizeof(vm::ControlHeader) + vm::longest_control_frame;
    char buffer_[buffer_size];
    size_t filled_ = 0;
    std::string words_;  // the log's end

    // Of the thread that writes: what the machine was told last.
    uint32_t consumed_ = 0, answered_ = 0, raw_ = 0, window_ = 0, closed_[2] = {};
    char frame_[sizeof(vm::ControlHeader) + process::InRing::size];
};

}  // namespace litebox::supervisor
