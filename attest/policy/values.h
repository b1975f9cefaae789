// Values of a policy file: each reader takes a TOML node and says whether it has the right shape and range.
#pragma once

#include "attest/base/toml.h"

#include <algorithm>
#include <limits>

#include "attest/policy.h"

namespace litebox::attest {

bool read_flag(const toml::node& node, bool& out);
/// A TOML integer, or text in hexadecimal with 0x, which reaches all 64 bits.
bool read_unsigned(const toml::node& node, uint64_t limit, uint64_t& out);
template <typename T>
bool read_number(const toml::node& node, std::optional<T>& out) {
    uint64_t value = 0;
    if (!read_unsigned(node, std::numeric_limits<T>::max(), value)) return false;
    out = static_cast<T>(value);
    return true;
}
/// Hexadecimal text.
bool read_hex(const toml::node& node, std::optional<Bytes>& out);
template <size_t size>
bool read_bytes(const toml::node& node, std::optional<Bytes>& out) {
    return read_hex(node, out) && out->size() == size;
}
/// Each element of a list that has at least one: an empty list would read as "none" and mean "any".
template <typename Read>
bool read_list(const toml::node& node, Read read) {
    const toml::array* list = node.as_array();
    return list && !list->empty() && std::all_of(list->begin(), list->end(), read);
}
template <size_t size>
bool read_bytes_list(const toml::node& node, std::vector<Bytes>& out) {
    return read_list(node, [&](const toml::node& element) {
        std::optional<Bytes> bytes;
        bool good = read_bytes<size>(element, bytes);
        if (good) out.push_back(std::move(*bytes));
        return good;
    });
}
bool read_text_list(const toml::node& node, std::vector<std::string>& out);
/// { mask = ..., value = ... }; the value lies within the mask.
bool read_masked(const toml::node& node, std::optional<Masked>& out);
/// "30d", "12h", "15m" or "90s".
bool read_duration(const toml::node& node, std::optional<int64_t>& out);
/// "1.55.21".
bool read_firmware(const toml::node& node, std::optional<std::string>& out);
bool read_tcb_minimum(const toml::node& node, std::map<std::string, uint8_t>& out);
bool read_tcb_statuses(const toml::node& node, std::vector<TcbStatus>& out);
bool read_signers(const toml::node& node, std::vector<SgxSigner>& out);
bool read_events(const toml::node& node, std::map<std::string, std::vector<Bytes>>& out);
bool read_vmpls(const toml::node& node, std::vector<uint32_t>& out);
bool read_products(const toml::node& node, std::vector<std::string>& out);
/// Text of 1 to 64 bytes in hexadecimal.
bool read_report_data(const toml::node& node, std::optional<Bytes>& out);

}  // namespace litebox::attest
