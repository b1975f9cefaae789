// The invoker's streams: threads that move bytes between descriptors 0, 1, 2 and the rings. They believe
// nothing in the rings, and a filter of their own leaves them no more than that.
#pragma once

#include <atomic>
#include <string_view>

#include "platform/process/abi/rings.h"
#include "supervisor/descriptor.h"
#include "supervisor/escape.h"
#include "supervisor/out_reader.h"
#include "supervisor/reports.h"

namespace litebox::supervisor {

/// The threads end with the process: one may sit in a read of the invoker's input, or in a write that nobody
/// takes, so an object of this class is never destroyed.
class Streams {
  public:
    /// What the threads ask of the main thread; each rings with news_signal.
    enum News : uint32_t { change_raw = 1, escaped = 2, suspend_wanted = 4, input_in_background = 8 };
    static const int news_signal;

    /// `changes`: whose changes are announced before input is; null: there is no opener to announce any.
    Streams(process::Rings& rings, process::FileRing* changes, int report_descriptor);
    void start();
    uint32_t take_news() { return news_.exchange(0); }
    /// The main thread has changed the terminal, or was continued.
    void terminal_changed(bool raw);

    /// Writes out what is there and ends the output thread. Input is left where it is.
    void end();
    [[nodiscard]] bool done() const { return done_.load(); }
    /// Bytes that went out, ever: whether a reader still takes any.
    [[nodiscard]] uint64_t written() const { return written_.load(); }
    /// The sandbox broke the ring's rules: it must end.
    [[nodiscard]] bool violated() const { return violated_.load(); }
    /// Output that makes a terminal answer went to one.
    [[nodiscard]] bool queried() const { return queried_.load(); }
    /// What the core counted; when done.
    void take_reports(std::vector<CallCount>& calls, std::vector<std::string>& files);

  private:
    static void* run_output(void* self);
    static void* run_input(void* self);
    void tell(uint32_t news);
    bool confine();
    void output_loop();
    bool drain();
    bool goes_on();
    void write_out(uint32_t kind, const char* bytes, size_t length);
    void look_for_queries(int descriptor, std::string_view bytes);

    void input_loop();
    bool input_ready();
    void wait_for_foreground();
    void serve_request(uint32_t asked);
    void read_typed();
    void push(std::string_view bytes);
    void answer(uint32_t asked);
    void ring_system_bell();

    process::Rings& rings_;
    process::FileRing* changes_;
    OutReader out_;  // of the output thread
    Reports reports_;
    int report_descriptor_;
    bool input_terminal_, output_terminal_[2];
    /// A shell looks after us, which continues what the terminal has stopped.
    bool job_controlled_;
    Descriptor input_wake_;  // eventfd; only where input is a terminal
    std::atomic<bool> raw_{false}, done_{false}, violated_{false}, queried_{false};
    std::atomic<uint32_t> news_{0};
    std::atomic<uint32_t> ending_{0};  // futex of the output thread once the sandbox has stopped
    std::atomic<uint64_t> written_{0};
    uint32_t produced_ = 0, answered_ = 0;  // of the input thread
    bool input_ended_ = false;
    EscapeScanner escape_;
};

/// Opens those of 0, 1, 2 that are not there: without them our own files would take their numbers, and the
/// program's output would go there.
void open_missing_streams();

int futex_wait(std::atomic<uint32_t>& word, uint32_t expected, int timeout_ms);
void futex_wake(std::atomic<uint32_t>& word);

}  // namespace litebox::supervisor
