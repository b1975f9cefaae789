#include "attest/policy/firmware.h"
#include "attest/policy/schema.h"
#include "attest/policy/values.h"

#include <algorithm>
#include <charconv>

namespace litebox::attest {

namespace {

using Node = const toml::node&;

/// A key whose value `read` puts where the members `path` lead to, from the policy on.
template <auto read, auto... path>
constexpr PolicyKey key(std::string_view name, std::string_view wants) {
    return {name, wants, [](Policy& policy, Node node) { return read(node, (policy.*....*path)); }};
}
template <auto... path>
constexpr PolicyKey flag(std::string_view name) {
    return key<read_flag, path...>(name, "true or false");
}
template <auto... path>
constexpr PolicyKey masked(std::string_view name) {
    return key<read_masked, path...>(name, "{ mask = ..., value = ... }, the value within the mask");
}
template <typename T, auto... path>
constexpr PolicyKey number(std::string_view name) {
    return key<read_number<T>, path...>(
        name, sizeof(T) == 2 ? "a number from 0 to 65535" : "a number of 0 or more");
}
template <size_t size, auto... path>
constexpr PolicyKey hex(std::string_view name) {
    return key<read_bytes<size>, path...>(name, size == 16   ? "16 bytes in hexadecimal"
                                                : size == 32 ? "32 bytes in hexadecimal"
                                                : size == 48 ? "48 bytes in hexadecimal"
                                                             : "64 bytes in hexadecimal");
}
template <size_t size, auto... path>
constexpr PolicyKey hex_list(std::string_view name) {
    return key<read_bytes_list<size>, path...>(
        name, size == 32 ? "a list of 32-byte hexadecimal texts" : "a list of 48-byte hexadecimal texts");
}
template <size_t index>
constexpr PolicyKey rtmr(std::string_view name) {
    return {name, hex_list<48, &Policy::tdx, &Policy::Tdx::mr_td>(name).wants,
            [](Policy& policy, Node node) { return read_bytes_list<48>(node, policy.tdx.rtmr[index]); }};
}
template <auto... path>
constexpr PolicyKey tcb_minimum(std::string_view name) {
    return key<read_tcb_minimum, path...>(name,
                                          "a table of bootloader, tee, snp, microcode or fmc, each 0 to 255");
}

constexpr PolicyKey common_keys[] = {
    key<read_tcb_statuses, &Policy::accepted_tcb>(
        "accepted_tcb",
        "a list of TCB statuses such as \"UpToDate\" (never \"Revoked\" or \"TCBNotSupported\")"),
    key<read_text_list, &Policy::accepted_advisories>("accepted_advisories",
                                                      "a list of names such as \"INTEL-SA-00334\", or \"*\""),
    key<read_report_data, &Policy::report_data>("report_data", "1 to 64 bytes in hexadecimal"),
    flag<&Policy::allow_debug>("allow_debug"),
    flag<&Policy::require_identity>("require_identity"),
    key<read_duration, &Policy::maximum_collateral_age>("maximum_collateral_age",
                                                        "a duration such as \"30d\" or \"12h\""),
    number<int64_t, &Policy::minimum_tcb_evaluation_number>("minimum_tcb_evaluation_number"),
    flag<&Policy::require_revocation>("require_revocation"),
};

using Sgx = Policy::Sgx;
constexpr auto sgx = &Policy::sgx;
constexpr PolicyKey sgx_keys[] = {
    hex_list<32, sgx, &Sgx::mr_enclave>("mr_enclave"),
    key<read_signers, sgx, &Sgx::signers>("signers",
                                          "a list of { mr_signer = \"32 bytes in hexadecimal\", product = 0 "
                                          "to 65535, minimum_svn = 0 to 65535 }"),
    hex<64, sgx, &Sgx::config_id>("config_id"),
    hex<16, sgx, &Sgx::family_id>("family_id"),
    hex<16, sgx, &Sgx::ext_product_id>("ext_product_id"),
    number<uint16_t, sgx, &Sgx::minimum_config_svn>("minimum_config_svn"),
    masked<sgx, &Sgx::attributes>("attributes"),
    masked<sgx, &Sgx::xfrm>("xfrm"),
    flag<sgx, &Sgx::allow_provision_key>("allow_provision_key"),
};

using Tdx = Policy::Tdx;
constexpr auto tdx = &Policy::tdx;
constexpr PolicyKey tdx_keys[] = {
    hex_list<48, tdx, &Tdx::mr_td>("mr_td"),
    hex_list<48, tdx, &Tdx::mr_seam>("mr_seam"),
    rtmr<0>("rtmr0"),
    rtmr<1>("rtmr1"),
    rtmr<2>("rtmr2"),
    rtmr<3>("rtmr3"),
    hex<48, tdx, &Tdx::mr_config_id>("mr_config_id"),
    hex<48, tdx, &Tdx::mr_owner>("mr_owner"),
    hex<48, tdx, &Tdx::mr_owner_config>("mr_owner_config"),
    masked<tdx, &Tdx::attributes>("attributes"),
    masked<tdx, &Tdx::xfam>("xfam"),
    flag<tdx, &Tdx::require_sept_ve_disable>("require_sept_ve_disable"),
    flag<tdx, &Tdx::allow_service_td>("allow_service_td"),
    hex<16, tdx, &Tdx::minimum_tee_tcb_svn>("minimum_tee_tcb_svn"),
    key<read_events, tdx, &Tdx::events>(
        "events", "a table of event types or descriptions, each with a list of 48-byte digests"),
    flag<tdx, &Tdx::require_event_log>("require_event_log"),
};

using Snp = Policy::Snp;
constexpr auto snp = &Policy::snp;
constexpr PolicyKey snp_keys[] = {
    hex_list<48, snp, &Snp::measurement>("measurement"),
    hex<32, snp, &Snp::host_data>("host_data"),
    hex<16, snp, &Snp::family_id>("family_id"),
    hex<16, snp, &Snp::image_id>("image_id"),
    hex<32, snp, &Snp::report_id_ma>("report_id_ma"),
    hex_list<48, snp, &Snp::id_key_digests>("id_key_digests"),
    hex_list<48, snp, &Snp::author_key_digests>("author_key_digests"),
    number<uint32_t, snp, &Snp::minimum_guest_svn>("minimum_guest_svn"),
    key<read_vmpls, snp, &Snp::vmpl>("vmpl", "a list of levels from 0 to 3"),
    tcb_minimum<snp, &Snp::minimum_tcb>("minimum_tcb"),
    tcb_minimum<snp, &Snp::minimum_committed_tcb>("minimum_committed_tcb"),
    tcb_minimum<snp, &Snp::minimum_launch_tcb>("minimum_launch_tcb"),
    flag<snp, &Snp::allow_migration_agent>("allow_migration_agent"),
    flag<snp, &Snp::allow_smt>("allow_smt"),
    flag<snp, &Snp::require_single_socket>("require_single_socket"),
    flag<snp, &Snp::require_alias_check>("require_alias_check"),
    masked<snp, &Snp::platform_info>("platform_info"),
    key<read_number<uint64_t>, snp, &Snp::required_mitigations>("required_mitigations",
                                                                "a bit mask such as \"0x0b\""),
    key<read_products, snp, &Snp::products>("products", "a list of \"Milan\", \"Genoa\", \"Turin\""),
    flag<snp, &Snp::allow_vlek>("allow_vlek"),
    flag<snp, &Snp::allow_masked_chip_id>("allow_masked_chip_id"),
    key<read_firmware, snp, &Snp::minimum_firmware>("minimum_firmware", "a version such as \"1.55.21\""),
};

constexpr PolicySection sections[] = {
    {"", common_keys}, {"sgx", sgx_keys}, {"tdx", tdx_keys}, {"snp", snp_keys}};
constexpr size_t largest_policy = 1 << 20;

std::string full_name(std::string_view section, std::string_view key) {
    return section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
}

/// Single-character edits between two words.
size_t distance(std::string_view left, std::string_view right) {
    std::vector<size_t> row(right.size() + 1);
    for (size_t j = 0; j <= right.size(); j++) row[j] = j;
    for (size_t i = 1; i <= left.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= right.size(); j++) {
            size_t changed = diagonal + (left[i - 1] != right[j - 1]);
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

/// The known key that looks most like the unknown one: one of its own name in another section, else the
/// nearest spelling.
std::string nearest_key(std::string_view section, std::string_view unknown) {
    std::string best;
    size_t fewest = SIZE_MAX;
    for (const PolicySection& known : sections)
        for (const PolicyKey& key : known.keys) {
            size_t edits = 2 * distance(unknown, key.name) + (known.name != section);
            if (edits < fewest) {
                fewest = edits;
                best = full_name(known.name, key.name);
            }
        }
    return best;
}

Error complaint(const toml::source_region& where, const std::string& what) {
    return Error{"policy, line " + std::to_string(where.begin.line) + ": " + what};
}

/// Quoted for a message, without what could drive a terminal.
std::string shown(std::string_view name) {
    std::string text = "'";
    for (char c : name.substr(0, 80)) text += c >= 0x20 && c < 0x7f ? c : '?';
    return text + "'";
}

Result<void> read_section(const toml::table& table, const PolicySection& section, Policy& policy) {
    for (const auto& [name, value] : table) {
        if (section.name.empty() && value.is_table() &&
            std::ranges::find(sections, name.str(), &PolicySection::name) != std::end(sections))
            continue;  // a section of its own
        auto key = std::ranges::find(section.keys, name.str(), &PolicyKey::name);
        if (key == section.keys.end())
            return complaint(name.source(), "there is no key " + shown(full_name(section.name, name.str())) +
                                                "; the nearest is '" + nearest_key(section.name, name.str()) +
                                                "'");
        if (!key->set(policy, value))
            return complaint(value.source(), "'" + full_name(section.name, key->name) + "' must be " +
                                                 std::string(key->wants));
    }
    return {};
}

}  // namespace

std::span<const PolicySection> policy_sections() {
    return sections;
}

std::optional<FirmwareVersion> parse_firmware(std::string_view text) {
    FirmwareVersion version{};
    const char *at = text.data(), *end = text.data() + text.size();
    for (size_t i = 0; i < version.size(); i++) {
        auto [next, error] = std::from_chars(at, end, version[i]);
        if (error != std::errc{}) return std::nullopt;
        at = next;
        if (i + 1 < version.size() && (at == end || *at++ != '.')) return std::nullopt;
    }
    return at == end ? std::optional(version) : std::nullopt;
}

Result<Policy> Policy::parse(std::string_view text) {
    if (text.size() > largest_policy) return Error{"policy: larger than 1 MiB"};
    Result<toml::table> parsed = parse_toml(text);
    if (!parsed) return Error{"policy, " + parsed.error().message};
    const toml::table& whole = *parsed;
    Policy policy;
    for (const PolicySection& section : sections) {
        const toml::table* table = section.name.empty() ? &whole : whole[section.name].as_table();
        if (table) ATTEST_TRY(read_section(*table, section, policy));
    }
    return policy;
}

}  // namespace litebox::attest
