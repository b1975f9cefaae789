#include "attest/intel/quote_verifier.h"

#include <algorithm>

namespace litebox::attest {

namespace {

constexpr CheckRule rules[] = {
    {"quote-form", "the quote is of Intel's quoting enclave, and nothing but zeros stands behind it"},
    {"pck-certificate", "a PCK certificate is there, for an \"Intel SGX PCK Certificate\" (DCAP, step 2)"},
    {"pck-chain",
     "the PCK certificate leads to a trusted root, every certificate in its time (DCAP, step 2)"},
    {"pck-revocation",
     "PCK certificate and its CA are in no revocation list of their issuers (DCAP, step 3)"},
    {"pck-extension", "the PCK certificate describes its platform: TCB, PCE-ID, FMSPC"},
    {"tcb-info", "TCB info for this FMSPC, PCE-ID and TEE is there (DCAP, step 4)"},
    {"tcb-info-signature",
     "an \"Intel SGX TCB Signing\" certificate under the same root signed the TCB info (DCAP, step 4)"},
    {"tcb-info-time", "the TCB info and the path of its signature are in their time"},
    {"qe-identity", "the identity of the quoting enclave is there (DCAP, step 4)"},
    {"qe-identity-signature",
     "an \"Intel SGX TCB Signing\" certificate under the same root signed the identity (DCAP, step 4)"},
    {"qe-identity-time", "the identity and the path of its signature are in their time"},
    {"signing-revocation",
     "the certificates that signed TCB info and identity are not revoked (DCAP, step 3)"},
    {"qe-report-signature", "the PCK key signed the report of the quoting enclave (DCAP, step 5)"},
    {"attestation-key",
     "the quoting enclave vouches for the attestation key: SHA-256 in its report data (DCAP, step 6)"},
    {"qe-measurement",
     "the quoting enclave is the one of the identity: signer, product, attributes, version (DCAP, step 7)"},
    {"quote-signature", "the attestation key signed header and body (DCAP, step 8)"},
    {"tdx-module", "the TDX module is one of Intel's: MRSIGNERSEAM and SEAMATTRIBUTES (DCAP, step 9)"},
    {"tcb-level",
     "the platform reaches a TCB level that Intel has rated and not revoked (DCAP, steps 10 to 13)"},
    {"policy-tcb-evaluation-number",
     "TCB info and identity are of the evaluation that the policy asks for, or newer"},
    {"policy-collateral-age",
     "TCB info, identity and PCK revocation list are not older than the policy's maximum_collateral_age"},
};

constexpr uint8_t intel_qe_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                         0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
constexpr std::string_view pck_name = "SGX PCK Certificate";
/// Certificates that are tried as the signer of something whose signer is not named.
constexpr size_t maximum_tried = 16;

bool is_pck(const Certificate& certificate) {
    return certificate.extension(pck_extension_oid) && !certificate.is_authority();
}

}  // namespace

QuoteVerifier::QuoteVerifier(const Quote& quote, const Evidence& evidence, const VerifyOptions& options,
                             Verdict& verdict)
    : quote_(quote), evidence_(evidence), options_(options), verdict_(verdict) {
    verdict_.technology = quote.is_tdx() ? "tdx" : "sgx";
    verdict_.expect(rules);
    anchors_ = TrustAnchors::from(options.roots->intel, options.roots->pinned_intel);
}

void QuoteVerifier::run() {
    gather();
    check_form();
    find_pck_certificate();
    check_attestation_key();
    check_quote_signature();
    if (pck_) {
        check_qe_report();
        check_pck_chain();
        check_pck_revocation();
        auto platform = pck_extension_of(*pck_);
        if (platform) {
            platform_ = *platform;
            verdict_.pass("pck-extension",
                          "FMSPC " + to_hex(platform_->fmspc) + ", PCE-ID " + to_hex(platform_->pce_id));
        } else {
            verdict_.fail("pck-extension", Status::malformed, pck_->common_name(), platform.error().message);
        }
    }
    choose_tcb_info();
    choose_identity();
    check_signing_revocation();
    check_quoting_enclave();
    check_tdx_module();
    check_tcb_level();
    check_policy_of_collateral();
    add_claims();
}

void QuoteVerifier::gather(const PreparedCollateral& collateral) {
    auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    append(certificates_, collateral.certificates());
    append(revocation_lists_, collateral.revocation_lists());
    append(tcb_infos_, collateral.tcb_infos());
    append(identities_, collateral.identities());
}

/// Everything that may be of use, from the quote, what came with it, and the collateral: none of it is
/// trusted for being there.
void QuoteVerifier::gather() {
    if (quote_.cert_type == QuoteCertType::pck_leaf || quote_.cert_type == QuoteCertType::pck_chain) {
        auto blocks = parse_pem(as_text(quote_.cert_data));
        if (!blocks) quote_certificates_fault_ = blocks.error().message;
        if (blocks && quote_.cert_type == QuoteCertType::pck_leaf && blocks->size() > 1) {
            quote_certificates_fault_ = "a chain where the quote announces one certificate";
        } else if (blocks) {
            for (const PemBlock& block : *blocks) {
                auto certificate = Certificate::parse(block.der);
                if (certificate)
                    certificates_.push_back(*certificate);
                else
                    quote_certificates_fault_ = certificate.error().message;
            }
        }
        quote_certificates_ = certificates_.size();
    }
    Collateral travelled;
    travelled.certificates = evidence_.certificates;
    travelled.revocation_lists = evidence_.revocation_lists;
    travelled.add(evidence_.collateral_json, "collateral in the evidence");
    gather(PreparedCollateral(travelled));
    gather(*options_.prepared);
}

void QuoteVerifier::check_form() {
    std::string input = "version " + std::to_string(quote_.version);
    if (!equal(quote_.qe_vendor_id, intel_qe_vendor)) {
        return verdict_.fail("quote-form", Status::unsupported, to_hex(quote_.qe_vendor_id),
                             "the quoting enclave is not Intel's",
                             "only quotes of Intel's quoting enclaves are judged");
    }
    if (!all_zero(quote_.trailing)) {
        return verdict_.fail("quote-form", Status::malformed,
                             std::to_string(quote_.trailing.size()) + " bytes",
                             "what stands behind the signature data is not zero",
                             "pass the quote alone: its length is in its signature data");
    }
    verdict_.pass("quote-form", input);
}

bool QuoteVerifier::signed_qe_report(const Certificate& pck) const {
    SignedObject report{quote_.qe_report.raw,
                        {SignatureAlgorithm::Scheme::ecdsa_raw, Hash::sha256},
                        quote_.qe_report_signature};
    return verify_signature(pck, report, memory());
}

std::vector<CertificatePointer> QuoteVerifier::pck_candidates(std::string& complaint) {
    std::vector<CertificatePointer> found;
    if (quote_.cert_type != QuoteCertType::pck_leaf && quote_.cert_type != QuoteCertType::pck_chain) {
        return pck_candidates_by_platform(complaint);
    }
    for (size_t i = 0; i < quote_certificates_ && found.size() < maximum_tried; i++) {
        if (is_pck(*certificates_[i])) found.push_back(certificates_[i]);
    }
    complaint = quote_certificates_fault_.empty() ? "no certificate in the quote has Intel's SGX extension"
                                                  : quote_certificates_fault_;
    return found;
}

/// The quote names its platform only: (encrypted) PPID, CPUSVN, PCESVN and, not always, PCE-ID. The
/// certificate is in the collateral.
std::vector<CertificatePointer> QuoteVerifier::pck_candidates_by_platform(std::string& complaint) const {
    constexpr size_t svns = 16 + 2, pce_id = 2;
    bool clear = quote_.cert_type == QuoteCertType::ppid_clear;
    size_t ppid = clear ? 16 : quote_.cert_type == QuoteCertType::ppid_rsa2048 ? 256 : 384;
    size_t size = quote_.cert_data.size();
    // Whatever the key, the field of an encrypted PPID has 384 bytes.
    if (!clear && size >= 384 + svns) ppid = 384;
    if (size != ppid + svns && size != ppid + svns + pce_id) {
        complaint = "the platform's name in the quote has " + std::to_string(size) + " bytes";
        return {};
    }
    ByteView name = quote_.cert_data;
    std::vector<CertificatePointer> found;
    for (const CertificatePointer& certificate : certificates_) {
        if (found.size() == maximum_tried || !is_pck(*certificate)) continue;
        auto platform = pck_extension_of(*certificate);
        if (!platform || !equal(platform->cpu_svn, name.subspan(ppid, 16))) continue;
        if (platform->pce_svn != load16(name.data() + ppid + 16)) continue;
        if (clear && !equal(platform->ppid, name.first(16))) continue;
        found.push_back(certificate);
    }
    complaint = "no PCK certificate for this platform and TCB is in the collateral";
    return found;
}

void QuoteVerifier::find_pck_certificate() {
    std::string complaint;
    std::vector<CertificatePointer> candidates = pck_candidates(complaint);
    bool within = quote_.cert_type == QuoteCertType::pck_leaf || quote_.cert_type == QuoteCertType::pck_chain;
    if (within && !quote_certificates_fault_.empty()) {
        return verdict_.fail("pck-certificate", Status::malformed, "certification data",
                             quote_certificates_fault_,
                             "ask the guest for a new quote and pass it on unchanged");
    }
    if (candidates.empty()) {
        return verdict_.fail(
            "pck-certificate", within ? Status::malformed : Status::wrong_collateral,
            "certification data of type " + std::to_string(static_cast<int>(quote_.cert_type)), complaint,
            within ? "" : "fetch the platform's PCK certificate from Intel or the provider's cache (PCCS)");
    }
    auto signer = std::ranges::find_if(candidates, [&](const auto& pck) { return signed_qe_report(*pck); });
    pck_ = signer == candidates.end() ? candidates.front() : *signer;
    std::string name = pck_->common_name();
    if (name.find(pck_name) == std::string::npos || !pck_->allows(Certificate::digital_signature)) {
        return verdict_.fail("pck-certificate", Status::untrusted, name,
                             "the certificate is not one for platforms");
    }
    verdict_.pass("pck-certificate", name + ", serial " + to_hex(pck_->serial()));
}

void QuoteVerifier::check_pck_chain() {
    PathResult found = build_path(pck_, certificates_, anchors_, options_.now, memory());
    pck_path_ = std::move(found.path);
    switch (found.fault) {
        case PathFault::none:
            verdict_.pass("pck-chain", pck_->issuer_common_name() + ", root " +
                                           to_hex(pck_path_.back()->sha256()).substr(0, 16));
            break;
        case PathFault::expired:
            verdict_.fail(
                "pck-chain", Status::expired_collateral, to_string(options_.now), found.message,
                "check the clock (--at); a platform whose certificate ended needs a new one from Intel");
            break;
        case PathFault::forged:
            verdict_.fail("pck-chain", Status::forged, pck_->common_name(), found.message,
                          "the evidence was changed on its way, or is not Intel's");
            break;
        case PathFault::untrusted:
            verdict_.fail("pck-chain", Status::untrusted, pck_->common_name(), found.message,
                          "hand in the root if this is a test platform; put Intel's root and CA certificates "
                          "beside the collateral if they "
                          "are missing; refuse otherwise");
    }
}

void QuoteVerifier::check_qe_report() {
    if (signed_qe_report(*pck_))
        return verdict_.pass("qe-report-signature", to_hex(pck_->sha256()).substr(0, 16));
    verdict_.fail("qe-report-signature", Status::forged, pck_->common_name(),
                  "the PCK key did not sign this QE report",
                  "the quote was changed on its way, or the certificate is of another platform or TCB");
}

void QuoteVerifier::check_attestation_key() {
    Bytes bound = digest(Hash::sha256, {quote_.attestation_key, quote_.qe_auth_data});
    ByteView report_data = quote_.qe_report.report_data;
    if (equal(report_data.first(32), bound) && all_zero(report_data.subspan(32))) {
        return verdict_.pass("attestation-key", to_hex(bound).substr(0, 16));
    }
    verdict_.fail("attestation-key", Status::forged, to_hex(bound),
                  "the QE report is about another attestation key",
                  "the quote was put together from several, or changed on its way");
}

void QuoteVerifier::check_quote_signature() {
    auto key = PublicKey::from_point(Curve::p256, quote_.attestation_key);
    if (key && key->verify_ecdsa(Hash::sha256, quote_.signed_bytes, quote_.signature)) {
        return verdict_.pass("quote-signature", std::to_string(quote_.signed_bytes.size()) + " bytes");
    }
    verdict_.fail(
        "quote-signature", Status::forged, std::to_string(quote_.signed_bytes.size()) + " bytes",
        key ? "the attestation key did not sign these bytes" : "the attestation key is no point of P-256",
        "the quote was changed on its way: ask the guest for a new one and pass it on unchanged");
}

void QuoteVerifier::add_claims() {
    auto claim = [&](const char* name, std::string value) {
        verdict_.claims.emplace_back(name, std::move(value));
    };
    auto number = [&](const char* name, uint64_t value) { claim(name, std::to_string(value)); };
    auto flags = [&](const char* name, uint64_t value) {
        Bytes bytes;
        for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
        claim(name, "0x" + to_hex(bytes));
    };
    number("quote_version", quote_.version);
    if (const TdReportBody* body = td()) {
        claim("mrtd", to_hex(body->mr_td));
        for (size_t i = 0; i < body->rtmr.size(); i++)
            claim(("rtmr" + std::to_string(i)).c_str(), to_hex(body->rtmr[i]));
        claim("report_data", to_hex(body->report_data));
        claim("mrseam", to_hex(body->mr_seam));
        claim("mrsignerseam", to_hex(body->mr_signer_seam));
        claim("mrconfigid", to_hex(body->mr_config_id));
        claim("mrowner", to_hex(body->mr_owner));
        claim("mrownerconfig", to_hex(body->mr_owner_config));
        if (body->is_1_5) claim("mrservicetd", to_hex(body->mr_service_td));
        flags("td_attributes", body->td_attributes);
        flags("xfam", body->xfam);
        claim("tee_tcb_svn", to_hex(body->tee_tcb_svn));
        if (body->is_1_5) claim("tee_tcb_svn2", to_hex(body->tee_tcb_svn_2));
        claim("debug", body->td_attributes & 1 ? "true" : "false");
    } else {
        const auto& sgx = std::get<SgxReportBody>(quote_.body);
        claim("mrenclave", to_hex(sgx.mr_enclave));
        claim("mrsigner", to_hex(sgx.mr_signer));
        number("isvprodid", sgx.isv_prod_id);
        number("isvsvn", sgx.isv_svn);
        claim("report_data", to_hex(sgx.report_data));
        flags("attributes", sgx.attributes);
        flags("xfrm", sgx.xfrm);
        claim("cpusvn", to_hex(sgx.cpu_svn));
        if (sgx.attributes & sgx_attribute_kss) {
            claim("configid", to_hex(sgx.config_id));
            number("configsvn", sgx.config_svn);
            claim("isvfamilyid", to_hex(sgx.isv_family_id));
            claim("isvextprodid", to_hex(sgx.isv_ext_prod_id));
        }
        claim("debug", sgx.attributes & sgx_attribute_debug ? "true" : "false");
    }
    if (!platform_) return;
    claim("fmspc", to_hex(platform_->fmspc));
    number("pcesvn", platform_->pce_svn);
    std::string components;
    for (uint16_t component : platform_->components)
        components += (components.empty() ? "" : ",") + std::to_string(component);
    claim("pck_components", components);
}

void verify_quote(const Quote& quote, const Evidence& evidence, const VerifyOptions& options,
                  Verdict& verdict) {
    QuoteVerifier(quote, evidence, options, verdict).run();
    apply_policy(*options.policy, quote, evidence, options.expected_report_data, verdict);
}

}  // namespace litebox::attest
