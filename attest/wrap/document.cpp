#include "attest/wrap/document.h"

#include <algorithm>

#include "attest/base/json.h"

namespace litebox::attest {

namespace {

constexpr int deepest = 16;

bool is_byte(const Json& value) {
    return value.is(Json::Kind::integer) && value.integer() >= 0 && value.integer() <= 255;
}

Result<Document> convert(const Json& value, int depth) {
    if (depth == deepest) return Error{"JSON nested more than 16 levels deep"};
    Document out;
    out.raw = value.raw();
    switch (value.kind()) {
        case Json::Kind::integer:
            out.kind = Document::Kind::integer;
            out.integer = value.integer();
            break;
        case Json::Kind::string:
            out.kind = Document::Kind::text;
            out.text = value.string();
            break;
        case Json::Kind::array:
            if (!value.items().empty() && std::ranges::all_of(value.items(), is_byte)) {
                out.kind = Document::Kind::bytes;
                for (const Json& item : value.items())
                    out.bytes.push_back(static_cast<uint8_t>(item.integer()));
                break;
            }
            out.kind = Document::Kind::list;
            for (const Json& item : value.items()) out.items.push_back(ATTEST_TRY(convert(item, depth + 1)));
            break;
        case Json::Kind::object:
            out.kind = Document::Kind::map;
            for (const auto& [key, member] : value.members()) {
                Document converted = ATTEST_TRY(convert(member, depth + 1));
                out.members.push_back({key, std::move(converted)});
            }
            break;
        default:
            break;
    }
    return out;
}

}  // namespace

const Document* Document::find(std::string_view key) const {
    for (const auto& [name, member] : members)
        if (name == key) return &member;
    return nullptr;
}

Result<Document> document_from_json(std::string_view json) {
    return convert(ATTEST_TRY(Json::parse(json)), 0);
}

}  // namespace litebox::attest
