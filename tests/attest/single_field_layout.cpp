// After signing: every field is covered by a signature, is the signature, or has a form of its own.
#include "single_field.h"

namespace litebox::attest::single_field {

namespace {

using simulate::IntelKnobs;
using Rows = std::vector<FieldRow>;
constexpr Status malformed = Status::malformed, forged = Status::forged;
constexpr const char* quote_signature = "quote-signature";

Rows header(bool version_3) {
    return {{"version", 0, 2, malformed, "evidence"},
            {"attestation key type", 2, 2, malformed, "evidence"},
            {"TEE type", 4, 4, malformed, "evidence"},
            {version_3 ? "QE SVN" : "reserved (QE SVN)", 8, 2, forged, quote_signature},
            {version_3 ? "PCE SVN" : "reserved (PCE SVN)", 10, 2, forged, quote_signature},
            {"QE vendor id", 12, 16, Status::unsupported, "quote-form"},
            {"user data", 28, 20, forged, quote_signature}};
}

Rows sgx_body(size_t at) {
    Rows rows;
    auto add = [&](const char* field, size_t offset, size_t size) {
        rows.push_back({field, at + offset, size, forged, quote_signature});
    };
    add("CPUSVN", 0x00, 16);
    add("MISCSELECT", 0x10, 4);
    add("reserved 1", 0x14, 12);
    add("ISVEXTPRODID", 0x20, 16);
    add("ATTRIBUTES", 0x30, 8);
    add("XFRM", 0x38, 8);
    add("MRENCLAVE", 0x40, 32);
    add("reserved 2", 0x60, 32);
    add("MRSIGNER", 0x80, 32);
    add("reserved 3", 0xA0, 32);
    add("CONFIGID", 0xC0, 64);
    add("ISVPRODID", 0x100, 2);
    add("ISVSVN", 0x102, 2);
    add("CONFIGSVN", 0x104, 2);
    add("reserved 4", 0x106, 42);
    add("ISVFAMILYID", 0x130, 16);
    add("REPORTDATA", 0x140, 64);
    return rows;
}

Rows td_body(size_t at, bool body_1_5) {
    Rows rows;
    auto add = [&](const char* field, size_t offset, size_t size) {
        rows.push_back({field, at + offset, size, forged, quote_signature});
    };
    add("TEE_TCB_SVN", 0, 16);
    add("MRSEAM", 16, 48);
    add("MRSIGNERSEAM", 64, 48);
    add("SEAMATTRIBUTES", 112, 8);
    add("TDATTRIBUTES", 120, 8);
    add("XFAM", 128, 8);
    add("MRTD", 136, 48);
    add("MRCONFIGID", 184, 48);
    add("MROWNER", 232, 48);
    add("MROWNERCONFIG", 280, 48);
    add("RTMR0", 328, 48);
    add("RTMR1", 376, 48);
    add("RTMR2", 424, 48);
    add("RTMR3", 472, 48);
    add("REPORTDATA", 520, 64);
    if (body_1_5) {
        add("TEE_TCB_SVN_2", 584, 16);
        add("MRSERVICETD", 600, 48);
    }
    return rows;
}

/// Signature data behind a body that ends at `at`; 32 bytes of authentication data.
Rows signature_data(size_t at, bool nested) {
    Rows rows{{"signature data size", at, 4, malformed, "evidence"},
              {"quote signature r", at + 4, 32, forged, quote_signature},
              {"quote signature s", at + 36, 32, forged, quote_signature},
              {"attestation key x", at + 68, 32, forged, "attestation-key"},
              {"attestation key y", at + 100, 32, forged, "attestation-key"}};
    at += 132;
    if (nested) {
        rows.push_back({"outer certification data type", at, 2, malformed, "evidence"});
        rows.push_back({"outer certification data size", at + 2, 4, malformed, "evidence"});
        at += 6;
    }
    rows.push_back({"QE report", at, 320, forged, "qe-report-signature"});
    rows.push_back({"QE report data, hash", at + 320, 32, forged, "attestation-key"});
    rows.push_back({"QE report data, zeros", at + 352, 32, forged, "attestation-key"});
    rows.push_back({"QE report signature r", at + 384, 32, forged, "qe-report-signature"});
    rows.push_back({"QE report signature s", at + 416, 32, forged, "qe-report-signature"});
    rows.push_back({"authentication data size", at + 448, 2, malformed, "evidence"});
    rows.push_back({"authentication data", at + 450, 32, forged, "attestation-key"});
    rows.push_back({"certification data type", at + 482, 2, malformed, nullptr});
    rows.push_back({"certification data size", at + 484, 4, malformed, "evidence"});
    return rows;
}

Rows joined(std::vector<Rows> parts) {
    Rows all;
    for (Rows& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

const Rows typed_body{{"body type", 48, 2, malformed, "evidence"},
                      {"body size", 50, 4, malformed, "evidence"}};

}  // namespace

const std::vector<QuoteFormat>& quote_formats() {
    static const std::vector<QuoteFormat> formats = {
        {"SGX quote 3", [] { return IntelKnobs::sgx(3); },
         joined({header(true), sgx_body(48), signature_data(432, false)})},
        {"SGX quote 4", [] { return IntelKnobs::sgx(4); },
         joined({header(false), sgx_body(48), signature_data(432, true)})},
        {"SGX quote 5", [] { return IntelKnobs::sgx(5); },
         joined({header(false), typed_body, sgx_body(54), signature_data(438, true)})},
        {"TDX quote 4", [] { return IntelKnobs::tdx(4); },
         joined({header(false), td_body(48, false), signature_data(632, true)})},
        {"TDX quote 5, body 1.0", [] { return IntelKnobs::tdx(5, false); },
         joined({header(false), typed_body, td_body(54, false), signature_data(638, true)})},
        {"TDX quote 5, body 1.5", [] { return IntelKnobs::tdx(5, true); },
         joined({header(false), typed_body, td_body(54, true), signature_data(702, true)})},
    };
    return formats;
}

const std::vector<FieldRow>& report_fields() {
    constexpr const char *signature = "snp-signature", *reserved = "snp-reserved", *fields = "snp-fields";
    constexpr Status unsupported = Status::unsupported;
    static const std::vector<FieldRow> rows = {
        {"GUEST_SVN", 0x004, 4, forged, signature},
        {"POLICY, ABI", 0x008, 2, forged, signature},
        {"POLICY, reserved", 0x00C, 4, unsupported, fields},
        {"FAMILY_ID", 0x010, 16, forged, signature},
        {"IMAGE_ID", 0x020, 16, forged, signature},
        {"SIGNATURE_ALGO", 0x034, 4, unsupported, "snp-signature-algorithm"},
        {"PLATFORM_INFO, reserved", 0x041, 7, unsupported, fields},
        {"flags, reserved", 0x049, 3, unsupported, fields},
        {"reserved 0x4C", 0x04C, 4, malformed, reserved},
        {"REPORT_DATA", 0x050, 64, forged, signature},
        {"MEASUREMENT", 0x090, 48, forged, signature},
        {"HOST_DATA", 0x0C0, 32, forged, signature},
        {"ID_KEY_DIGEST", 0x0E0, 48, forged, signature},
        {"AUTHOR_KEY_DIGEST", 0x110, 48, forged, signature},
        {"REPORT_ID", 0x140, 32, forged, signature},
        {"REPORT_ID_MA", 0x160, 32, forged, signature},
        {"REPORTED_TCB, first component", 0x180, 1, forged, signature},
        {"CPUID_STEP", 0x18A, 1, forged, signature},
        {"reserved 0x18B", 0x18B, 21, malformed, reserved},
        {"CHIP_ID", 0x1A0, 64, forged, signature},
        {"COMMITTED_TCB, first component", 0x1E0, 1, forged, signature},
        {"CURRENT version", 0x1E8, 3, forged, signature},
        {"reserved 0x1EB", 0x1EB, 1, malformed, reserved},
        {"COMMITTED version", 0x1EC, 3, forged, signature},
        {"reserved 0x1EF", 0x1EF, 1, malformed, reserved},
        {"LAUNCH_TCB, first component", 0x1F0, 1, forged, signature},
        {"reserved 0x208", 0x208, 0x98, malformed, reserved},
        {"signature R", 0x2A0, 48, forged, signature},
        {"signature R, above P-384", 0x2D0, 24, forged, signature},
        {"signature S", 0x2E8, 48, forged, signature},
        {"signature S, above P-384", 0x318, 24, forged, signature},
        {"not signed, reserved", 0x330, 0x170, malformed, reserved},
    };
    return rows;
}

}  // namespace litebox::attest::single_field
