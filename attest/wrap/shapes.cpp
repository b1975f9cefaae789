// JSON and CBOR documents around evidence, told apart by the member that carries it. A document with two such
// members is refused: which of them would be judged must not depend on an order of preference.
#include <algorithm>

#include "attest/wrap/forms.h"

namespace litebox::attest::wrap {

namespace {

constexpr uint64_t cbor_tag_quote_with_claims = 60000, cbor_tag_td_report = 60001,
                   cbor_tag_sgx_report = 60002;
constexpr uint32_t sha256_of_runtime_data = 1;

/// The payload of a member: bytes as they are, text as recognise_text reads it.
Result<Evidence> payload(const Document& member, int depth) {
    switch (member.kind) {
        case Document::Kind::bytes:
            return recognise(member.bytes, depth + 1);
        case Document::Kind::text:
            return recognise(as_bytes(member.text), depth + 1);
        case Document::Kind::map:
        case Document::Kind::list:
            return recognise_document(member, {}, depth + 1);
        default:
            return Error{"the member that should carry evidence is a number or nothing"};
    }
}

Result<Bytes> blob(const Document& member) {
    if (member.is(Document::Kind::bytes)) return member.bytes;
    if (member.is(Document::Kind::text)) return decode_text(member.text);
    return Error{"a member that should be binary data is not"};
}

Result<void> add_event_log(Evidence& evidence, const Document& member) {
    if (!evidence.event_log.empty()) return Error{"two event logs beside the evidence"};
    if (member.is(Document::Kind::list) && !member.raw.empty())
        evidence.event_log = to_bytes(as_bytes(member.raw));
    else if (member.is(Document::Kind::text) && trimmed(member.text).starts_with('['))
        evidence.event_log = to_bytes(as_bytes(member.text));
    else if (member.is(Document::Kind::other) || (member.is(Document::Kind::text) && member.text.empty()))
        return {};  // null or empty: none was kept
    else
        evidence.event_log = ATTEST_TRY(blob(member));
    return {};
}

/// Members that go with evidence, whatever the shape.
Result<void> add_companions(Evidence& evidence, const Document& document) {
    for (std::string_view key :
         {"vcek", "vlek", "vek", "ask", "ark", "asvk", "cert_chain", "certs", "certificates", "crl"})
        if (const Document* member = document.find(key)) {
            Result<void> added = add_certificates(evidence, *member);
            if (!added) return Error{"'" + std::string(key) + "': " + added.error().message};
        }
    for (std::string_view key : {"event_log", "cc_eventlog", "ccel"})
        if (const Document* member = document.find(key)) {
            Result<void> added = add_event_log(evidence, *member);
            if (!added) return Error{"'" + std::string(key) + "': " + added.error().message};
        }
    if (const Document* member = document.find("collateral");
        member && member->is(Document::Kind::map) && !member->raw.empty())
        evidence.collateral_json = to_bytes(as_bytes(member->raw));
    return {};
}

/// {"provider": "sev_guest", "outblob": ..., "auxblob": ...}: the files of a configfs-tsm report.
Result<Evidence> configfs_tsm(const Document& document, int depth) {
    Evidence evidence = ATTEST_TRY(payload(*document.find("outblob"), depth));
    if (const Document* provider = document.find("provider")) {
        std::string_view name = trimmed(provider->text);
        bool snp = std::holds_alternative<SnpReport>(evidence.body);
        bool quote = std::holds_alternative<Quote>(evidence.body);
        if ((name == "sev_guest" && !snp) || (name == "tdx_guest" && !quote))
            return Error{"configfs-tsm: the provider is " + std::string(name) +
                         ", and outblob is of another technology"};
        if (name != "sev_guest" && name != "tdx_guest") return Error{"configfs-tsm: unknown provider"};
    }
    const Document* aux = document.find("auxblob");
    if (!aux || aux->is(Document::Kind::other)) return evidence;
    Bytes table = ATTEST_TRY(blob(*aux));
    if (table.empty()) return evidence;
    Result<void> added = add_certificate_table(evidence, table);
    if (!added) return Error{"configfs-tsm, auxblob: " + added.error().message};
    return evidence;
}

/// Azure's trust domains: the quote is Intel's over the TDREPORT, and the HCL report has the runtime data
/// that it binds.
Result<Evidence> azure_tdx(const Document& document, int depth) {
    Evidence hcl = ATTEST_TRY(payload(*document.find("hcl_report"), depth));
    Evidence evidence = ATTEST_TRY(payload(*document.find("td_quote"), depth));
    if (!std::holds_alternative<Quote>(evidence.body)) return Error{"'td_quote' is no TDX quote"};
    if (!std::holds_alternative<LocalReport>(hcl.body))
        return Error{"'hcl_report' beside 'td_quote' holds no TDREPORT"};
    evidence.runtime_data = std::move(hcl.runtime_data);
    evidence.runtime_data_hash = hcl.runtime_data_hash;
    return evidence;
}

/// Intel's archived answer about an EPID quote, bare (the signature came in an HTTP header) or with signature
/// and chain.
Result<Evidence> epid_report(const Document& document, int) {
    EpidVerificationReport report;
    if (const Document* body = document.find("report")) {
        report.body = body->text;
        const Document *signature = document.find("signature"), *chain = document.find("chain");
        if (signature) report.signature = ATTEST_TRY(blob(*signature));
        if (chain) report.chain = chain->text;
    } else {
        report.body = std::string(document.raw);
    }
    Evidence evidence;
    evidence.body = std::move(report);
    return evidence;
}

template <size_t N>
Result<Evidence> member_of(const char (&key)[N], const Document& document, int depth) {
    return payload(*document.find(key), depth);
}

bool is_payload(const Document* member) {
    return member && (member->is(Document::Kind::text) || member->is(Document::Kind::bytes));
}
bool is_map(const Document* member) {
    return member && member->is(Document::Kind::map);
}

struct Shape {
    std::string_view name;
    bool (*fits)(const Document& document);
    Result<Evidence> (*parse)(const Document& document, int depth);
};

bool is_epid_text(const Document& document) {
    const Document* report = document.find("report");
    return report && report->is(Document::Kind::text) &&
           report->text.find("\"isvEnclaveQuoteBody\"") != std::string::npos;
}

constexpr Shape shapes[] = {
    {"configfs-tsm", [](const Document& d) { return is_payload(d.find("outblob")); }, configfs_tsm},
    {"evidence",
     [](const Document& d) { return is_map(d.find("evidence")) || is_payload(d.find("evidence")); },
     [](const Document& d, int depth) { return member_of("evidence", d, depth); }},
    {"snp", [](const Document& d) { return d.find("attestation_report") != nullptr; },
     [](const Document& d, int depth) -> Result<Evidence> {
         if (!is_payload(d.find("attestation_report")))
             return Error{
                 "'attestation_report' is taken apart into fields; pass the report as the hardware gave it"};
         return member_of("attestation_report", d, depth);
     }},
    {"azure-tdx",
     [](const Document& d) { return is_payload(d.find("hcl_report")) && is_payload(d.find("td_quote")); },
     azure_tdx},
    {"azure-snp", [](const Document& d) { return is_payload(d.find("hcl_report")) && !d.find("td_quote"); },
     [](const Document& d, int depth) { return member_of("hcl_report", d, depth); }},
    // Azure's older evidence: "quote" is the vTPM's and a map there.
    {"report", [](const Document& d) { return is_payload(d.find("report")) && !is_epid_text(d); },
     [](const Document& d, int depth) { return member_of("report", d, depth); }},
    {"quote", [](const Document& d) { return is_payload(d.find("quote")); },
     [](const Document& d, int depth) { return member_of("quote", d, depth); }},
    {"td-quote", [](const Document& d) { return is_payload(d.find("td_quote")) && !d.find("hcl_report"); },
     [](const Document& d, int depth) { return member_of("td_quote", d, depth); }},
    {"epid", [](const Document& d) { return d.find("isvEnclaveQuoteBody") != nullptr || is_epid_text(d); },
     epid_report},
};

std::string wrapping_name(std::string_view language, std::string_view shape) {
    return language.empty() ? std::string(shape) : std::string(language) + ":" + std::string(shape);
}

/// 60000([quote, claims]): report data begins with the hash of the claims.
Result<Evidence> tagged_quote(const Document& document, int depth) {
    if (!document.is(Document::Kind::list) || document.items.size() != 2 ||
        !document.items[0].is(Document::Kind::bytes) || !document.items[1].is(Document::Kind::bytes))
        return Error{"CBOR tag 60000 is not around two byte strings"};
    Evidence evidence = ATTEST_TRY(recognise(document.items[0].bytes, depth + 1));
    evidence.runtime_data = document.items[1].bytes;
    evidence.runtime_data_hash = sha256_of_runtime_data;
    return evidence;
}

/// A conceptual message wrapper (draft-ietf-rats-msg-wrap): [type, value] or [type, value, indicator].
Result<Evidence> cmw_record(const Document& document, int depth) {
    const Document& type = document.items[0];
    if (!type.is(Document::Kind::text) && !type.is(Document::Kind::integer))
        return Error{"a list that is no CMW record"};
    return payload(document.items[1], depth);
}

Result<Evidence> map_shape(const Document& document, std::string_view language, int depth) {
    const Shape* found = nullptr;
    for (const Shape& shape : shapes) {
        if (!shape.fits(document)) continue;
        if (found)
            return Error{"the document has the marks of \"" + std::string(found->name) + "\" and of \"" +
                         std::string(shape.name) + "\", and is taken for neither"};
        found = &shape;
    }
    if (!found)
        return Error{
            "the document has no member that carries evidence: known are outblob, evidence, "
            "attestation_report, hcl_report, "
            "report, quote, td_quote and isvEnclaveQuoteBody"};
    Evidence evidence = ATTEST_TRY(found->parse(document, depth));
    ATTEST_TRY(add_companions(evidence, document));
    evidence.wrappings.insert(evidence.wrappings.begin(), wrapping_name(language, found->name));
    return evidence;
}

}  // namespace

Result<Evidence> recognise_document(const Document& document, std::string_view language, int depth) {
    if (depth > deepest_wrapping) return Error{"evidence wrapped more than six times"};
    if (document.tag == cbor_tag_td_report || document.tag == cbor_tag_sgx_report)
        return Error{"the CBOR tag is for a report that only its own machine can check; a quote is needed"};
    Result<Evidence> evidence = Error{};
    std::string shape;
    if (document.tag == cbor_tag_quote_with_claims) {
        evidence = tagged_quote(document, depth);
        shape = "tag-60000";
    } else if (document.is(Document::Kind::map)) {
        return map_shape(document, language, depth);
    } else if (document.is(Document::Kind::list) &&
               (document.items.size() == 2 || document.items.size() == 3)) {
        evidence = cmw_record(document, depth);
        shape = "cmw";
    } else if (document.tag && is_payload(&document)) {
        evidence = payload(document, depth);
        shape = "tag-" + std::to_string(document.tag);
    } else {
        return Error{"a document that is neither an object around evidence nor a CMW record"};
    }
    if (evidence) evidence->wrappings.insert(evidence->wrappings.begin(), wrapping_name(language, shape));
    return evidence;
}

}  // namespace litebox::attest::wrap
