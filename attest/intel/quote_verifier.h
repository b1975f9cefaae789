// One verification of a quote, step by step. Each step is a check of its own and runs whenever what it needs
// is there, so that a verdict tells everything that is wrong, not only the first thing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/intel/pck.h"
#include "attest/intel/tcb_info.h"
#include "attest/intel/tcb_match.h"
#include "attest/verify.h"
#include "attest/x509/path.h"

namespace litebox::attest {

class QuoteVerifier {
  public:
    QuoteVerifier(const Quote& quote, const Evidence& evidence, const VerifyOptions& options,
                  Verdict& verdict);

    void run();

  private:
    /// Who signed a document, and how it is connected to a root.
    struct Endorsement {
        CertificatePointer signer;  // null: none of the candidates
        PathResult path;
    };
    /// A document chosen among those that fit.
    template <typename Document>
    struct Chosen {
        std::shared_ptr<const Document> document;
        Endorsement endorsement;
    };

    // quote_verifier.cpp: what the quote itself says.
    void gather();
    void gather(const PreparedCollateral& collateral);
    void check_form();
    void find_pck_certificate();
    std::vector<CertificatePointer> pck_candidates(std::string& complaint);
    std::vector<CertificatePointer> pck_candidates_by_platform(std::string& complaint) const;
    bool signed_qe_report(const Certificate& pck) const;
    void check_pck_chain();
    void check_qe_report();
    void check_attestation_key();
    void check_quote_signature();
    void add_claims();

    // collateral_checks.cpp: what Intel says about the platform.
    void check_pck_revocation();
    void check_revocation_of(std::string_view id, const std::vector<const Path*>& paths);
    void choose_tcb_info();
    void choose_identity();
    template <typename Document>
    void choose(const std::vector<std::shared_ptr<const Document>>& fitting, Chosen<Document>& out);
    Endorsement endorse(const IntelDocument& document);
    void check_document(std::string_view id, const IntelDocument& document, const Endorsement& endorsement);
    void check_signing_revocation();
    void check_policy_of_collateral();
    void check_quoting_enclave();
    void check_tdx_module();
    void check_tcb_level();

    const TdReportBody* td() const { return std::get_if<TdReportBody>(&quote_.body); }
    SignatureMemory* memory() const { return &options_.prepared->signatures(); }

    const Quote& quote_;
    const Evidence& evidence_;
    const VerifyOptions& options_;
    Verdict& verdict_;

    TrustAnchors anchors_;
    std::vector<CertificatePointer> certificates_;
    std::vector<RevocationListPointer> revocation_lists_;
    std::vector<std::shared_ptr<const TcbInfo>> tcb_infos_;
    std::vector<std::shared_ptr<const EnclaveIdentity>> identities_;
    size_t quote_certificates_ = 0;  // how many of certificates_, from the front, came within the quote
    std::string quote_certificates_fault_;

    CertificatePointer pck_;
    Path pck_path_;
    std::optional<PckExtension> platform_;
    Chosen<TcbInfo> tcb_info_;
    Chosen<EnclaveIdentity> identity_;
    std::optional<TcbRating> qe_rating_;
    std::vector<RevocationListPointer> lists_used_;
};

}  // namespace litebox::attest
