// Knobs of simulated SGX and TDX: Intel's hierarchy, collateral and quotes. IntelKnobs::sgx() and ::tdx() are
// filled so that everything verifies; change any field from there.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "attest/evidence.h"
#include "attest/simulate/certificate.h"
#include "attest/simulate/patch.h"
#include "attest/verdict.h"

namespace litebox::attest::simulate {

/// The PCK certificate's SGX extension (1.2.840.113741.1.13.1).
struct PckExtensionSpec {
    Field<16> ppid{};
    Field<16> components{};  // PCK TCB component SVNs
    uint16_t pce_svn = 0;
    std::optional<Field<16>> cpu_svn;  // absent: the components
    Field<2> pce_id{};
    Field<6> fmspc{};
    uint8_t sgx_type = 1;  // 0 standard, 1 scalable, 2 scalable with integrity
    bool platform = true;  // PlatformInstanceID and Configuration are there
    Field<16> platform_instance_id{};
    bool dynamic_platform = true, cached_keys = false, smt = true;
    bool omit_fmspc = false;
};

struct TcbLevelSpec {
    Field<16> sgx{};  // component SVNs
    uint16_t pce_svn = 0;
    Field<16> tdx{};  // TDX only
    std::string date, status;
    std::vector<std::string> advisories;
};

/// A level by ISVSVN, of an enclave identity or a TDX module identity.
struct IsvLevelSpec {
    uint16_t isv_svn = 0;
    std::string date, status;
    std::vector<std::string> advisories;
};

struct TdxModuleIdentitySpec {
    std::string id = "TDX_01";
    Field<48> mr_signer{};
    uint64_t attributes = 0, attributes_mask = ~uint64_t{0};
    std::vector<IsvLevelSpec> levels;
};

struct TcbInfoSpec {
    int version = 3;
    std::string id = "SGX";  // version 3
    Time issue_date, next_update;
    Field<6> fmspc{};
    Field<2> pce_id{};
    int tcb_type = 0;
    uint32_t evaluation_number = 17;
    std::vector<TcbLevelSpec> levels;  // written in this order
    Field<48> module_mr_signer{};      // TDX: tdxModule
    uint64_t module_attributes = 0, module_attributes_mask = ~uint64_t{0};
    std::vector<TdxModuleIdentitySpec> module_identities;
    bool omit_module_identities = false;
    bool lower_case_hex = false;
    std::string signing_key = "tcb-signing";
    std::vector<Replacement> replacements;         // of text, before signing
    std::vector<Replacement> signed_replacements;  // after signing: must break the signature
};

struct EnclaveIdentitySpec {
    std::string id = "QE";  // "TD_QE"
    int version = 2;
    Time issue_date, next_update;
    uint32_t evaluation_number = 17;
    uint32_t misc_select = 0, misc_select_mask = 0xFFFFFFFF;
    Field<16> attributes{}, attributes_mask{};
    Field<32> mr_signer{};
    uint16_t isv_prod_id = 1;
    std::vector<IsvLevelSpec> levels;
    std::string signing_key = "tcb-signing";
    std::vector<Replacement> replacements, signed_replacements;
};

struct QuoteSpec {
    uint16_t version = 3;
    uint16_t attestation_key_type = 2;
    uint32_t tee_type = 0;
    uint16_t qe_svn = 8, pce_svn = 13;  // version 3; reserved and zero later
    Field<16> qe_vendor_id{};
    Field<20> user_data{};
    /// The body is `td` where tdx is true. Reserved bytes of an SGX body are taken from its `raw`.
    bool tdx = false;
    SgxReportBody sgx{};
    TdReportBody td{};
    std::optional<uint16_t> body_type;  // version 5; absent: what the body is
    std::optional<uint32_t> body_size;
    SgxReportBody qe_report{};
    /// Absent: SHA-256(attestation key || authentication data) and zeros, as the QE does it.
    std::optional<Field<64>> qe_report_data;
    Bytes qe_auth_data;
    uint16_t outer_cert_type = 6;  // version 4 on: the certification data that holds the QE report
    QuoteCertType cert_type = QuoteCertType::pck_chain;
    std::optional<Bytes> cert_data;                      // absent: made for cert_type
    bool reverse_chain = false, terminate_chain = true;  // PEM chain: root first; a NUL behind
    Bytes trailing;
    // Whose key does what; other names give signatures that must be refused.
    std::string attestation_key = "attestation-key", quote_signer = "attestation-key",
                qe_report_signer = "pck";
    bool high_s = false;                // the other valid s of the quote's signature
    std::vector<Patch> signed_patches;  // on header and body, before the attestation key signs
    std::vector<Patch> qe_patches;      // on the QE report, before the PCK signs
    std::vector<Patch> patches;         // on the whole quote, last
};

struct IntelKnobs {
    std::string seed = "litebox";
    Time now;  // changed by issue_at()
    CertificateSpec root, intermediate, pck, tcb_signing;
    PckExtensionSpec pck_extension;
    RevocationListSpec root_crl, pck_crl;
    TcbInfoSpec tcb_info;
    EnclaveIdentitySpec identity;
    QuoteSpec quote;
    // Left out of the collateral: the test of a verifier that asks for all of it.
    bool omit_tcb_info = false, omit_identity = false, omit_root_crl = false, omit_pck_crl = false;

    static IntelKnobs sgx(uint16_t quote_version = 3);
    /// Version 4 has body 1.0; version 5 body 1.0 or 1.5.
    static IntelKnobs tdx(uint16_t quote_version = 4, bool body_1_5 = false);
    /// The same platform under the "Intel SGX PCK Processor CA", single-socket: no platform instance.
    void use_processor_ca();
    /// Makes `now` the time of the simulation: the collateral was issued an hour before and holds for 30
    /// days.
    void issue_at(Time now);
    /// Evidence and collateral that judge to this status; refused where the evidence cannot have it
    /// (TDRelaunchAdvised is told only by body 1.5).
    Result<void> set_tcb_status(TcbStatus status);
};

Bytes encode_sgx_report_body(const SgxReportBody& body);
Bytes encode_td_report_body(const TdReportBody& body);
/// The value of a PCK certificate's SGX extension.
Bytes encode_pck_extension(const PckExtensionSpec& spec);
/// {"tcbInfo":{...},"signature":"..."}
std::string make_tcb_info(const TcbInfoSpec& spec, std::string_view seed);
/// {"enclaveIdentity":{...},"signature":"..."}
std::string make_enclave_identity(const EnclaveIdentitySpec& spec, std::string_view seed);
/// `pck_chain`: leaf, intermediate and root, DER.
Bytes make_quote(const QuoteSpec& spec, const std::vector<Bytes>& pck_chain, std::string_view seed,
                 const PckExtensionSpec& pck_extension);

}  // namespace litebox::attest::simulate
