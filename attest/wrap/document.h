// What JSON and CBOR have in common, as far as wrappings need it: one tree for both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attest/base/bytes.h"

namespace litebox::attest {

struct DocumentMember;

struct Document {
    enum class Kind : uint8_t { other, integer, text, bytes, list, map };

    Kind kind = Kind::other;
    uint64_t tag = 0;  // CBOR: the innermost tag around this; 0: none
    int64_t integer = 0;
    std::string text;
    Bytes bytes;  // a CBOR byte string, or a JSON list of numbers from 0 to 255
    std::vector<Document> items;
    std::vector<DocumentMember> members;
    std::string_view raw;  // JSON: this value's own text, which points into the input

    bool is(Kind wanted) const { return kind == wanted; }
    /// Null where there is no such member.
    const Document* find(std::string_view key) const;
};

struct DocumentMember {
    std::string key;
    Document value;
};

/// At most 1 MiB, 16 levels deep; duplicate keys are refused. `json` must outlive the result.
Result<Document> document_from_json(std::string_view json);
/// The whole of `bytes` is one item: at most 1 MiB, 16 levels deep, 65,536 items; the keys of maps are texts
/// without duplicates, or integers, which are read as their decimal text. Indefinite lengths are refused:
/// nothing in the field uses them.
Result<Document> document_from_cbor(ByteView bytes);

}  // namespace litebox::attest
