#include "attest/simulate/wrap.h"

#include "attest/base/encode.h"
#include "attest/base/json.h"

namespace litebox::attest::simulate {

namespace {

struct GhcbEntry {
    const char* guid;
    const Bytes* contents;
};

/// A GUID's bytes in the order of its text, as the table has them in the field.
Bytes guid_bytes(std::string_view text) {
    std::string digits;
    for (char c : text)
        if (c != '-') digits += c;
    return from_hex(digits).value();
}

}  // namespace

Bytes ghcb_table(const GhcbCertificates& certificates) {
    const GhcbEntry entries[] = {{"c0b406a4-a803-4952-9743-3fb6014cd0ae", &certificates.ark},
                                 {"4ab7b379-bbac-4fe4-a02f-05aef327c782", &certificates.ask},
                                 {"63da758d-e664-4564-adc5-f4b93be8accd", &certificates.vcek},
                                 {"a8074bc2-a25a-483e-aae6-39c045a0b8a1", &certificates.vlek},
                                 {"92f81bc3-5811-4d3d-97ff-d19f88dc67ea", &certificates.crl}};
    size_t count = 1;
    for (const GhcbEntry& entry : entries) count += !entry.contents->empty();
    Bytes header, data;
    for (const GhcbEntry& entry : entries) {
        if (entry.contents->empty()) continue;
        append(header, guid_bytes(entry.guid));
        append_number(header, count * 24 + data.size(), 4);
        append_number(header, entry.contents->size(), 4);
        append(data, *entry.contents);
    }
    header.resize(count * 24);
    append(header, data);
    return header;
}

Bytes report_with_table(ByteView report, ByteView table) {
    Bytes out = to_bytes(report);
    append(out, table);
    return out;
}

std::string tsm_json(ByteView out_blob, ByteView aux_blob, std::string_view provider) {
    return "{\"auxblob\":" + json_quote(to_base64(aux_blob)) +
           ",\"outblob\":" + json_quote(to_base64(out_blob)) + ",\"provider\":" + json_quote(provider) + '}';
}

Bytes azure_hcl_report(ByteView report, uint32_t report_type, std::string_view runtime_data) {
    constexpr size_t report_at = 0x20, runtime_at = 0x4C0, size = 2600;
    Bytes out(std::max(size, runtime_at + 20 + runtime_data.size()));
    put(out, 0, as_bytes("HCLA"));
    put_number(out, 4, 1, 4);
    put_number(out, 8, runtime_at + 20 + runtime_data.size(), 4);
    put_number(out, 12, 2, 4);
    put(out, report_at, report.first(std::min(report.size(), runtime_at - report_at)));
    const uint64_t header[] = {20 + runtime_data.size(), 1, report_type, 1, runtime_data.size()};
    for (size_t i = 0; i < 5; i++) put_number(out, runtime_at + 4 * i, header[i], 4);
    put(out, runtime_at + 20, as_bytes(runtime_data));
    return out;
}

std::string azure_json(ByteView hcl_report, ByteView vek) {
    return "{\"version\":1,\"hcl_report\":" + json_quote(to_base64(hcl_report)) +
           ",\"vcek\":" + json_quote(to_base64(vek)) + '}';
}

std::string snp_json(ByteView report, ByteView vek) {
    return "{\"platform\":\"snp\",\"evidence\":{\"attestation_report\":" + json_quote(to_base64(report)) +
           ",\"cert_chain\":{\"vcek\":" + json_quote(to_base64(vek)) + "}}}";
}

std::string quote_json(ByteView quote, std::string_view event_log) {
    return "{\"quote\":" + json_quote(to_hex(quote)) +
           (event_log.empty() ? "" : ",\"event_log\":" + json_quote(event_log)) + '}';
}

namespace {

void append_cbor_bytes(Bytes& out, ByteView bytes) {
    // Major type 2 with a length of two or four bytes: what encoders emit for evidence of any size.
    if (bytes.size() < 0x10000) {
        out.push_back(0x59);
        out.push_back(static_cast<uint8_t>(bytes.size() >> 8));
    } else {
        out.push_back(0x5A);
        for (int shift = 24; shift >= 8; shift -= 8)
            out.push_back(static_cast<uint8_t>(bytes.size() >> shift));
    }
    out.push_back(static_cast<uint8_t>(bytes.size()));
    append(out, bytes);
}

}  // namespace

Bytes tagged_evidence_cbor(ByteView evidence, ByteView claims) {
    Bytes out{0xD9, 0xEA, 0x60, 0x82};
    append_cbor_bytes(out, evidence);
    append_cbor_bytes(out, claims);
    return out;
}

}  // namespace litebox::attest::simulate
