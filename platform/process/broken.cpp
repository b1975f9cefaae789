#include "platform/process/broken.h"

#include "platform/platform.h"
#include "platform/process/trap.h"

namespace litebox::process {

namespace {

/// A line of text without allocation.
class Line {
  public:
    void text(std::string_view text) {
        for (char c : text)
            if (length_ < sizeof(bytes_)) bytes_[length_++] = c;
    }
    void hexadecimal(u64 value) {
        text("0x");
        bool started = false;
        for (int shift = 60; shift >= 0; shift -= 4) {
            unsigned digit = value >> shift & 15;
            started |= digit != 0 || shift == 0;
            if (started) text(std::string_view(&"0123456789abcdef"[digit], 1));
        }
    }
    [[nodiscard]] std::string_view view() const { return {bytes_, length_}; }

  private:
    char bytes_[160];
    usize length_ = 0;
};

}  // namespace

void panic_at(const char* what, u64 rip, u64 address, int signal) {
    Line line;
    line.text(what);
    line.text(": signal ");
    line.hexadecimal(static_cast<u64>(signal));
    // Relative to the text, which lies elsewhere in each run.
    line.text(" at text + ");
    line.hexadecimal(rip - reinterpret_cast<u64>(litebox_text_begin));
    line.text(", address ");
    line.hexadecimal(address);
    platform::panic(line.view());
}

}  // namespace litebox::process

// What the compiler calls.
extern "C" {
[[noreturn]] __attribute__((visibility("hidden"))) void __stack_chk_fail() {
    litebox::platform::panic("the core's stack was overwritten");
}
[[noreturn]] __attribute__((visibility("hidden"))) void __cxa_pure_virtual() {
    litebox::platform::panic("the core called a function that is not there");
}
}
