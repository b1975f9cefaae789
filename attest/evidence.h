// Evidence of each technology, parsed into fields. Parsing is strict on structure (sizes, versions, known
// types) and keeps every byte; whether fields are acceptable is the business of verification.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "attest/base/bytes.h"

namespace litebox::attest {

template <size_t N>
using Field = std::array<uint8_t, N>;

/// SGX report body, 384 bytes (Intel SDM vol. 3D, REPORT).
struct SgxReportBody {
    Field<16> cpu_svn;
    uint32_t misc_select;
    Field<16> isv_ext_prod_id;
    uint64_t attributes;  // flags; see sgx_attribute_*
    uint64_t xfrm;
    Field<32> mr_enclave;
    Field<32> mr_signer;
    Field<64> config_id;
    uint16_t isv_prod_id;
    uint16_t isv_svn;
    uint16_t config_svn;
    Field<16> isv_family_id;
    Field<64> report_data;
    Field<384> raw;  // the exact bytes, reserved ones included
};
inline constexpr size_t sgx_report_body_size = 384;
inline constexpr uint64_t sgx_attribute_init = 1, sgx_attribute_debug = 2, sgx_attribute_mode64 = 4,
                          sgx_attribute_provision_key = 0x10, sgx_attribute_launch_key = 0x20,
                          sgx_attribute_kss = 0x80;

/// TD report body of a quote: 584 bytes (1.0) or 648 (1.5, two fields more).
struct TdReportBody {
    Field<16> tee_tcb_svn;
    Field<48> mr_seam;
    Field<48> mr_signer_seam;
    uint64_t seam_attributes;
    uint64_t td_attributes;
    uint64_t xfam;
    Field<48> mr_td;
    Field<48> mr_config_id;
    Field<48> mr_owner;
    Field<48> mr_owner_config;
    std::array<Field<48>, 4> rtmr;
    Field<64> report_data;
    bool is_1_5;
    Field<16> tee_tcb_svn_2;  // 1.5
    Field<48> mr_service_td;  // 1.5
};
inline constexpr size_t td_report_body_1_0_size = 584, td_report_body_1_5_size = 648;

/// What a quote carries to find the PCK certificate.
enum class QuoteCertType : uint16_t {
    ppid_clear = 1,
    ppid_rsa2048 = 2,
    ppid_rsa3072 = 3,
    pck_leaf = 4,
    pck_chain = 5
};

/// A DCAP quote, version 3, 4 or 5, for SGX or TDX.
struct Quote {
    uint16_t version;
    uint16_t attestation_key_type;  // 2 = ECDSA-256-with-P-256
    uint32_t tee_type;              // 0 SGX, 0x81 TDX
    uint16_t qe_svn, pce_svn;       // version 3 only
    Field<16> qe_vendor_id;
    Field<20> user_data;
    std::variant<SgxReportBody, TdReportBody> body;
    Bytes signed_bytes;   // header and body (version 5: with type and size), what the attestation key signed
    Field<64> signature;  // raw r || s, big-endian
    Field<64> attestation_key;  // raw x || y, big-endian
    SgxReportBody qe_report;
    Field<64> qe_report_signature;
    Bytes qe_auth_data;
    QuoteCertType cert_type;
    Bytes cert_data;
    Bytes trailing;  // after the signature data; zeros in the field, anything else is refused by verification

    bool is_tdx() const { return std::holds_alternative<TdReportBody>(body); }
};
/// The whole of `bytes` (zero padding allowed behind) as a quote.
Result<Quote> parse_quote(ByteView bytes);
Result<SgxReportBody> parse_sgx_report_body(ByteView bytes);

/// SEV-SNP attestation report, 1184 bytes (AMD 56860, ATTESTATION_REPORT), versions 2, 3 and 5.
struct SnpReport {
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    Field<16> family_id, image_id;
    uint32_t vmpl;
    uint32_t signature_algorithm;
    uint64_t current_tcb;  // eight component bytes, meaning by generation: never compared as a number
    uint64_t platform_info;
    uint32_t flags;  // author key, mask chip key, signing key
    Field<64> report_data;
    Field<48> measurement;
    Field<32> host_data;
    Field<48> id_key_digest, author_key_digest;
    Field<32> report_id, report_id_ma;
    uint64_t reported_tcb;
    uint8_t cpuid_family, cpuid_model, cpuid_stepping;  // version 3 on; zero in version 2
    Field<64> chip_id;
    uint64_t committed_tcb;
    uint8_t current_build, current_minor, current_major;
    uint8_t committed_build, committed_minor, committed_major;
    uint64_t launch_tcb;
    uint64_t launch_mitigations, current_mitigations;  // version 5
    Field<72> signature_r, signature_s;                // little-endian
    Field<1184> raw;
};
inline constexpr size_t snp_report_size = 1184, snp_signed_size = 0x2A0;
Result<SnpReport> parse_snp_report(ByteView bytes);

/// SGX quote version 2 (EPID, ended in 2025): shown, never verified.
struct EpidQuote {
    uint16_t version, sign_type;
    Field<4> group_id;
    uint16_t qe_svn, pce_svn;
    uint32_t xeid;
    Field<32> basename;
    SgxReportBody body;
    Bytes encrypted_signature;  // empty in the body of an attestation verification report
};
Result<EpidQuote> parse_epid_quote(ByteView bytes);

/// Intel's archived attestation verification report about an EPID quote: the exact signed JSON, its signature
/// and chain.
struct EpidVerificationReport {
    std::string body;
    Bytes signature;    // RSA-2048, PKCS #1 v1.5, SHA-256
    std::string chain;  // PEM, URL encoding undone; empty where it was not kept
};

/// A TDREPORT or SGX REPORT: bound to one machine by a MAC; shown, never verified remotely.
struct LocalReport {
    bool tdx;
    Bytes raw;
};

/// Evidence with all that came in the same wrapping.
struct Evidence {
    std::variant<Quote, SnpReport, EpidQuote, EpidVerificationReport, LocalReport> body;
    std::vector<std::string>
        wrappings;  // outermost first: "hex", "json:azure-snp", "azure-hcl", "configfs-tsm", "cbor"...
    std::vector<Bytes>
        certificates;  // DER, as found (GHCB table, JSON members, PEM text behind): candidates, not trusted
    std::vector<Bytes> revocation_lists;  // DER
    Bytes event_log;                      // CCEL or TCG2, as found
    Bytes runtime_data;                   // Azure: the JSON whose hash report data begins with
    uint32_t runtime_data_hash = 0;       // Azure: 1 = SHA-256, 2 = SHA-384, 3 = SHA-512
    Bytes collateral_json;                // a bundle that travelled with the evidence; empty: none
};

/// Evidence in any form met in the field, recognised by content. Never guesses between two forms: what fits
/// none, or is damaged, is refused with the nearest form's reason.
Result<Evidence> recognise_evidence(ByteView bytes);

}  // namespace litebox::attest
