#include <span>

#include "attest/amd/snp.h"
#include "attest/report/shown.h"

namespace litebox::attest {

namespace {

struct SnpBit {
    uint8_t bit;
    std::string_view name;
    std::string_view meaning;
};
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

std::string with_bits(uint64_t value, std::span<const SnpBit> bits) {
    std::string names;
    for (const SnpBit& bit : bits)
        if (value >> bit.bit & 1)
            names += (names.empty() ? "" : "; ") + std::string(bit.name) + ": " + std::string(bit.meaning);
    return hex_number(value) + (names.empty() ? "" : " (" + names + ")");
}

std::string firmware(uint8_t major, uint8_t minor, uint8_t build) {
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(build);
}

std::string signing_key(const SnpReport& report) {
    switch (snp_signing_key(report)) {
        case 0:
            return "VCEK, the chip's";
        case 1:
            return "VLEK, the cloud provider's";
        case 7:
            return "none: the report is not signed";
        default:
            return "unknown (" + std::to_string(snp_signing_key(report)) + ")";
    }
}

std::string processor(const SnpReport& report) {
    return "family " + hex_number(report.cpuid_family) + ", model " + hex_number(report.cpuid_model) +
           ", stepping " + std::to_string(report.cpuid_stepping) + " (" +
           std::string(snp_marketing_name(report.cpuid_family, report.cpuid_model)) + ")";
}

}  // namespace

ShownGroup describe_snp_report(const SnpReport& report) {
    SnpProduct product = snp_product_from_cpuid(report.cpuid_family, report.cpuid_model);
    auto tcb = [&](uint64_t value) { return describe_snp_tcb(product, value); };
    ShownGroup group{"AMD SEV-SNP attestation report", {}};
    auto add = [&](std::string name, std::string value, std::string meaning) {
        group.fields.push_back({std::move(name), std::move(value), std::move(meaning)});
    };
    add("VERSION", std::to_string(report.version), "layout of the report");
    add("GUEST_SVN", std::to_string(report.guest_svn),
        "security version that the guest's owner gave it in the ID block");
    add("POLICY", with_bits(report.policy, policy_bits),
        "what the guest allows; firmware ABI at least " + std::to_string(report.policy >> 8 & 0xff) + "." +
            std::to_string(report.policy & 0xff));
    add("FAMILY_ID", to_hex(report.family_id), "of the ID block");
    add("IMAGE_ID", to_hex(report.image_id), "of the ID block");
    add("VMPL", report.vmpl == 0xffffffff ? "requested by the host" : std::to_string(report.vmpl),
        "privilege level that asked; 0 is the most privileged");
    add("SIGNATURE_ALGO", std::to_string(report.signature_algorithm), "1 is ECDSA on P-384 with SHA-384");
    add("CURRENT_TCB", tcb(report.current_tcb), "firmware that runs");
    add("PLATFORM_INFO", with_bits(report.platform_info, platform_bits), "how the platform is set up");
    add("SIGNING_KEY", signing_key(report), "whose key signed");
    add("AUTHOR_KEY_EN", report.flags & snp_flag_author_key ? "1" : "0",
        "whether an author key signed the ID key");
    add("MASK_CHIP_KEY", report.flags & snp_flag_mask_chip_key ? "1" : "0",
        "whether the host has turned chip keys off");
    add("REPORT_DATA", to_hex(report.report_data),
        "what the guest asked to be signed: a nonce, a key's hash");
    add("MEASUREMENT", to_hex(report.measurement), "digest of the guest's memory at launch");
    add("HOST_DATA", to_hex(report.host_data), "what the host gave at launch");
    add("ID_KEY_DIGEST", to_hex(report.id_key_digest),
        "SHA-384 of the key that signed the ID block; zeros: none");
    add("AUTHOR_KEY_DIGEST", to_hex(report.author_key_digest),
        "SHA-384 of the key that signed the ID key; zeros: none");
    add("REPORT_ID", to_hex(report.report_id), "of this guest, until it ends");
    add("REPORT_ID_MA", to_hex(report.report_id_ma), "of its migration agent; ones: none");
    add("REPORTED_TCB", tcb(report.reported_tcb), "firmware that the endorsement key is derived from");
    add("CPUID", report.version < 3 ? "not in version 2" : processor(report), "the processor");
    add("CHIP_ID", to_hex(report.chip_id), "the chip; zeros: masked by the host");
    add("COMMITTED_TCB", tcb(report.committed_tcb), "firmware that cannot be rolled back");
    add("CURRENT_VERSION", firmware(report.current_major, report.current_minor, report.current_build),
        "firmware that runs");
    add("COMMITTED_VERSION", firmware(report.committed_major, report.committed_minor, report.committed_build),
        "firmware that cannot be rolled back");
    add("LAUNCH_TCB", tcb(report.launch_tcb), "firmware at the guest's launch");
    if (report.version >= 5) {
        add("LAUNCH_MIT_VECTOR", hex_number(report.launch_mitigations),
            "mitigations in force at the guest's launch");
        add("CURRENT_MIT_VECTOR", hex_number(report.current_mitigations), "mitigations in force now");
    }
    add("SIGNATURE R", to_hex(report.signature_r), "little-endian");
    add("SIGNATURE S", to_hex(report.signature_s), "little-endian");
    return group;
}

}  // namespace litebox::attest
