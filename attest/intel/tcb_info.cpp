#include "attest/intel/tcb_info.h"

#include <algorithm>

#include "attest/base/json.h"

namespace litebox::attest {

namespace {

constexpr size_t maximum_levels = 256;

template <size_t N>
Result<Field<N>> hex_member(const Json& object, std::string_view key) {
    Bytes bytes = ATTEST_TRY(from_hex(ATTEST_TRY(object.text_member(key))));
    if (bytes.size() != N)
        return Error{"member " + json_quote(key) + " has " + std::to_string(bytes.size()) + " bytes, not " +
                     std::to_string(N)};
    Field<N> field;
    std::ranges::copy(bytes, field.begin());
    return field;
}

Result<Time> time_member(const Json& object, std::string_view key) {
    return parse_time(ATTEST_TRY(object.text_member(key)));
}

Result<uint16_t> svn_member(const Json& object, std::string_view key) {
    int64_t value = ATTEST_TRY(object.integer_member(key));
    if (value < 0 || value > 0xffff)
        return Error{"member " + json_quote(key) + " is " + std::to_string(value) + ", no 16-bit number"};
    return static_cast<uint16_t>(value);
}

Result<const std::vector<Json>*> levels_of(const Json& object) {
    const auto& levels = ATTEST_TRY(object.member("tcbLevels", Json::Kind::array))->items();
    if (levels.size() > maximum_levels) return Error{"more than 256 TCB levels"};
    return &levels;
}

/// Statuses that a document may give. What only a verifier concludes (relaunch advised, not supported) is
/// none of them.
TcbStatus document_status(std::string_view word) {
    TcbStatus status = tcb_status_from(word);
    bool conclusion = status == TcbStatus::td_relaunch_advised || status == TcbStatus::not_supported ||
                      status == TcbStatus::td_relaunch_advised_configuration_needed;
    return conclusion ? TcbStatus::unknown : status;
}

Result<TcbRating> rating_of(const Json& level) {
    TcbRating rating;
    rating.word = ATTEST_TRY(level.text_member("tcbStatus"));
    rating.status = document_status(rating.word);
    rating.date = ATTEST_TRY(time_member(level, "tcbDate"));
    rating.advisories = ATTEST_TRY(level.texts_member("advisoryIDs"));
    return rating;
}

Result<std::vector<SvnLevel>> svn_levels_of(const Json& object) {
    std::vector<SvnLevel> levels;
    for (const Json& row : *ATTEST_TRY(levels_of(object))) {
        const Json& tcb = *ATTEST_TRY(row.member("tcb", Json::Kind::object));
        levels.push_back({ATTEST_TRY(svn_member(tcb, "isvsvn")), ATTEST_TRY(rating_of(row))});
    }
    std::ranges::stable_sort(levels, std::ranges::greater{}, &SvnLevel::isv_svn);
    return levels;
}

Result<std::array<uint16_t, 16>> components_of(const Json& tcb, std::string_view key,
                                               std::array<std::string, 16>& categories) {
    const auto& items = ATTEST_TRY(tcb.member(key, Json::Kind::array))->items();
    if (items.size() != 16)
        return Error{"member " + json_quote(key) + " has " + std::to_string(items.size()) +
                     " components, not 16"};
    std::array<uint16_t, 16> components{};
    for (size_t i = 0; i < 16; i++) {
        components[i] = ATTEST_TRY(svn_member(items[i], "svn"));
        const Json* category = items[i].find("category");
        const Json* type = items[i].find("type");
        if (category && category->is(Json::Kind::string)) categories[i] = category->string();
        if (type && type->is(Json::Kind::string))
            categories[i] += (categories[i].empty() ? "" : ", ") + type->string();
    }
    return components;
}

/// Version 2 has a member per component.
Result<std::array<uint16_t, 16>> numbered_components_of(const Json& tcb) {
    std::array<uint16_t, 16> components{};
    for (size_t i = 0; i < 16; i++) {
        std::string key = std::string("sgxtcbcomp") + (i < 9 ? "0" : "") + std::to_string(i + 1) + "svn";
        components[i] = ATTEST_TRY(svn_member(tcb, key));
    }
    return components;
}

Result<TcbLevel> level_of(const Json& row, TcbInfo& info) {
    TcbLevel level;
    const Json& tcb = *ATTEST_TRY(row.member("tcb", Json::Kind::object));
    level.sgx_components = info.version == 2
                               ? ATTEST_TRY(numbered_components_of(tcb))
                               : ATTEST_TRY(components_of(tcb, "sgxtcbcomponents", info.sgx_categories));
    level.pce_svn = ATTEST_TRY(svn_member(tcb, "pcesvn"));
    if (info.tdx)
        level.tdx_components = ATTEST_TRY(components_of(tcb, "tdxtcbcomponents", info.tdx_categories));
    level.rating = ATTEST_TRY(rating_of(row));
    return level;
}

Result<TdxModule> module_of(const Json& object) {
    TdxModule module;
    module.mr_signer = ATTEST_TRY(hex_member<48>(object, "mrsigner"));
    module.attributes = ATTEST_TRY(hex_member<8>(object, "attributes"));
    module.attributes_mask = ATTEST_TRY(hex_member<8>(object, "attributesMask"));
    return module;
}

Result<void> read_modules(const Json& body, TcbInfo& info) {
    info.module = ATTEST_TRY(module_of(*ATTEST_TRY(body.member("tdxModule", Json::Kind::object))));
    if (!body.find("tdxModuleIdentities")) return {};
    for (const Json& row : ATTEST_TRY(body.member("tdxModuleIdentities", Json::Kind::array))->items()) {
        TdxModule module = ATTEST_TRY(module_of(row));
        module.id = ATTEST_TRY(row.text_member("id"));
        for (char& c : module.id) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        module.levels = ATTEST_TRY(svn_levels_of(row));
        bool twice = std::ranges::any_of(info.module_identities,
                                         [&](const TdxModule& other) { return other.id == module.id; });
        if (twice) return Error{"two identities of the TDX module " + json_quote(module.id)};
        info.module_identities.push_back(std::move(module));
    }
    return {};
}

/// Envelope and common members; gives the signed object, whose raw bytes lie in `document`.
Result<const Json*> read_envelope(const Json& envelope, std::string_view member,
                                  const SignedDocument& document, IntelDocument& out) {
    const Json* body = ATTEST_TRY(envelope.member(member, Json::Kind::object));
    Field<64> signature = ATTEST_TRY(hex_member<64>(envelope, "signature"));
    out.source = document.source;
    out.body = body->raw();
    out.signature = to_bytes(signature);
    out.issued = ATTEST_TRY(time_member(*body, "issueDate"));
    out.next_update = ATTEST_TRY(time_member(*body, "nextUpdate"));
    out.evaluation_number = ATTEST_TRY(body->integer_member("tcbEvaluationDataNumber"));
    return body;
}

Result<std::shared_ptr<const TcbInfo>> read_tcb_info(const SignedDocument& document) {
    Json envelope = ATTEST_TRY(Json::parse(document.text));
    auto info = std::make_shared<TcbInfo>();
    const Json& body = *ATTEST_TRY(read_envelope(envelope, "tcbInfo", document, *info));
    info->version = ATTEST_TRY(body.integer_member("version"));
    if (info->version != 2 && info->version != 3)
        return Error{"version " + std::to_string(info->version) + "; 2 and 3 are judged"};
    if (info->version == 3) {
        std::string id = ATTEST_TRY(body.text_member("id"));
        if (id != "SGX" && id != "TDX") return Error{"of " + json_quote(id) + "; SGX and TDX are judged"};
        info->tdx = id == "TDX";
    }
    info->fmspc = ATTEST_TRY(hex_member<6>(body, "fmspc"));
    info->pce_id = ATTEST_TRY(hex_member<2>(body, "pceId"));
    int64_t type = ATTEST_TRY(body.integer_member("tcbType"));
    if (type != 0) return Error{"TCB type " + std::to_string(type) + "; 0 is judged"};
    if (info->tdx) ATTEST_TRY(read_modules(body, *info));
    for (const Json& row : *ATTEST_TRY(levels_of(body)))
        info->levels.push_back(ATTEST_TRY(level_of(row, *info)));
    std::ranges::stable_sort(info->levels, [](const TcbLevel& left, const TcbLevel& right) {
        return std::tie(left.sgx_components, left.tdx_components, left.pce_svn) >
               std::tie(right.sgx_components, right.tdx_components, right.pce_svn);
    });
    return std::shared_ptr<const TcbInfo>(info);
}

Result<std::shared_ptr<const EnclaveIdentity>> read_enclave_identity(const SignedDocument& document) {
    Json envelope = ATTEST_TRY(Json::parse(document.text));
    auto identity = std::make_shared<EnclaveIdentity>();
    const Json& body = *ATTEST_TRY(read_envelope(envelope, "enclaveIdentity", document, *identity));
    int64_t version = ATTEST_TRY(body.integer_member("version"));
    if (version != 2) return Error{"version " + std::to_string(version) + "; 2 is judged"};
    identity->id = ATTEST_TRY(body.text_member("id"));
    identity->misc_select = ATTEST_TRY(hex_member<4>(body, "miscselect"));
    identity->misc_select_mask = ATTEST_TRY(hex_member<4>(body, "miscselectMask"));
    identity->attributes = ATTEST_TRY(hex_member<16>(body, "attributes"));
    identity->attributes_mask = ATTEST_TRY(hex_member<16>(body, "attributesMask"));
    identity->mr_signer = ATTEST_TRY(hex_member<32>(body, "mrsigner"));
    identity->isv_prod_id = ATTEST_TRY(svn_member(body, "isvprodid"));
    identity->levels = ATTEST_TRY(svn_levels_of(body));
    return std::shared_ptr<const EnclaveIdentity>(identity);
}

}  // namespace

Result<std::shared_ptr<const TcbInfo>> parse_tcb_info(const SignedDocument& document) {
    auto info = read_tcb_info(document);
    if (!info) return Error{"TCB info " + document.source + ": " + info.error().message};
    return info;
}

Result<std::shared_ptr<const EnclaveIdentity>> parse_enclave_identity(const SignedDocument& document) {
    auto identity = read_enclave_identity(document);
    if (!identity) return Error{"enclave identity " + document.source + ": " + identity.error().message};
    return identity;
}

}  // namespace litebox::attest
