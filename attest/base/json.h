// JSON as signed documents need it: strict, with the exact bytes of every member, duplicate keys refused.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/base/result.h"

namespace litebox::attest {

/// A parsed value. Immutable after parsing; copies are independent of each other and of the text, save `raw`.
class Json {
  public:
    enum class Kind : uint8_t { null, boolean, integer, number, string, array, object };

    /// The whole of `text` is one value, at most 1 MiB, 64 levels deep and 65536 values; UTF-8; no duplicate
    /// key in any object; no number that 64 bits do not hold. `raw()` views of the result point into `text`,
    /// which must outlive them.
    static Result<Json> parse(std::string_view text);

    Kind kind() const { return kind_; }
    bool is(Kind kind) const { return kind_ == kind; }
    bool boolean() const { return integer_ != 0; }
    /// Integers from -2^63 to 2^63-1; other numbers are of kind `number`.
    int64_t integer() const { return integer_; }
    double number() const { return number_; }
    /// The string with its escapes undone.
    const std::string& string() const { return string_; }
    const std::vector<Json>& items() const { return items_; }
    const std::vector<std::pair<std::string, Json>>& members() const { return members_; }
    /// Null where this is no object or has no such member.
    const Json* find(std::string_view key) const;
    /// The exact bytes of this value in the text: what a signature over a member covers.
    std::string_view raw() const { return raw_; }

    // Members that must be there, with their kind; the error names the key.
    Result<const Json*> member(std::string_view key, Kind kind) const;
    Result<std::string> text_member(std::string_view key) const;
    Result<int64_t> integer_member(std::string_view key) const;
    /// The strings of an array; none where there is no such member.
    Result<std::vector<std::string>> texts_member(std::string_view key) const;

  private:
    friend struct JsonBuilder;
    Kind kind_ = Kind::null;
    int64_t integer_ = 0;
    double number_ = 0;
    std::string string_;
    std::vector<Json> items_;
    std::vector<std::pair<std::string, Json>> members_;
    std::string_view raw_;
};

/// Text of a JSON string, quotes included; what is no UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace litebox::attest
