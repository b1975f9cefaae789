// What SEV-SNP fields mean: product generations, the layout of TCB versions, guest policy and platform bits
// (AMD 56860, "SEV Secure Nested Paging Firmware ABI").
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "attest/evidence.h"

namespace litebox::attest {

/// A product line with its own ARK. Bergamo and Siena are Genoa here: AMD gives them Genoa's keys.
enum class SnpProduct : uint8_t { unknown, milan, genoa, turin };
/// As AMD's key service spells it in addresses: "Milan", "Genoa", "Turin".
std::string_view to_string(SnpProduct product);
/// By a certificate's productName ("Milan-B0": what follows the dash is a stepping).
SnpProduct snp_product_from(std::string_view name);
/// By the combined family and model of a version 3 report.
SnpProduct snp_product_from_cpuid(uint8_t family, uint8_t model);
/// "Genoa", or "Bergamo or Siena" where the model tells more than the product line.
std::string_view snp_marketing_name(uint8_t family, uint8_t model);

/// One security version number in a TCB version, and the certificate extension that vouches for it.
struct SnpTcbComponent {
    std::string_view name;  // "bootloader"; empty: reserved, must be zero
    uint8_t byte;           // of the eight
    uint8_t extension;      // 1.3.6.1.4.1.3704.1.3.N; 0: none
};
/// All eight bytes in their order. An unknown product has Milan's layout, as every version 2 report in the
/// field has.
std::span<const SnpTcbComponent, 8> snp_tcb_layout(SnpProduct product);
inline uint8_t snp_tcb_byte(uint64_t tcb, uint8_t byte) {
    return static_cast<uint8_t>(tcb >> (8 * byte));
}
/// "bootloader 4, tee 0, snp 24, microcode 219".
std::string describe_snp_tcb(SnpProduct product, uint64_t tcb);
/// The first named component of `tcb` that is below `minimum`'s; null: none is.
const SnpTcbComponent* snp_tcb_below(SnpProduct product, uint64_t tcb, uint64_t minimum);

inline constexpr uint64_t snp_policy_smt = 1ull << 16, snp_policy_reserved_one = 1ull << 17,
                          snp_policy_migrate_ma = 1ull << 18, snp_policy_debug = 1ull << 19,
                          snp_policy_single_socket = 1ull << 20, snp_policy_known = (1ull << 26) - 1;
inline constexpr uint64_t snp_platform_smt = 1, snp_platform_alias_check = 1ull << 5,
                          snp_platform_known = 0xff;

enum class SnpSigningKey : uint8_t { vcek = 0, vlek = 1, none = 7 };
inline uint8_t snp_signing_key(const SnpReport& report) {
    return report.flags >> 2 & 7;
}
inline constexpr uint32_t snp_flag_author_key = 1, snp_flag_mask_chip_key = 2, snp_flags_known = 0x1f;

/// A chip id as AMD's key service wants it: 64 bytes, Turin 8.
std::string snp_chip_id_for_url(const SnpReport& report, SnpProduct product);

}  // namespace litebox::attest
