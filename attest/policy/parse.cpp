#include "attest/policy/firmware.h"
#include "attest/policy/schema.h"
#include "attest/policy/values.h"

#include <algorithm>
#include <charconv>

namespace litebox::attest {

namespace {

using Node = const toml::node&;

constexpr PolicyKey common_keys[] = {
    {"accepted_tcb", "a list of TCB statuses such as \"UpToDate\" (never \"Revoked\" or \"TCBNotSupported\")",
     [](Policy& p, Node n) { return read_tcb_statuses(n, p.accepted_tcb); }},
    {"accepted_advisories", "a list of names such as \"INTEL-SA-00334\", or \"*\"",
     [](Policy& p, Node n) { return read_text_list(n, p.accepted_advisories); }},
    {"report_data", "1 to 64 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_report_data(n, p.report_data); }},
    {"allow_debug", "true or false", [](Policy& p, Node n) { return read_flag(n, p.allow_debug); }},
    {"require_identity", "true or false", [](Policy& p, Node n) { return read_flag(n, p.require_identity); }},
    {"maximum_collateral_age", "a duration such as \"30d\" or \"12h\"",
     [](Policy& p, Node n) { return read_duration(n, p.maximum_collateral_age); }},
    {"minimum_tcb_evaluation_number", "a number of 0 or more",
     [](Policy& p, Node n) { return read_number(n, p.minimum_tcb_evaluation_number); }},
    {"require_revocation", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.require_revocation); }},
};

constexpr PolicyKey sgx_keys[] = {
    {"mr_enclave", "a list of 32-byte hexadecimal texts",
     [](Policy& p, Node n) { return read_bytes_list(n, 32, p.sgx.mr_enclave); }},
    {"signers",
     "a list of { mr_signer = \"32 bytes in hexadecimal\", product = 0 to 65535, minimum_svn = 0 to 65535 }",
     [](Policy& p, Node n) { return read_signers(n, p.sgx.signers); }},
    {"config_id", "64 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 64, p.sgx.config_id); }},
    {"family_id", "16 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 16, p.sgx.family_id); }},
    {"ext_product_id", "16 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 16, p.sgx.ext_product_id); }},
    {"minimum_config_svn", "a number from 0 to 65535",
     [](Policy& p, Node n) { return read_number(n, p.sgx.minimum_config_svn); }},
    {"attributes", "{ mask = ..., value = ... }, the value within the mask",
     [](Policy& p, Node n) { return read_masked(n, p.sgx.attributes); }},
    {"xfrm", "{ mask = ..., value = ... }, the value within the mask",
     [](Policy& p, Node n) { return read_masked(n, p.sgx.xfrm); }},
    {"allow_provision_key", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.sgx.allow_provision_key); }},
};

constexpr std::string_view measurement_list = "a list of 48-byte hexadecimal texts";
constexpr PolicyKey tdx_keys[] = {
    {"mr_td", measurement_list, [](Policy& p, Node n) { return read_bytes_list(n, 48, p.tdx.mr_td); }},
    {"mr_seam", measurement_list, [](Policy& p, Node n) { return read_bytes_list(n, 48, p.tdx.mr_seam); }},
    {"rtmr0", measurement_list, [](Policy& p, Node n) { return read_bytes_list(n, 48, p.tdx.rtmr[0]); }},
    {"rtmr1", measurement_list, [](Policy& p, Node n) { return read_bytes_list(n, 48, p.tdx.rtmr[1]); }},
    {"rtmr2", measurement_list, [](Policy& p, Node n) { return read_bytes_list(n, 48, p.tdx.rtmr[2]); }},
    {"rtmr3", measurement_list, [](Policy& p, Node n) { return read_bytes_list(n, 48, p.tdx.rtmr[3]); }},
    {"mr_config_id", "48 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 48, p.tdx.mr_config_id); }},
    {"mr_owner", "48 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 48, p.tdx.mr_owner); }},
    {"mr_owner_config", "48 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 48, p.tdx.mr_owner_config); }},
    {"attributes", "{ mask = ..., value = ... }, the value within the mask",
     [](Policy& p, Node n) { return read_masked(n, p.tdx.attributes); }},
    {"xfam", "{ mask = ..., value = ... }, the value within the mask",
     [](Policy& p, Node n) { return read_masked(n, p.tdx.xfam); }},
    {"require_sept_ve_disable", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.tdx.require_sept_ve_disable); }},
    {"allow_service_td", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.tdx.allow_service_td); }},
    {"minimum_tee_tcb_svn", "16 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 16, p.tdx.minimum_tee_tcb_svn); }},
    {"events", "a table of event types or descriptions, each with a list of 48-byte digests",
     [](Policy& p, Node n) { return read_events(n, p.tdx.events); }},
    {"require_event_log", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.tdx.require_event_log); }},
};

constexpr std::string_view tcb_table = "a table of bootloader, tee, snp, microcode or fmc, each 0 to 255";
constexpr PolicyKey snp_keys[] = {
    {"measurement", measurement_list,
     [](Policy& p, Node n) { return read_bytes_list(n, 48, p.snp.measurement); }},
    {"host_data", "32 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 32, p.snp.host_data); }},
    {"family_id", "16 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 16, p.snp.family_id); }},
    {"image_id", "16 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 16, p.snp.image_id); }},
    {"report_id_ma", "32 bytes in hexadecimal",
     [](Policy& p, Node n) { return read_bytes(n, 32, p.snp.report_id_ma); }},
    {"id_key_digests", measurement_list,
     [](Policy& p, Node n) { return read_bytes_list(n, 48, p.snp.id_key_digests); }},
    {"author_key_digests", measurement_list,
     [](Policy& p, Node n) { return read_bytes_list(n, 48, p.snp.author_key_digests); }},
    {"minimum_guest_svn", "a number of 0 or more",
     [](Policy& p, Node n) { return read_number(n, p.snp.minimum_guest_svn); }},
    {"vmpl", "a list of levels from 0 to 3", [](Policy& p, Node n) { return read_vmpls(n, p.snp.vmpl); }},
    {"minimum_tcb", tcb_table, [](Policy& p, Node n) { return read_tcb_minimum(n, p.snp.minimum_tcb); }},
    {"minimum_committed_tcb", tcb_table,
     [](Policy& p, Node n) { return read_tcb_minimum(n, p.snp.minimum_committed_tcb); }},
    {"minimum_launch_tcb", tcb_table,
     [](Policy& p, Node n) { return read_tcb_minimum(n, p.snp.minimum_launch_tcb); }},
    {"allow_migration_agent", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.snp.allow_migration_agent); }},
    {"allow_smt", "true or false", [](Policy& p, Node n) { return read_flag(n, p.snp.allow_smt); }},
    {"require_single_socket", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.snp.require_single_socket); }},
    {"require_alias_check", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.snp.require_alias_check); }},
    {"platform_info", "{ mask = ..., value = ... }, the value within the mask",
     [](Policy& p, Node n) { return read_masked(n, p.snp.platform_info); }},
    {"required_mitigations", "a bit mask such as \"0x0b\"",
     [](Policy& p, Node n) { return read_number(n, p.snp.required_mitigations); }},
    {"products", "a list of \"Milan\", \"Genoa\", \"Turin\"",
     [](Policy& p, Node n) { return read_products(n, p.snp.products); }},
    {"allow_vlek", "true or false", [](Policy& p, Node n) { return read_flag(n, p.snp.allow_vlek); }},
    {"allow_masked_chip_id", "true or false",
     [](Policy& p, Node n) { return read_flag(n, p.snp.allow_masked_chip_id); }},
    {"minimum_firmware", "a version such as \"1.55.21\"",
     [](Policy& p, Node n) { return read_firmware(n, p.snp.minimum_firmware); }},
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
        if (!table) continue;
        Result<void> done = read_section(*table, section, policy);
        if (!done) return done.error();
    }
    return policy;
}

}  // namespace litebox::attest
