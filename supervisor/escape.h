// The escape sequence of a raw terminal, ssh's: after a newline `~.` ends the sandbox, `~^Z` suspends it,
// `~~` is one tilde. A program that hangs cannot hold the terminal.
#pragma once

#include <string>
#include <string_view>

namespace litebox::supervisor {

class EscapeScanner {
  public:
    enum class Found { nothing, end, suspend };
    /// Appends to `pass` what is for the program; stops at a sequence, and returns it.
    Found scan(std::string_view typed, std::string& pass);
    /// What is typed next begins a line.
    void begin() { state_ = State::line_start; }

  private:
    enum class State { line_start, inside, tilde } state_ = State::line_start;
};

}  // namespace litebox::supervisor
