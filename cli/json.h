// Writes JSON, one value at a time, on one line. Strings may hold any bytes: what is not UTF-8 comes out as
// \ufffd.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace litebox::cli {

std::string json_string(std::string_view text);

class JsonWriter {
  public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return shut('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return shut(']'); }
    JsonWriter& key(std::string_view name);
    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(uint64_t number);
    JsonWriter& value(bool truth);
    JsonWriter& null();
    template <typename T>
    JsonWriter& member(std::string_view name, T content) {
        return key(name).value(content);
    }
    const std::string& text() const { return text_; }

  private:
    JsonWriter& open(char bracket);
    JsonWriter& shut(char bracket);
    void separate();
    std::string text_;
};

/// Text from a program, safe for a terminal: control bytes and what is not UTF-8 as \xNN.
std::string printable(std::string_view text);

}  // namespace litebox::cli
