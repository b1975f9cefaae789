// Bytes and text without a libc: the four functions that compilers call, owned strings, and a bounded text
// builder.
#pragma once

#include <span>
#include <string_view>

#include "core/base/vector.h"

#ifdef LITEBOX_FREESTANDING
extern "C" {
void* memcpy(void* to, const void* from, std::size_t length);
void* memmove(void* to, const void* from, std::size_t length);
void* memset(void* to, int value, std::size_t length);
int memcmp(const void* a, const void* b, std::size_t length);
std::size_t strlen(const char* text);
}
#else
#include <cstring>
#endif

namespace litebox {

using std::string_view;
using namespace std::string_view_literals;

/// Owned text; data() is followed by a zero byte. Empty strings own nothing.
class String {
  public:
    String() = default;
    static Result<String> from(string_view text);
    [[nodiscard]] string_view view() const { return {bytes_.data(), bytes_.empty() ? 0 : bytes_.size() - 1}; }
    [[nodiscard]] const char* c_str() const { return bytes_.empty() ? "" : bytes_.data(); }
    [[nodiscard]] usize size() const { return view().size(); }
    [[nodiscard]] bool empty() const { return size() == 0; }

  private:
    Vector<char> bytes_;
};

/// Appends text and numbers to a growing buffer; the first failure to grow sticks and is told by `failed()`.
class TextBuilder {
  public:
    TextBuilder& text(string_view text);
    TextBuilder& character(char c) { return text({&c, 1}); }
    TextBuilder& decimal(i64 value);
    TextBuilder& unsigned_decimal(u64 value, unsigned width = 0, char fill = ' ');
    TextBuilder& hex(u64 value, unsigned width = 0);  // lower case, zero-filled, no prefix
    TextBuilder& octal(u64 value, unsigned width = 0);
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] string_view view() const { return {bytes_.data(), bytes_.size()}; }
    Vector<char> take() { return std::move(bytes_); }

  private:
    Vector<char> bytes_;
    bool failed_ = false;
};

/// Decimal number, whole text, no sign; nothing if it is not one or does not fit.
Result<u64> parse_decimal(string_view text);

}  // namespace litebox
