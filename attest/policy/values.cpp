#include "attest/policy/values.h"

#include <algorithm>
#include <charconv>

#include "attest/policy/firmware.h"

namespace litebox::attest {

namespace {

/// The table's members are exactly of `allowed`, and those of `required` are there.
bool has_members(const toml::table& table, std::initializer_list<std::string_view> allowed,
                 std::initializer_list<std::string_view> required) {
    for (const auto& [key, value] : table)
        if (std::ranges::find(allowed, key.str()) == allowed.end()) return false;
    return std::ranges::all_of(required, [&](std::string_view key) { return table.contains(key); });
}

}  // namespace

bool read_flag(const toml::node& node, bool& out) {
    auto value = node.value_exact<bool>();
    if (value) out = *value;
    return value.has_value();
}

bool read_unsigned(const toml::node& node, uint64_t limit, uint64_t& out) {
    if (auto number = node.value_exact<int64_t>()) {
        if (*number < 0) return false;
        out = static_cast<uint64_t>(*number);
        return out <= limit;
    }
    auto text = node.value_exact<std::string_view>();
    if (!text || !text->starts_with("0x") || text->size() < 3) return false;
    auto [end, error] = std::from_chars(text->data() + 2, text->data() + text->size(), out, 16);
    return error == std::errc{} && end == text->data() + text->size() && out <= limit;
}

bool read_hex(const toml::node& node, std::optional<Bytes>& out) {
    auto text = node.value_exact<std::string_view>();
    Result<Bytes> bytes = text ? from_hex(*text) : Error{};
    if (bytes) out = std::move(*bytes);
    return bytes.ok();
}

bool read_text_list(const toml::node& node, std::vector<std::string>& out) {
    return read_list(node, [&](const toml::node& element) {
        auto text = element.value_exact<std::string>();
        if (!text || text->empty()) return false;
        out.push_back(std::move(*text));
        return true;
    });
}

bool read_masked(const toml::node& node, std::optional<Masked>& out) {
    const toml::table* table = node.as_table();
    if (!table || !has_members(*table, {"mask", "value"}, {"mask", "value"})) return false;
    Masked masked;
    if (!read_unsigned(*table->get("mask"), UINT64_MAX, masked.mask)) return false;
    if (!read_unsigned(*table->get("value"), UINT64_MAX, masked.value)) return false;
    out = masked;
    return (masked.value & ~masked.mask) == 0;
}

bool read_duration(const toml::node& node, std::optional<int64_t>& out) {
    auto text = node.value_exact<std::string_view>();
    if (!text || text->size() < 2) return false;
    constexpr std::pair<char, int64_t> units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    auto unit = std::ranges::find(units, text->back(), &std::pair<char, int64_t>::first);
    uint32_t count = 0;
    const char* last = text->data() + text->size() - 1;
    auto [end, error] = std::from_chars(text->data(), last, count);
    if (unit == std::end(units) || error != std::errc{} || end != last) return false;
    out = unit->second * count;
    return true;
}

bool read_firmware(const toml::node& node, std::optional<std::string>& out) {
    out = node.value_exact<std::string>();
    return out && parse_firmware(*out);
}

bool read_tcb_minimum(const toml::node& node, std::map<std::string, uint8_t>& out) {
    const toml::table* table = node.as_table();
    if (!table || table->empty() ||
        !has_members(*table, {"bootloader", "tee", "snp", "microcode", "fmc"}, {}))
        return false;
    for (const auto& [key, value] : *table) {
        uint64_t number = 0;
        if (!read_unsigned(value, 255, number)) return false;
        out[std::string(key.str())] = static_cast<uint8_t>(number);
    }
    return true;
}

bool read_tcb_statuses(const toml::node& node, std::vector<TcbStatus>& out) {
    out.clear();
    return read_list(node, [&](const toml::node& element) {
        TcbStatus status = tcb_status_from(element.value_exact<std::string>().value_or(""));
        // A revoked platform and one that matches no level have nothing left that a policy could weigh.
        if (status == TcbStatus::unknown || status == TcbStatus::revoked ||
            status == TcbStatus::not_supported)
            return false;
        out.push_back(status);
        return true;
    });
}

bool read_signers(const toml::node& node, std::vector<SgxSigner>& out) {
    return read_list(node, [&](const toml::node& element) {
        const toml::table* table = element.as_table();
        if (!table || !has_members(*table, {"mr_signer", "product", "minimum_svn"}, {"mr_signer"}))
            return false;
        SgxSigner signer;
        std::optional<Bytes> key;
        std::optional<uint16_t> svn;
        if (!read_bytes<32>(*table->get("mr_signer"), key)) return false;
        if (const toml::node* product = table->get("product");
            product && !read_number(*product, signer.product))
            return false;
        if (const toml::node* minimum = table->get("minimum_svn"); minimum && !read_number(*minimum, svn))
            return false;
        signer.mr_signer = std::move(*key);
        signer.minimum_svn = svn.value_or(0);
        out.push_back(std::move(signer));
        return true;
    });
}

bool read_events(const toml::node& node, std::map<std::string, std::vector<Bytes>>& out) {
    const toml::table* table = node.as_table();
    if (!table || table->empty()) return false;
    for (const auto& [key, value] : *table)
        if (!read_bytes_list<48>(value, out[std::string(key.str())])) return false;
    return true;
}

bool read_vmpls(const toml::node& node, std::vector<uint32_t>& out) {
    out.clear();
    return read_list(node, [&](const toml::node& element) {
        uint64_t level = 0;
        if (!read_unsigned(element, 3, level)) return false;
        out.push_back(static_cast<uint32_t>(level));
        return true;
    });
}

bool read_products(const toml::node& node, std::vector<std::string>& out) {
    if (!read_text_list(node, out)) return false;
    return std::ranges::all_of(
        out, [](const std::string& name) { return name == "Milan" || name == "Genoa" || name == "Turin"; });
}

bool read_report_data(const toml::node& node, std::optional<Bytes>& out) {
    return read_hex(node, out) && !out->empty() && out->size() <= 64;
}

}  // namespace litebox::attest
