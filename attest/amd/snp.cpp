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

std::string snp_chip_id_for_url(const SnpReport& report, SnpProduct product) {
    return to_hex(ByteView(report.chip_id).first(product == SnpProduct::turin ? 8 : 64));
}

}  // namespace litebox::attest
