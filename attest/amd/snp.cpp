#include "attest/amd/snp.h"

#include <array>

namespace litebox::attest {

std::string_view to_string(SnpProduct product) {
    switch (product) {
        case SnpProduct::milan:
            return "Milan";
        case SnpProduct::genoa:
            return "Genoa";
        case SnpProduct::turin:
            return "Turin";
        case SnpProduct::unknown:
            break;
    }
    return "unknown";
}

SnpProduct snp_product_from(std::string_view name) {
    name = name.substr(0, name.find('-'));
    for (SnpProduct product : {SnpProduct::milan, SnpProduct::genoa, SnpProduct::turin})
        if (name == to_string(product)) return product;
    return SnpProduct::unknown;
}

SnpProduct snp_product_from_cpuid(uint8_t family, uint8_t model) {
    if (family == 0x19 && model <= 0x0f) return SnpProduct::milan;
    if (family == 0x19 && ((model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf)))
        return SnpProduct::genoa;
    if (family == 0x1a && model <= 0x1f) return SnpProduct::turin;
    return SnpProduct::unknown;
}

std::string_view snp_marketing_name(uint8_t family, uint8_t model) {
    if (family == 0x19 && model >= 0xa0 && model <= 0xaf) return "Bergamo or Siena";
    return to_string(snp_product_from_cpuid(family, model));
}

namespace {

constexpr std::array<SnpTcbComponent, 8> milan_layout = {{{"bootloader", 0, 1},
                                                          {"tee", 1, 2},
                                                          {"", 2, 4},
                                                          {"", 3, 5},
                                                          {"", 4, 6},
                                                          {"", 5, 7},
                                                          {"snp", 6, 3},
                                                          {"microcode", 7, 8}}};
constexpr std::array<SnpTcbComponent, 8> turin_layout = {{{"fmc", 0, 9},
                                                          {"bootloader", 1, 1},
                                                          {"tee", 2, 2},
                                                          {"snp", 3, 3},
                                                          {"", 4, 5},
                                                          {"", 5, 6},
                                                          {"", 6, 7},
                                                          {"microcode", 7, 8}}};

constexpr SnpBit policy_bits[] = {
    {16, "SMT", "simultaneous multithreading is allowed"},
    {17, "RESERVED_1", "always one"},
    {18, "MIGRATE_MA", "a migration agent may be associated, which can move the guest and its secrets"},
    {19, "DEBUG", "the host may read and change the guest's memory"},
    {20, "SINGLE_SOCKET", "the guest runs on one socket only"},
    {21, "CXL_ALLOW", "CXL memory and devices are allowed"},
    {22, "MEM_AES_256_XTS", "memory must be encrypted with AES-256-XTS"},
    {23, "RAPL_DIS", "power measurements (RAPL) must be off"},
    {24, "CIPHERTEXT_HIDING_DRAM", "the host must not see the ciphertext of guest memory"},
    {25, "PAGE_SWAP_DISABLE", "the host may not swap guest pages"},
};
constexpr SnpBit platform_bits[] = {
    {0, "SMT_EN", "simultaneous multithreading is on"},
    {1, "TSME_EN", "all memory is encrypted transparently"},
    {2, "ECC_EN", "memory has error correction"},
    {3, "RAPL_DIS", "power measurements (RAPL) are off"},
    {4, "CIPHERTEXT_HIDING_DRAM_EN", "the host does not see the ciphertext of guest memory"},
    {5, "ALIAS_CHECK_COMPLETE", "no aliased memory addresses were found since the last reset (BadRAM)"},
    {6, "BIT_6", "set on Turin, without a published meaning"},
    {7, "TIO_EN", "trusted input and output (SEV-TIO) is on"},
};

}  // namespace

std::span<const SnpTcbComponent, 8> snp_tcb_layout(SnpProduct product) {
    return product == SnpProduct::turin ? turin_layout : milan_layout;
}

std::string describe_snp_tcb(SnpProduct product, uint64_t tcb) {
    std::string text;
    for (const SnpTcbComponent& part : snp_tcb_layout(product)) {
        if (part.name.empty()) continue;
        if (!text.empty()) text += ", ";
        text += std::string(part.name) + " " + std::to_string(snp_tcb_byte(tcb, part.byte));
    }
    return text;
}

const SnpTcbComponent* snp_tcb_below(SnpProduct product, uint64_t tcb, uint64_t minimum) {
    for (const SnpTcbComponent& part : snp_tcb_layout(product))
        if (!part.name.empty() && snp_tcb_byte(tcb, part.byte) < snp_tcb_byte(minimum, part.byte))
            return &part;
    return nullptr;
}

std::span<const SnpBit> snp_policy_bits() {
    return policy_bits;
}
std::span<const SnpBit> snp_platform_bits() {
    return platform_bits;
}

std::string snp_chip_id_for_url(const SnpReport& report, SnpProduct product) {
    return to_hex(ByteView(report.chip_id).first(product == SnpProduct::turin ? 8 : 64));
}

}  // namespace litebox::attest
