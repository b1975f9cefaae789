// Lines that the library OS has for the person outside (a trace, a message) and for us (what it counted).
// They come over a ring that the guest can write, so each is bounded, and nothing in it steers a terminal.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/supervisor.h"

namespace litebox::supervisor {

class Reports {
  public:
    explicit Reports(int descriptor) : descriptor_(descriptor) {}
    /// Bytes of the stream of lines, cut anywhere.
    void take(std::string_view bytes);
    void hand_over(std::vector<CallCount>& calls, std::vector<std::string>& files);

  private:
    void take_line(std::string_view line);
    int descriptor_;
    bool too_long_ = false;
    std::string unfinished_;
    std::vector<CallCount> calls_;
    std::set<std::string> files_;
    size_t file_bytes_ = 0;
};

}  // namespace litebox::supervisor
