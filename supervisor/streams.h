// The invoker's streams: threads that move bytes between descriptors 0, 1, 2 and the rings. They believe
// nothing in the rings.
#pragma once

#include <termios.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "platform/process/abi/rings.h"
#include "supervisor/supervisor.h"

namespace litebox::supervisor {

class Streams {
  public:
    Streams(process::Rings& rings, int report_descriptor)
        : rings_(rings), report_descriptor_(report_descriptor) {}
    void start();
    /// Writes out what is there and ends the output thread. Input is left where it is.
    void finish();
    /// The sandbox broke the ring's rules: it must end.
    [[nodiscard]] bool violated() const { return violated_.load(); }
    void wake_output();
    /// The invoker's terminal is as it was while the sandbox is suspended.
    void pause_terminal(bool pause);
    /// What the core counted; after finish().
    void take_reports(std::vector<CallCount>& calls, std::vector<std::string>& files);

  private:
    void output_loop();
    void input_loop();
    bool drain();
    void set_raw(bool raw);
    void take_report_text(const char* bytes, size_t length);
    void take_report_line(const std::string& line);
    void write_out(uint32_t kind, const char* bytes, size_t length);
    process::Rings& rings_;
    int report_descriptor_;
    uint32_t consumed_ = 0;
    std::atomic<bool> ending_{false}, violated_{false};
    std::thread output_;
    std::string report_text_;
    std::vector<CallCount> calls_;
    std::set<std::string> files_;
    bool raw_ = false, saved_valid_ = false;
    termios saved_{};
};

int futex_wait(std::atomic<uint32_t>& word, uint32_t expected, int timeout_ms);
void futex_wake(std::atomic<uint32_t>& word);

}  // namespace litebox::supervisor
