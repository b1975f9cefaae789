// Layouts that differ between product lines, and the addresses of AMD's key service.
#include <gtest/gtest.h>

#include "attest/amd/snp.h"
#include "attest/amd/urls.h"

namespace litebox::attest {
namespace {

TEST(SnpFields, turin_lays_its_tcb_out_differently) {
    EXPECT_EQ(describe_snp_tcb(SnpProduct::milan, 0xdb18000000000004),
              "bootloader 4, tee 0, snp 24, microcode 219");
    EXPECT_EQ(describe_snp_tcb(SnpProduct::turin, 0x5100000004010101),
              "fmc 1, bootloader 1, tee 1, snp 4, microcode 81");
}

TEST(SnpFields, versions_are_compared_by_component_and_never_as_one_number) {
    // As a number the first is the greater one, by its microcode.
    const SnpTcbComponent* below = snp_tcb_below(SnpProduct::milan, 0xdb17000000000004, 0x0118000000000004);
    ASSERT_NE(below, nullptr);
    EXPECT_EQ(below->name, "snp");
    EXPECT_EQ(snp_tcb_below(SnpProduct::milan, 0xdb18000000000004, 0xdb18000000000004), nullptr);
}

TEST(SnpFields, bergamo_and_siena_are_genoa_to_the_keys) {
    EXPECT_EQ(snp_product_from_cpuid(0x19, 0x01), SnpProduct::milan);
    EXPECT_EQ(snp_product_from_cpuid(0x19, 0x11), SnpProduct::genoa);
    EXPECT_EQ(snp_product_from_cpuid(0x19, 0xa0), SnpProduct::genoa);
    EXPECT_EQ(snp_marketing_name(0x19, 0xa0), "Bergamo or Siena");
    EXPECT_EQ(snp_product_from_cpuid(0x1a, 0x02), SnpProduct::turin);
    EXPECT_EQ(snp_product_from_cpuid(0x1a, 0x20), SnpProduct::unknown);
    EXPECT_EQ(snp_product_from_cpuid(0x17, 0x31), SnpProduct::unknown);
    EXPECT_EQ(snp_product_from("Milan-B0"), SnpProduct::milan);
    EXPECT_EQ(snp_product_from("Milano"), SnpProduct::unknown);
}

TEST(SnpFields, addresses_are_those_of_the_key_service) {
    SnpReport report{};
    report.chip_id[0] = 0xab;
    report.reported_tcb = 0xdb18000000000004;
    EXPECT_EQ(snp_vcek_url(report, SnpProduct::milan), "https://kdsintf.amd.com/vcek/v1/Milan/ab" +
                                                           std::string(126, '0') +
                                                           "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219");
    report.reported_tcb = 0x5100000004010101;
    EXPECT_EQ(snp_vcek_url(report, SnpProduct::turin),
              "https://kdsintf.amd.com/vcek/v1/Turin/"
              "ab00000000000000?fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&ucodeSPL=81");
    EXPECT_EQ(snp_chain_url(SnpProduct::genoa, true), "https://kdsintf.amd.com/vlek/v1/Genoa/cert_chain");
    EXPECT_EQ(snp_crl_url(SnpProduct::genoa, false), "https://kdsintf.amd.com/vcek/v1/Genoa/crl");
}

}  // namespace
}  // namespace litebox::attest
