// A line of text put together without memory of its own: for messages of a kernel that cannot go on.
#pragma once

#include <string_view>

#include "core/base/types.h"

namespace litebox::vm {

class TextLine {
  public:
    TextLine& text(std::string_view text) {
        for (char c : text)
            if (length_ < sizeof(bytes_)) bytes_[length_++] = c;
        return *this;
    }
    TextLine& hex(u64 value) {
        char digits[18] = {'0', 'x'};
        usize count = 2;
        int shift = 60;
        while (shift > 0 && value >> shift == 0) shift -= 4;
        for (; shift >= 0; shift -= 4) digits[count++] = "0123456789abcdef"[value >> shift & 15];
        return text({digits, count});
    }
    TextLine& decimal(u64 value) {
        char digits[20];
        usize at = sizeof(digits);
        do {
            digits[--at] = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
        return text({digits + at, sizeof(digits) - at});
    }
    [[nodiscard]] std::string_view view() const { return {bytes_, length_}; }

  private:
    char bytes_[200];
    usize length_ = 0;
};

}  // namespace litebox::vm
