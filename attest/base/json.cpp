#include "attest/base/json.h"

#include <simdjson.h>

#include <algorithm>

#include "attest/base/bytes.h"

namespace litebox::attest {

namespace {

constexpr size_t maximum_size = 1 << 20, maximum_depth = 64, maximum_values = 1 << 16;

/// Walks over text that simdjson has already found to be valid JSON, so it only needs to find where each
/// value ends.
class Extent {
  public:
    explicit Extent(std::string_view text) : text_(text) {}

    size_t at() const { return at_; }
    /// Skips white space and the punctuation between values.
    void to_value() {
        while (at_ < text_.size() && std::string_view(" \t\r\n,:").find(text_[at_]) != std::string_view::npos)
            at_++;
    }
    void open_or_close() { at_++; }
    void to_close() { to_value(); }
    void over_string() {
        at_++;
        while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
        at_++;
    }
    void over_scalar() {
        if (at_ < text_.size() && text_[at_] == '"') return over_string();
        while (at_ < text_.size() &&
               std::string_view(" \t\r\n,:]}").find(text_[at_]) == std::string_view::npos)
            at_++;
    }

  private:
    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace

/// simdjson's document gives the values, the text itself where each one lies: its DOM checks everything
/// (UTF-8, numbers, structure) before the first value is looked at, which its on-demand front end does not,
/// but forgets the positions.
struct JsonBuilder {
    explicit JsonBuilder(std::string_view source) : text(source), extent(source) {}

    std::string_view text;
    Extent extent;
    size_t values = 0;

    Result<Json> build(simdjson::dom::element element) {
        if (++values > maximum_values) return Error{"JSON with more than 65536 values"};
        Json json;
        extent.to_value();
        size_t begin = extent.at();
        Result<void> inner;
        if (element.is_object()) {
            inner = object(element, json);
        } else if (element.is_array()) {
            inner = array(element, json);
        } else {
            scalar(element, json);
            extent.over_scalar();
        }
        if (!inner) return inner.error();
        json.raw_ = text.substr(begin, extent.at() - begin);
        return json;
    }

  private:
    Result<void> object(simdjson::dom::object object, Json& json) {
        json.kind_ = Json::Kind::object;
        extent.open_or_close();
        for (auto [key, value] : object) {
            extent.to_value();
            extent.over_string();
            json.members_.emplace_back(std::string(key), ATTEST_TRY(build(value)));
        }
        extent.to_close();
        extent.open_or_close();
        std::vector<std::string_view> keys;
        for (const auto& member : json.members_) keys.push_back(member.first);
        std::ranges::sort(keys);
        auto twice = std::ranges::adjacent_find(keys);
        if (twice != keys.end())
            return Error{"JSON with the key " + json_quote(*twice) + " twice in one object"};
        return {};
    }

    Result<void> array(simdjson::dom::array array, Json& json) {
        json.kind_ = Json::Kind::array;
        extent.open_or_close();
        for (simdjson::dom::element item : array) json.items_.push_back(ATTEST_TRY(build(item)));
        extent.to_close();
        extent.open_or_close();
        return {};
    }

    static void scalar(simdjson::dom::element element, Json& json) {
        bool truth = false;
        std::string_view string;
        if (element.is_int64() && element.get(json.integer_) == simdjson::SUCCESS) {
            json.kind_ = Json::Kind::integer;
        } else if (element.get(json.number_) == simdjson::SUCCESS) {
            json.kind_ = Json::Kind::number;
        } else if (element.get(string) == simdjson::SUCCESS) {
            json.kind_ = Json::Kind::string;
            json.string_ = string;
        } else if (element.get(truth) == simdjson::SUCCESS) {
            json.kind_ = Json::Kind::boolean;
            json.integer_ = truth;
        }
    }
};

Result<Json> Json::parse(std::string_view text) {
    if (text.size() > maximum_size) return Error{"JSON of more than 1 MiB"};
    if (text.starts_with("\xef\xbb\xbf")) return Error{"JSON behind a byte order mark"};
    simdjson::dom::parser parser(maximum_size);
    if (parser.allocate(std::max<size_t>(text.size(), 1), maximum_depth) != simdjson::SUCCESS) {
        return Error{"no memory for JSON"};
    }
    simdjson::dom::element root;
    auto failure = parser.parse(text.data(), text.size()).get(root);
    if (failure) return Error{std::string("not JSON: ") + simdjson::error_message(failure)};
    return JsonBuilder(text).build(root);
}

const Json* Json::find(std::string_view key) const {
    auto found = std::ranges::find_if(members_, [&](const auto& member) { return member.first == key; });
    return found == members_.end() ? nullptr : &found->second;
}

Result<const Json*> Json::member(std::string_view key, Kind kind) const {
    static constexpr const char* names[] = {"null",     "true or false", "an integer", "a number",
                                            "a string", "an array",      "an object"};
    const Json* found = find(key);
    if (!found) return Error{"member " + json_quote(key) + " is missing"};
    if (!found->is(kind))
        return Error{"member " + json_quote(key) + " is not " + names[static_cast<size_t>(kind)]};
    return found;
}

Result<std::string> Json::text_member(std::string_view key) const {
    return ATTEST_TRY(member(key, Kind::string))->string();
}

Result<int64_t> Json::integer_member(std::string_view key) const {
    return ATTEST_TRY(member(key, Kind::integer))->integer();
}

Result<std::vector<std::string>> Json::texts_member(std::string_view key) const {
    std::vector<std::string> texts;
    if (!find(key)) return texts;
    for (const Json& item : ATTEST_TRY(member(key, Kind::array))->items()) {
        if (!item.is(Kind::string)) return Error{"member " + json_quote(key) + " holds what is not a string"};
        texts.push_back(item.string());
    }
    return texts;
}

std::string json_quote(std::string_view text) {
    // Names in damaged certificates are any bytes: where they are no UTF-8, only ASCII is kept of them.
    bool characters = simdjson::validate_utf8(text.data(), text.size());
    std::string quoted = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') {
            quoted += {'\\', c};
        } else if ((c >= 0 && c < 0x20) || c == 0x7f) {
            quoted += "\\u00" + to_hex(as_bytes({&c, 1}));
        } else if (c < 0 && !characters) {
            quoted += "\\ufffd";
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

}  // namespace litebox::attest
