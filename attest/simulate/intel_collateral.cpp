// Intel's collateral: TCB info and enclave identities as its provisioning service writes them, and the PCK
// extension.
#include "attest/base/encode.h"
#include "attest/base/json.h"
#include "attest/simulate/der.h"
#include "attest/simulate/intel.h"

namespace litebox::attest::simulate {

namespace {

std::string hex(ByteView bytes, bool lower = false) {
    std::string text = to_hex(bytes);
    if (!lower)
        for (char& c : text)
            if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

template <typename Number>
std::string hex_number(Number value, bool lower = false) {
    Bytes bytes(sizeof value);
    put_number(bytes, 0, value, sizeof value);
    return hex(bytes, lower);
}

std::string member(std::string_view key, std::string_view text) {
    return json_quote(key) + ':' + json_quote(text);
}
std::string member(std::string_view key, uint64_t value) {
    return json_quote(key) + ':' + std::to_string(value);
}

std::string joined(const std::vector<std::string>& parts, char open, char close) {
    std::string text(1, open);
    for (size_t i = 0; i < parts.size(); i++) text += (i ? "," : "") + parts[i];
    return text + close;
}

/// tcbDate, tcbStatus and advisoryIDs: the tail of every level.
std::string level_tail(std::string_view date, std::string_view status,
                       const std::vector<std::string>& advisories) {
    std::string text = member("tcbDate", date) + ',' + member("tcbStatus", status);
    if (advisories.empty()) return text;
    std::vector<std::string> quoted;
    for (const std::string& advisory : advisories) quoted.push_back(json_quote(advisory));
    return text + ",\"advisoryIDs\":" + joined(quoted, '[', ']');
}

std::string isv_levels(const std::vector<IsvLevelSpec>& levels) {
    std::vector<std::string> parts;
    for (const IsvLevelSpec& level : levels)
        parts.push_back("{\"tcb\":{" + member("isvsvn", level.isv_svn) + "}," +
                        level_tail(level.date, level.status, level.advisories) + '}');
    return "\"tcbLevels\":" + joined(parts, '[', ']');
}

std::string components(std::string_view key, const Field<16>& svns) {
    std::vector<std::string> parts;
    for (uint8_t svn : svns) parts.push_back('{' + member("svn", svn) + '}');
    return json_quote(key) + ':' + joined(parts, '[', ']');
}

std::string tcb_level(const TcbLevelSpec& level, const TcbInfoSpec& info) {
    std::string tcb;
    if (info.version == 2) {
        for (size_t i = 0; i < 16; i++) {
            std::string number = std::to_string(i + 1);
            tcb += member("sgxtcbcomp" + std::string(2 - number.size(), '0') + number + "svn", level.sgx[i]) +
                   ',';
        }
        tcb += member("pcesvn", level.pce_svn);
    } else {
        tcb = components("sgxtcbcomponents", level.sgx) + ',' + member("pcesvn", level.pce_svn);
        if (info.id == "TDX") tcb += ',' + components("tdxtcbcomponents", level.tdx);
    }
    return "{\"tcb\":{" + tcb + "}," + level_tail(level.date, level.status, level.advisories) + '}';
}

std::string module_identity(const TdxModuleIdentitySpec& spec, bool lower) {
    return '{' + member("id", spec.id) + ',' + member("mrsigner", hex(spec.mr_signer, lower)) + ',' +
           member("attributes", hex_number(spec.attributes, lower)) + ',' +
           member("attributesMask", hex_number(spec.attributes_mask, lower)) + ',' + isv_levels(spec.levels) +
           '}';
}

std::string tdx_module(const TcbInfoSpec& spec) {
    bool lower = spec.lower_case_hex;
    std::string text = "\"tdxModule\":{" + member("mrsigner", hex(spec.module_mr_signer, lower)) + ',' +
                       member("attributes", hex_number(spec.module_attributes, lower)) + ',' +
                       member("attributesMask", hex_number(spec.module_attributes_mask, lower)) + "},";
    if (spec.omit_module_identities) return text;
    std::vector<std::string> identities;
    for (const TdxModuleIdentitySpec& identity : spec.module_identities)
        identities.push_back(module_identity(identity, lower));
    return text + "\"tdxModuleIdentities\":" + joined(identities, '[', ']') + ',';
}

/// The document around a body: signed over its exact bytes.
std::string signed_document(std::string_view key, std::string body, const std::vector<Replacement>& before,
                            const std::vector<Replacement>& after, std::string_view signing_key,
                            std::string_view seed) {
    apply(before, body);
    Bytes signature = SigningKey::derive(KeyKind::p256, seed, signing_key).sign_raw(as_bytes(body));
    std::string document =
        '{' + json_quote(key) + ':' + body + ',' + member("signature", to_hex(signature)) + '}';
    apply(after, document);
    return document;
}

}  // namespace

std::string make_tcb_info(const TcbInfoSpec& spec, std::string_view seed) {
    std::string body = "{";
    if (spec.version >= 3) body += member("id", spec.id) + ',';
    body += member("version", static_cast<uint64_t>(spec.version)) + ',' +
            member("issueDate", to_string(spec.issue_date)) + ',' +
            member("nextUpdate", to_string(spec.next_update)) + ',' +
            member("fmspc", hex(spec.fmspc, spec.lower_case_hex)) + ',' +
            member("pceId", hex(spec.pce_id, spec.lower_case_hex)) + ',' +
            member("tcbType", static_cast<uint64_t>(spec.tcb_type)) + ',' +
            member("tcbEvaluationDataNumber", spec.evaluation_number) + ',';
    if (spec.version >= 3 && spec.id == "TDX") body += tdx_module(spec);
    std::vector<std::string> levels;
    for (const TcbLevelSpec& level : spec.levels) levels.push_back(tcb_level(level, spec));
    body += "\"tcbLevels\":" + joined(levels, '[', ']') + '}';
    return signed_document("tcbInfo", body, spec.replacements, spec.signed_replacements, spec.signing_key,
                           seed);
}

std::string make_enclave_identity(const EnclaveIdentitySpec& spec, std::string_view seed) {
    std::string body =
        '{' + member("id", spec.id) + ',' + member("version", static_cast<uint64_t>(spec.version)) + ',' +
        member("issueDate", to_string(spec.issue_date)) + ',' +
        member("nextUpdate", to_string(spec.next_update)) + ',' +
        member("tcbEvaluationDataNumber", spec.evaluation_number) + ',' +
        member("miscselect", hex_number(spec.misc_select)) + ',' +
        member("miscselectMask", hex_number(spec.misc_select_mask)) + ',' +
        member("attributes", hex(spec.attributes)) + ',' +
        member("attributesMask", hex(spec.attributes_mask)) + ',' + member("mrsigner", hex(spec.mr_signer)) +
        ',' + member("isvprodid", spec.isv_prod_id) + ',' + isv_levels(spec.levels) + '}';
    return signed_document("enclaveIdentity", body, spec.replacements, spec.signed_replacements,
                           spec.signing_key, seed);
}

namespace {

constexpr const char* pck_arc = "1.2.840.113741.1.13.1";

Bytes pck_member(const std::string& below, ByteView value) {
    return der::sequence({der::object_identifier(pck_arc + below), value});
}

Bytes concatenated(const std::vector<Bytes>& parts) {
    Bytes all;
    for (const Bytes& part : parts) append(all, part);
    return all;
}

Bytes pck_tcb(const PckExtensionSpec& spec) {
    std::vector<Bytes> parts;
    for (size_t i = 0; i < 16; i++)
        parts.push_back(
            pck_member(".2." + std::to_string(i + 1), der::integer(uint64_t{spec.components[i]})));
    parts.push_back(pck_member(".2.17", der::integer(uint64_t{spec.pce_svn})));
    parts.push_back(pck_member(".2.18", der::octet_string(spec.cpu_svn.value_or(spec.components))));
    return der::element(0x30, concatenated(parts));
}

}  // namespace

Bytes encode_pck_extension(const PckExtensionSpec& spec) {
    std::vector<Bytes> parts{pck_member(".1", der::octet_string(spec.ppid)), pck_member(".2", pck_tcb(spec)),
                             pck_member(".3", der::octet_string(spec.pce_id))};
    if (!spec.omit_fmspc) parts.push_back(pck_member(".4", der::octet_string(spec.fmspc)));
    const uint8_t type[1] = {spec.sgx_type};
    parts.push_back(pck_member(".5", der::element(0x0A, type)));
    if (spec.platform) {
        parts.push_back(pck_member(".6", der::octet_string(spec.platform_instance_id)));
        parts.push_back(
            pck_member(".7", der::sequence({pck_member(".7.1", der::boolean(spec.dynamic_platform)),
                                            pck_member(".7.2", der::boolean(spec.cached_keys)),
                                            pck_member(".7.3", der::boolean(spec.smt))})));
    }
    return der::element(0x30, concatenated(parts));
}

}  // namespace litebox::attest::simulate
