// EPID, which Intel ended in 2025. A third party cannot open such a quote; what it can judge is the report
// that Intel's attestation service made about it, as an archived document.
#include <algorithm>

#include "attest/base/json.h"
#include "attest/verify.h"
#include "attest/x509/path.h"

namespace litebox::attest {

namespace {

constexpr size_t quote_body_size = 432;
constexpr uint16_t epid_version = 2;
constexpr std::string_view signing_name = "SGX Attestation Report Signing";

constexpr CheckRule rules[] = {
    {"epid-certificate", "the certificate of the attestation service is there"},
    {"epid-chain", "it leads to the trusted root of the service, every certificate in its time"},
    {"epid-revocation", "no revocation list of the service's root that is at hand names its certificate"},
    {"epid-signature", "the service signed the exact bytes of the report (RSA PKCS #1 v1.5, SHA-256)"},
    {"epid-report", "the report is of version 3 or 4 and complete, with a quote in it"},
    {"epid-time", "the report is not from the future"},
    {"epid-status", "the service found the quote to be genuine and not revoked"},
};

struct EpidStatus {
    std::string_view word;
    TcbStatus status;
    Status refusal;  // accepted: the policy decides by `status`
};
constexpr EpidStatus statuses[] = {
    {"OK", TcbStatus::up_to_date, Status::accepted},
    {"GROUP_OUT_OF_DATE", TcbStatus::out_of_date, Status::accepted},
    {"CONFIGURATION_NEEDED", TcbStatus::configuration_needed, Status::accepted},
    {"SW_HARDENING_NEEDED", TcbStatus::sw_hardening_needed, Status::accepted},
    {"CONFIGURATION_AND_SW_HARDENING_NEEDED", TcbStatus::configuration_and_sw_hardening_needed,
     Status::accepted},
    {"SIGNATURE_INVALID", TcbStatus::unknown, Status::forged},
    {"GROUP_REVOKED", TcbStatus::revoked, Status::revoked},
    {"SIGNATURE_REVOKED", TcbStatus::revoked, Status::revoked},
    {"KEY_REVOKED", TcbStatus::revoked, Status::revoked},
    {"SIGRL_VERSION_MISMATCH", TcbStatus::unknown, Status::unsupported},
};

struct ParsedReport {
    Time made;
    std::string status;
    std::vector<std::string> advisories;
    EpidQuote quote;
};

Result<ParsedReport> parse_report(const std::string& body) {
    Json json = ATTEST_TRY(Json::parse(body));
    ParsedReport report;
    int64_t version = ATTEST_TRY(json.integer_member("version"));
    if (version != 3 && version != 4)
        return Error{"a report of version " + std::to_string(version) + "; 3 and 4 are judged"};
    // Written without a zone; UTC is meant.
    report.made = ATTEST_TRY(parse_time(ATTEST_TRY(json.text_member("timestamp")) + "Z"));
    report.status = ATTEST_TRY(json.text_member("isvEnclaveQuoteStatus"));
    Bytes quote = ATTEST_TRY(from_base64(ATTEST_TRY(json.text_member("isvEnclaveQuoteBody"))));
    if (quote.size() != quote_body_size)
        return Error{"a quote body of " + std::to_string(quote.size()) + " bytes; it has 432"};
    report.quote = ATTEST_TRY(parse_epid_quote(quote));
    report.advisories = ATTEST_TRY(json.texts_member("advisoryIDs"));
    std::ranges::sort(report.advisories);
    auto repeated = std::unique(report.advisories.begin(), report.advisories.end());
    report.advisories.erase(repeated, report.advisories.end());
    return report;
}

/// Lists ended with the service, so that none can be asked for; one that is there is believed.
void check_revocation_of(const Path& path, const VerifyOptions& options, Verdict& verdict) {
    using Kind = RevocationResult::Kind;
    RevocationResult found =
        check_revocation(*path[0], *path[path.size() > 1], options.prepared->revocation_lists(), options.now,
                         &options.prepared->signatures());
    std::string name = path[0]->common_name();
    if (found.kind == Kind::good) return verdict.pass("epid-revocation", name);
    if (found.kind == Kind::revoked)
        return verdict.fail("epid-revocation", Status::revoked, name, found.message);
    verdict.not_applicable("epid-revocation", found.message);
}

void check_signature(const EpidVerificationReport& report, const std::string& own_time,
                     const VerifyOptions& options, Verdict& verdict) {
    SignatureMemory* memory = &options.prepared->signatures();
    std::vector<CertificatePointer> certificates;
    auto chain = parse_pem(report.chain);
    if (!chain) return verdict.fail("epid-certificate", Status::malformed, "chain", chain.error().message);
    for (const PemBlock& block : *chain) {
        if (auto certificate = Certificate::parse(block.der)) certificates.push_back(*certificate);
    }
    certificates.insert(certificates.end(), options.prepared->certificates().begin(),
                        options.prepared->certificates().end());

    SignedObject object{
        as_bytes(report.body), {SignatureAlgorithm::Scheme::rsa_pkcs1, Hash::sha256}, report.signature};
    CertificatePointer signer;
    bool verified = false;
    constexpr size_t maximum_tried = 16;
    size_t tried = 0;
    for (const CertificatePointer& certificate : certificates) {
        if (certificate->is_authority() || certificate->common_name().find(signing_name) == std::string::npos)
            continue;
        if (verified || tried++ == maximum_tried) break;
        verified = verify_signature(*certificate, object, memory);
        if (verified || !signer) signer = certificate;
    }
    if (!signer) {
        return verdict.fail("epid-certificate", Status::wrong_collateral, {},
                            "no certificate of the attestation service is there",
                            "put the chain that came with the report (a response header of the service) "
                            "beside the collateral");
    }
    verdict.pass("epid-certificate", signer->common_name());
    if (verified) {
        verdict.pass("epid-signature", std::to_string(report.body.size()) + " bytes");
    } else {
        verdict.fail("epid-signature", Status::forged, std::to_string(report.body.size()) + " bytes",
                     "the service did not sign these bytes",
                     "keep the exact bytes of the report: not formatted, nothing added");
    }
    TrustAnchors anchors = TrustAnchors::from(options.roots->intel_epid, options.roots->pinned_intel_epid);
    PathResult path = build_path(signer, certificates, anchors, options.now, memory);
    if (!path.path.empty()) check_revocation_of(path.path, options, verdict);
    if (path.ok()) return verdict.pass("epid-chain", path.path.back()->common_name());
    Status kind = path.fault == PathFault::expired  ? Status::expired_collateral
                  : path.fault == PathFault::forged ? Status::forged
                                                    : Status::untrusted;
    verdict.fail("epid-chain", kind, signer->common_name(), path.message,
                 kind == Status::expired_collateral
                     ? "an archived report is judged at its own time: --at " + own_time
                     : "put the service's root beside the collateral");
}

void check_status(const ParsedReport& report, Verdict& verdict) {
    auto found = std::ranges::find(statuses, report.status, &EpidStatus::word);
    if (found == std::end(statuses)) {
        return verdict.fail("epid-status", Status::unsupported, report.status,
                            "a status that nobody has defined");
    }
    verdict.tcb_status = found->status;
    verdict.advisories = report.advisories;
    if (found->refusal == Status::accepted) return verdict.pass("epid-status", report.status);
    verdict.fail("epid-status", found->refusal, report.status, "the service refused the quote");
}

void add_claims(const ParsedReport& report, Verdict& verdict) {
    const SgxReportBody& body = report.quote.body;
    verdict.claims = {{"mrenclave", to_hex(body.mr_enclave)},
                      {"mrsigner", to_hex(body.mr_signer)},
                      {"isvprodid", std::to_string(body.isv_prod_id)},
                      {"isvsvn", std::to_string(body.isv_svn)},
                      {"report_data", to_hex(body.report_data)},
                      {"epid_group_id", to_hex(report.quote.group_id)},
                      {"debug", body.attributes & sgx_attribute_debug ? "true" : "false"},
                      {"timestamp", to_string(report.made)},
                      {"status", report.status}};
}

}  // namespace

Result<EpidQuote> parse_epid_quote(ByteView bytes) {
    EpidQuote quote{};
    Reader reader(bytes);
    quote.version = reader.u16();
    quote.sign_type = reader.u16();
    quote.group_id = reader.array<4>();
    quote.qe_svn = reader.u16();
    quote.pce_svn = reader.u16();
    quote.xeid = reader.u32();
    quote.basename = reader.array<32>();
    ByteView body = reader.take(sgx_report_body_size);
    if (reader.failed()) return Error{"an EPID quote that ends within its 432 bytes of header and body"};
    if (quote.version != epid_version)
        return Error{"an EPID quote of version " + std::to_string(quote.version) + "; it has 2"};
    quote.body = ATTEST_TRY(parse_sgx_report_body(body));
    if (!reader.remaining()) return quote;
    quote.encrypted_signature = to_bytes(reader.take(reader.u32()));
    if (reader.failed() || reader.remaining())
        return Error{"an EPID quote whose signature does not end where it says"};
    return quote;
}

void verify_epid(const EpidVerificationReport& report, const VerifyOptions& options, Verdict& verdict) {
    verdict.technology = "epid";
    verdict.expect(rules);
    auto parsed = parse_report(report.body);
    check_signature(report, parsed ? to_string(parsed->made) : "the time in it", options, verdict);
    if (!parsed) return verdict.fail("epid-report", Status::malformed, {}, parsed.error().message);
    verdict.pass("epid-report", parsed->status + " at " + to_string(parsed->made));
    if (options.now < parsed->made) {
        verdict.fail("epid-time", Status::expired_collateral, to_string(parsed->made),
                     "it is from after " + to_string(options.now), "check the clock (--at)");
    } else {
        verdict.pass("epid-time", to_string(parsed->made));
    }
    check_status(*parsed, verdict);
    add_claims(*parsed, verdict);
    verdict.tcb_date = parsed->made;
    verdict.notes.push_back("This proves what Intel's attestation service found at " +
                            to_string(parsed->made) +
                            ", and nothing about any later time: the service ended in 2025, so what was "
                            "revoked or found vulnerable since "
                            "cannot be asked, and no fresh report can be had.");
    verdict.notes.push_back("The EPID signature itself was checked by the service alone: nobody else can.");
    // For the policy an enclave is an enclave, whoever vouches for it.
    Quote enclave{};
    enclave.body = parsed->quote.body;
    apply_policy(*options.policy, enclave, Evidence{enclave, {}, {}, {}, {}, {}, 0, {}},
                 options.expected_report_data, verdict);
}

}  // namespace litebox::attest
