// CBOR by libcbor's streaming decoder: it reads one head at a time and allocates nothing, so that a claimed
// length costs nothing. The tree is built here, as items really arrive.
#include <cbor.h>

#include "attest/wrap/document.h"

namespace litebox::attest {

namespace {

constexpr size_t largest = 1 << 20, most_items = 65536, deepest = 16;

/// One head, as the callbacks report it.
struct Head {
    enum class Kind : uint8_t {
        none,
        unsigned_integer,
        negative_integer,
        bytes,
        text,
        list,
        map,
        tag,
        other,
        refused
    } kind = Kind::none;
    uint64_t number = 0;
    ByteView data;
};

Head& head_of(void* context) {
    return *static_cast<Head*>(context);
}
template <typename T, Head::Kind kind>
void on_number(void* context, T number) {
    head_of(context) = {kind, number, {}};
}
template <Head::Kind kind>
void on_data(void* context, cbor_data data, size_t size) {
    head_of(context) = {kind, size, {data, size}};
}
void on_refused(void* context) {
    head_of(context).kind = Head::Kind::refused;
}
void on_other(void* context) {
    head_of(context).kind = Head::Kind::other;
}

cbor_callbacks make_callbacks() {
    using Kind = Head::Kind;
    cbor_callbacks table = cbor_empty_callbacks;
    table.uint8 = on_number<uint8_t, Kind::unsigned_integer>;
    table.uint16 = on_number<uint16_t, Kind::unsigned_integer>;
    table.uint32 = on_number<uint32_t, Kind::unsigned_integer>;
    table.uint64 = on_number<uint64_t, Kind::unsigned_integer>;
    table.negint8 = on_number<uint8_t, Kind::negative_integer>;
    table.negint16 = on_number<uint16_t, Kind::negative_integer>;
    table.negint32 = on_number<uint32_t, Kind::negative_integer>;
    table.negint64 = on_number<uint64_t, Kind::negative_integer>;
    table.byte_string = on_data<Kind::bytes>;
    table.string = on_data<Kind::text>;
    table.array_start = on_number<size_t, Kind::list>;
    table.map_start = on_number<size_t, Kind::map>;
    table.tag = on_number<uint64_t, Kind::tag>;
    table.byte_string_start = table.string_start = table.indef_array_start = table.indef_map_start =
        table.indef_break = on_refused;
    table.null = table.undefined = on_other;
    table.boolean = [](void* context, bool) { on_other(context); };
    table.float2 = table.float4 = [](void* context, float) { on_other(context); };
    table.float8 = [](void* context, double) { on_other(context); };
    return table;
}

class Builder {
  public:
    explicit Builder(ByteView bytes) : rest_(bytes), callbacks_(make_callbacks()) {}

    Result<Document> item(size_t depth) {
        if (depth == deepest) return Error{"CBOR nested more than 16 levels deep"};
        if (++items_ > most_items) return Error{"CBOR with more than 65536 items"};
        Head head = ATTEST_TRY(next());
        Document out;
        switch (head.kind) {
            case Head::Kind::unsigned_integer:
            case Head::Kind::negative_integer:
                if (head.number > INT64_MAX) return Error{"CBOR integer out of range"};
                out.kind = Document::Kind::integer;
                out.integer = static_cast<int64_t>(head.number);
                if (head.kind == Head::Kind::negative_integer) out.integer = -1 - out.integer;
                break;
            case Head::Kind::bytes:
                out.kind = Document::Kind::bytes;
                out.bytes = to_bytes(head.data);
                break;
            case Head::Kind::text:
                out.kind = Document::Kind::text;
                out.text = as_text(head.data);
                break;
            case Head::Kind::list:
                out.kind = Document::Kind::list;
                for (uint64_t i = 0; i < head.number; i++) out.items.push_back(ATTEST_TRY(item(depth + 1)));
                break;
            case Head::Kind::map:
                return map(head.number, depth);
            case Head::Kind::tag: {
                Document inner = ATTEST_TRY(item(depth + 1));
                if (!inner.tag) inner.tag = head.number;
                return inner;
            }
            default:
                break;
        }
        return out;
    }
    bool at_end() const { return rest_.empty(); }

  private:
    Result<Head> next() {
        Head head;
        cbor_decoder_result result = cbor_stream_decode(rest_.data(), rest_.size(), &callbacks_, &head);
        if (result.status != CBOR_DECODER_FINISHED || result.read > rest_.size())
            return Error{"CBOR is cut short or damaged"};
        if (head.kind == Head::Kind::refused) return Error{"CBOR of indefinite length"};
        if (head.kind == Head::Kind::none) return Error{"CBOR is damaged"};
        rest_ = rest_.subspan(result.read);
        return head;
    }

    Result<Document> map(uint64_t count, size_t depth) {
        Document out;
        out.kind = Document::Kind::map;
        for (uint64_t i = 0; i < count; i++) {
            Document key = ATTEST_TRY(item(depth + 1));
            std::string name = key.is(Document::Kind::integer) ? std::to_string(key.integer) : key.text;
            if (!key.is(Document::Kind::integer) && !key.is(Document::Kind::text))
                return Error{"CBOR map with a key that is neither text nor integer"};
            if (out.find(name)) return Error{"CBOR map with the key \"" + name + "\" twice"};
            Document value = ATTEST_TRY(item(depth + 1));
            out.members.push_back({std::move(name), std::move(value)});
        }
        return out;
    }

    ByteView rest_;
    cbor_callbacks callbacks_;
    size_t items_ = 0;
};

}  // namespace

Result<Document> document_from_cbor(ByteView bytes) {
    if (bytes.size() > largest) return Error{"CBOR of more than 1 MiB"};
    Builder builder(bytes);
    Document out = ATTEST_TRY(builder.item(0));
    if (!builder.at_end()) return Error{"bytes behind the CBOR item"};
    return out;
}

}  // namespace litebox::attest
