#include <algorithm>

#include "attest/wrap/forms.h"
#include "attest/x509/certificate.h"

namespace litebox::attest::wrap {

namespace {

constexpr std::string_view pem_mark = "-----BEGIN ";
constexpr size_t most_certificates = 64, table_entry_size = 24, most_table_entries = 32;

Result<void> add_der(Evidence& evidence, ByteView der) {
    if (evidence.certificates.size() + evidence.revocation_lists.size() >= most_certificates)
        return Error{"more than 64 certificates beside the evidence"};
    Result<CertificatePointer> certificate = Certificate::parse(der);
    if (certificate) {
        evidence.certificates.push_back(to_bytes(der));
        return {};
    }
    if (!RevocationList::parse(der))
        return Error{"a certificate beside the evidence: " + certificate.error().message};
    evidence.revocation_lists.push_back(to_bytes(der));
    return {};
}

/// GUIDs as they lie in memory: the first three groups are little-endian numbers.
struct TableGuid {
    Field<16> guid;
    std::string_view name;
};
constexpr TableGuid table_guids[] = {
    {{0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd},
     "VCEK"},
    {{0xc2, 0x4b, 0x07, 0xa8, 0x5a, 0xa2, 0x3e, 0x48, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1},
     "VLEK"},
    {{0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82}, "ASK"},
    {{0xa4, 0x06, 0xb4, 0xc0, 0x03, 0xa8, 0x52, 0x49, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae}, "ARK"},
    {{0xc3, 0x3b, 0xf8, 0x92, 0x11, 0x58, 0x3d, 0x4d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea}, "CRL"},
};

/// Some tools write the GUIDs' bytes in the order of their text instead.
bool is_guid(ByteView bytes, const Field<16>& guid) {
    Field<16> text_order = guid;
    std::reverse(text_order.begin(), text_order.begin() + 4);
    std::reverse(text_order.begin() + 4, text_order.begin() + 6);
    std::reverse(text_order.begin() + 6, text_order.begin() + 8);
    return equal(bytes, guid) || equal(bytes, text_order);
}

const TableGuid* known_guid(ByteView bytes) {
    auto known =
        std::ranges::find_if(table_guids, [&](const TableGuid& row) { return is_guid(bytes, row.guid); });
    return known == std::end(table_guids) ? nullptr : known;
}

}  // namespace

Result<void> add_certificates(Evidence& evidence, ByteView bytes) {
    std::string_view text = trimmed(as_text(bytes));
    if (!text.starts_with(pem_mark)) return add_der(evidence, bytes);
    for (const PemBlock& block : ATTEST_TRY(parse_pem(text))) {
        if (block.label != "CERTIFICATE" && block.label != "X509 CRL")
            return Error{"a PEM block that is no certificate beside the evidence"};
        ATTEST_TRY(add_der(evidence, block.der));
    }
    return {};
}

Result<void> add_certificates(Evidence& evidence, const Document& document) {
    switch (document.kind) {
        case Document::Kind::bytes:
            return add_certificates(evidence, ByteView(document.bytes));
        case Document::Kind::text: {
            std::string_view text = trimmed(document.text);
            if (text.starts_with(pem_mark)) return add_certificates(evidence, as_bytes(text));
            return add_certificates(evidence, ByteView(ATTEST_TRY(decode_text(text))));
        }
        case Document::Kind::list:
            for (const Document& item : document.items) ATTEST_TRY(add_certificates(evidence, item));
            return {};
        case Document::Kind::map:
            // Confidential Containers: {"cert_type": "VCEK", "data": ...}; others: {"vcek": ..., "ask": ...}.
            for (const auto& [key, member] : document.members)
                if (key != "cert_type") ATTEST_TRY(add_certificates(evidence, member));
            return {};
        default:
            return {};
    }
}

bool looks_like_certificate_table(ByteView bytes) {
    return bytes.size() >= 2 * table_entry_size && known_guid(bytes.first(16));
}

Result<void> add_certificate_table(Evidence& evidence, ByteView bytes) {
    Reader reader(bytes);
    struct Entry {
        uint32_t offset, size;
        std::string_view name;
    };
    std::vector<Entry> entries;
    while (true) {
        ByteView guid = reader.take(16);
        Entry entry{reader.u32(), reader.u32(), {}};
        if (reader.failed()) return Error{"certificate table: no entry of zeros ends it"};
        if (all_zero(guid)) break;
        if (entries.size() == most_table_entries) return Error{"certificate table: more than 32 entries"};
        // Hosts may add tables of their own; they are no certificates.
        if (const TableGuid* known = known_guid(guid)) entry.name = known->name;
        entries.push_back(entry);
    }
    for (const Entry& entry : entries) {
        if (entry.offset < reader.offset() || entry.offset > bytes.size() ||
            entry.size > bytes.size() - entry.offset)
            return Error{"certificate table: an entry lies outside of it"};
        if (entry.name.empty() || entry.size == 0) continue;
        Result<void> added = add_certificates(evidence, bytes.subspan(entry.offset, entry.size));
        if (!added)
            return Error{"certificate table, " + std::string(entry.name) + ": " + added.error().message};
    }
    return {};
}

}  // namespace litebox::attest::wrap
