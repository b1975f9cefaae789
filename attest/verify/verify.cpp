#include "attest/verify.h"

#include <algorithm>
#include <memory>

#include "attest/base/crypto.h"

namespace litebox::attest {

namespace {

constexpr CheckRule evidence_rule[] = {{"evidence", "the evidence is of a form that is judged"}};
constexpr CheckRule runtime_data_rule[] = {
    {"runtime-data",
     "report data begins with the hash of the runtime data that came with the evidence, as Azure binds it"}};

Field<32> published(std::string_view hex) {
    Field<32> digest{};
    auto bytes = from_hex(hex);
    std::ranges::copy(*bytes, digest.begin());
    return digest;
}

ByteView report_data_of(const Evidence& evidence) {
    if (const auto* report = std::get_if<SnpReport>(&evidence.body)) return report->report_data;
    const auto* quote = std::get_if<Quote>(&evidence.body);
    if (!quote) return {};
    if (const auto* td = std::get_if<TdReportBody>(&quote->body)) return td->report_data;
    return std::get<SgxReportBody>(quote->body).report_data;
}

/// Runtime data names keys that a caller will go on to trust.
void check_runtime_data(const Evidence& evidence, Verdict& verdict) {
    if (evidence.runtime_data.empty()) return;
    verdict.expect(runtime_data_rule);
    if (evidence.runtime_data_hash < 1 || evidence.runtime_data_hash > 3) {
        return verdict.fail("runtime-data", Status::unsupported, std::to_string(evidence.runtime_data_hash),
                            "an unknown hash function");
    }
    constexpr Hash hashes[] = {Hash::sha256, Hash::sha384, Hash::sha512};
    Bytes bound = digest(hashes[evidence.runtime_data_hash - 1], {evidence.runtime_data});
    ByteView report_data = report_data_of(evidence);
    bool good = report_data.size() >= bound.size() && equal(report_data.first(bound.size()), bound) &&
                all_zero(report_data.subspan(bound.size()));
    if (good) return verdict.pass("runtime-data", to_hex(bound));
    verdict.fail("runtime-data", Status::forged, to_hex(bound), "report data is about other runtime data",
                 "the wrapping was changed on its way, or put together from several");
}

struct Judge {
    const Evidence& evidence;
    const VerifyOptions& options;
    Verdict& verdict;

    void operator()(const Quote& quote) const { verify_quote(quote, evidence, options, verdict); }
    void operator()(const SnpReport& report) const { verify_snp(report, evidence, options, verdict); }
    void operator()(const EpidVerificationReport& report) const { verify_epid(report, options, verdict); }
    void operator()(const EpidQuote&) const {
        refuse("epid", "an EPID quote",
               "only Intel's attestation service could open it, and that ended in 2025",
               "verify the service's archived report about it, if you have one; move to DCAP");
    }
    void operator()(const LocalReport& report) const {
        refuse(report.tdx ? "tdx" : "sgx", report.tdx ? "a TDREPORT" : "an SGX REPORT",
               "it is bound to its machine by a secret of that machine, and proves nothing elsewhere",
               "have the quoting enclave on that machine turn it into a quote");
    }

  private:
    void refuse(const char* technology, const char* what, const char* reason, const char* hint) const {
        verdict.technology = technology;
        verdict.expect(evidence_rule);
        verdict.fail("evidence", Status::unsupported, what, reason, hint);
    }
};

}  // namespace

Roots Roots::production() {
    Roots roots;
    roots.pinned_intel = {published("44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3")};
    roots.pinned_amd = {
        published("69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"),   // ARK-Milan
        published("4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"),   // ARK-Genoa
        published("1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a")};  // ARK-Turin
    roots.pinned_intel_epid = {published("7b42e41ec43b91db834a065de4f98a13c44d695570e839cfa8921e584e40735d")};
    return roots;
}

Verdict verify(const Evidence& evidence, const VerifyOptions& given) {
    static const Roots production = Roots::production();
    static const Policy default_policy;
    VerifyOptions options = given;
    if (!options.roots) options.roots = &production;
    if (!options.policy) options.policy = &default_policy;
    std::unique_ptr<PreparedCollateral> prepared;
    if (!options.prepared) {
        prepared =
            std::make_unique<PreparedCollateral>(options.collateral ? *options.collateral : Collateral());
        options.prepared = prepared.get();
    }
    Verdict verdict;
    verdict.now = options.now;
    std::visit(Judge{evidence, options, verdict}, evidence.body);
    check_runtime_data(evidence, verdict);
    return verdict;
}

Verdict verify(ByteView bytes, const VerifyOptions& options) {
    auto evidence = recognise_evidence(bytes);
    if (evidence) return verify(*evidence, options);
    Verdict verdict;
    verdict.now = options.now;
    verdict.expect(evidence_rule);
    verdict.fail("evidence", Status::malformed, std::to_string(bytes.size()) + " bytes",
                 evidence.error().message,
                 "pass what the guest's quoting interface gave, whole and unchanged");
    return verdict;
}

}  // namespace litebox::attest
