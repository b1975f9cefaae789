// Knobs of simulated EPID, which Intel ended in 2025: quotes of version 2, and the attestation service's
// archived report about one under a simulated report signing root. EpidKnobs::archived() is filled so that
// the report verifies; change any field from there.
#pragma once

#include <string>
#include <vector>

#include "attest/evidence.h"
#include "attest/simulate/certificate.h"
#include "attest/simulate/patch.h"

namespace litebox::attest::simulate {

struct EpidQuoteSpec {
    uint16_t version = 2;
    uint16_t sign_type = 0;  // 1: linkable
    Field<4> group_id{};
    uint16_t qe_svn = 11, pce_svn = 10;
    uint32_t xeid = 0;
    Field<32> basename{};
    SgxReportBody body{};
    /// What only the service could open: nothing that anyone else can tell from other bytes.
    Bytes encrypted_signature;
    std::vector<Patch> patches;
};

struct EpidReportSpec {
    std::string id = "221964965504293408825451095104791908906";
    Time timestamp;
    int version = 4;
    std::string status = "OK";  // isvEnclaveQuoteStatus
    std::vector<std::string> advisories;
    std::string nonce, platform_info;  // empty: the member is left out
    std::string signing_key = "report-signing";
    std::vector<Replacement> replacements;         // of text, before signing
    std::vector<Replacement> signed_replacements;  // after signing: must break the signature
};

struct EpidKnobs {
    std::string seed = "litebox";
    Time now;  // changed by issue_at()
    CertificateSpec root, signing;
    RevocationListSpec crl;  // of the root
    EpidQuoteSpec quote;
    EpidReportSpec report;
    bool omit_crl = false;

    static EpidKnobs archived();
    /// Makes `now` the time of the simulation: the service reported a minute before.
    void issue_at(Time now);
};

/// The whole quote, signature included.
Bytes make_epid_quote(const EpidQuoteSpec& spec);
/// What the service answered: the report's exact bytes, their signature and its chain, leaf first.
EpidVerificationReport make_epid_report(const EpidKnobs& knobs);
/// {"report":"...","signature":base64,"chain":PEM}: all three in one document.
std::string epid_report_json(const EpidVerificationReport& report);

}  // namespace litebox::attest::simulate
