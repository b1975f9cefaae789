#include "attest/broker/kbs_evidence.h"

#include <algorithm>
#include <span>

#include "attest/collateral.h"

namespace litebox::attest::broker {

namespace {

/// A member of the report, little-endian number or bytes by its kind in JSON.
struct FieldRow {
    std::string_view name;
    size_t offset, size;
};

// SEV-SNP ABI, ATTESTATION_REPORT; names as the `sev` crate has them. Of two names for one place, releases
// have one each.
constexpr FieldRow required_fields[] = {
    {"version", 0x000, 4},
    {"guest_svn", 0x004, 4},
    {"policy", 0x008, 8},
    {"family_id", 0x010, 16},
    {"image_id", 0x020, 16},
    {"vmpl", 0x030, 4},
    {"sig_algo", 0x034, 4},
    {"plat_info", 0x040, 8},
    {"report_data", 0x050, 64},
    {"measurement", 0x090, 48},
    {"host_data", 0x0C0, 32},
    {"id_key_digest", 0x0E0, 48},
    {"author_key_digest", 0x110, 48},
    {"report_id", 0x140, 32},
    {"report_id_ma", 0x160, 32},
    {"chip_id", 0x1A0, 64},
};
constexpr FieldRow optional_fields[] = {
    {"_author_key_en", 0x048, 4},    {"author_key_en", 0x048, 4},      {"key_info", 0x048, 4},
    {"cpuid_fam_id", 0x188, 1},      {"cpuid_mod_id", 0x189, 1},       {"cpuid_step", 0x18A, 1},
    {"current_build", 0x1E8, 1},     {"current_minor", 0x1E9, 1},      {"current_major", 0x1EA, 1},
    {"committed_build", 0x1EC, 1},   {"committed_minor", 0x1ED, 1},    {"committed_major", 0x1EE, 1},
    {"launch_mit_vector", 0x1F8, 8}, {"current_mit_vector", 0x200, 8},
};
constexpr FieldRow tcb_fields[] = {{"current_tcb", 0x038, 8},
                                   {"reported_tcb", 0x180, 8},
                                   {"committed_tcb", 0x1E0, 8},
                                   {"launch_tcb", 0x1F0, 8}};
constexpr FieldRow version_fields[] = {{"build", 0, 1}, {"minor", 1, 1}, {"major", 2, 1}};

Error bad_field(std::string_view name) {
    return Error{"attestation_report: " + std::string(name) + " is missing or of a wrong form"};
}

Result<void> put_number(const Json& value, const FieldRow& row, Bytes& report) {
    uint64_t number = static_cast<uint64_t>(value.integer());
    if (value.integer() < 0 || (row.size < 8 && number >> (row.size * 8))) return bad_field(row.name);
    for (size_t i = 0; i < row.size; i++) report[row.offset + i] = static_cast<uint8_t>(number >> (8 * i));
    return {};
}

Result<Bytes> bytes_of(const Json& array, std::string_view name) {
    Bytes out;
    for (const Json& item : array.items()) {
        if (!item.is(Json::Kind::integer) || item.integer() < 0 || item.integer() > 255)
            return bad_field(name);
        out.push_back(static_cast<uint8_t>(item.integer()));
    }
    return out;
}

Result<void> put_field(const Json& value, const FieldRow& row, Bytes& report) {
    if (value.is(Json::Kind::integer)) return put_number(value, row, report);
    if (!value.is(Json::Kind::array)) return bad_field(row.name);
    Bytes bytes = ATTEST_TRY(bytes_of(value, row.name));
    if (bytes.size() != row.size) return bad_field(row.name);
    std::copy(bytes.begin(), bytes.end(), report.begin() + static_cast<ptrdiff_t>(row.offset));
    return {};
}

/// {"bootloader", "tee", "snp", "microcode"}, and on Turin "fmc", whose layout is another.
Result<void> put_tcb(const Json& value, const FieldRow& row, Bytes& report) {
    const Json* fmc = value.find("fmc");
    bool turin = fmc && fmc->is(Json::Kind::integer);
    const FieldRow milan_parts[] = {{"bootloader", 0, 1}, {"tee", 1, 1}, {"snp", 6, 1}, {"microcode", 7, 1}};
    const FieldRow turin_parts[] = {
        {"fmc", 0, 1}, {"bootloader", 1, 1}, {"tee", 2, 1}, {"snp", 3, 1}, {"microcode", 7, 1}};
    std::span<const FieldRow> parts =
        turin ? std::span<const FieldRow>(turin_parts) : std::span<const FieldRow>(milan_parts);
    for (FieldRow part : parts) {
        const Json* number = value.find(part.name);
        if (!number || !number->is(Json::Kind::integer)) return bad_field(row.name);
        part.offset += row.offset;
        if (Result<void> done = put_number(*number, part, report); !done.ok()) return done;
    }
    return {};
}

/// {"major", "minor", "build"} of later releases of the crate.
Result<void> put_version(const Json& report_json, std::string_view name, size_t offset, Bytes& report) {
    const Json* value = report_json.find(name);
    if (!value || !value->is(Json::Kind::object)) return {};
    for (FieldRow part : version_fields) {
        const Json* number = value->find(part.name);
        if (!number || !number->is(Json::Kind::integer)) return bad_field(name);
        part.offset += offset;
        if (Result<void> done = put_number(*number, part, report); !done.ok()) return done;
    }
    return {};
}

Result<void> put_signature(const Json& report_json, Bytes& report) {
    const Json* signature = ATTEST_TRY(report_json.member("signature", Json::Kind::object));
    for (const FieldRow& row : {FieldRow{"r", 0x2A0, 72}, FieldRow{"s", 0x2E8, 72}}) {
        const Json* half = signature->find(row.name);
        if (!half || !half->is(Json::Kind::array)) return bad_field("signature");
        if (Result<void> done = put_field(*half, row, report); !done.ok()) return done;
    }
    return {};
}

Result<Evidence> snp_evidence(const Json& value, const Json& report) {
    Evidence evidence;
    evidence.body = ATTEST_TRY(parse_snp_report(ATTEST_TRY(snp_report_from_fields(report))));
    evidence.wrappings = {"json:coco-snp"};
    const Json* chain = value.find("cert_chain");
    if (!chain || !chain->is(Json::Kind::array)) return evidence;
    Collateral found;  // takes PEM and DER alike
    for (const Json& entry : chain->items()) {
        const Json* data = entry.find("data");
        if (!data || !data->is(Json::Kind::array)) return bad_field("cert_chain");
        found.add(ATTEST_TRY(bytes_of(*data, "cert_chain")), "cert_chain");
    }
    evidence.certificates = std::move(found.certificates);
    evidence.revocation_lists = std::move(found.revocation_lists);
    return evidence;
}

Result<Evidence> quote_evidence(const Json& value, const Json& quote) {
    Evidence evidence = ATTEST_TRY(recognise_evidence(ATTEST_TRY(from_base64(quote.string()))));
    const Json* log = value.find("cc_eventlog");
    if (log && log->is(Json::Kind::string)) evidence.event_log = ATTEST_TRY(from_base64(log->string()));
    return evidence;
}

Result<Evidence> parse_any(const Json& value) {
    if (value.is(Json::Kind::object)) {
        const Json* report = value.find("attestation_report");
        if (report && report->is(Json::Kind::object)) return snp_evidence(value, *report);
        const Json* quote = value.find("quote");
        if (quote && quote->is(Json::Kind::string)) return quote_evidence(value, *quote);
    }
    return recognise_evidence(as_bytes(value.raw()));
}

bool is_of(Tee tee, const Evidence& evidence) {
    if (std::holds_alternative<SnpReport>(evidence.body)) return tee == Tee::snp;
    const Quote* quote = std::get_if<Quote>(&evidence.body);
    return quote && tee == (quote->is_tdx() ? Tee::tdx : Tee::sgx);
}

}  // namespace

Result<Bytes> snp_report_from_fields(const Json& json) {
    Bytes report(snp_report_size);
    for (const FieldRow& row : required_fields) {
        const Json* value = json.find(row.name);
        if (!value) return bad_field(row.name);
        if (Result<void> done = put_field(*value, row, report); !done.ok()) return done.error();
    }
    for (const FieldRow& row : optional_fields) {
        const Json* value = json.find(row.name);
        if (!value || value->is(Json::Kind::null)) continue;
        if (Result<void> done = put_field(*value, row, report); !done.ok()) return done.error();
    }
    for (const FieldRow& row : tcb_fields) {
        const Json* value = json.find(row.name);
        if (!value || !value->is(Json::Kind::object)) return bad_field(row.name);
        if (Result<void> done = put_tcb(*value, row, report); !done.ok()) return done.error();
    }
    Result<void> done = put_version(json, "current", 0x1E8, report);
    if (done.ok()) done = put_version(json, "committed", 0x1EC, report);
    if (done.ok()) done = put_signature(json, report);
    if (!done.ok()) return done.error();
    return report;
}

Result<Evidence> parse_kbs_evidence(Tee tee, const Json& value) {
    Evidence evidence = ATTEST_TRY(parse_any(value));
    if (!is_of(tee, evidence))
        return Error{"the evidence is of another technology than the \"tee\" that was announced"};
    return evidence;
}

}  // namespace litebox::attest::broker
