#include <algorithm>

#include "attest/eventlog/eventlog.h"
#include "attest/evidence.h"
#include "attest/policy/apply.h"

namespace litebox::attest {

namespace {

constexpr CheckRule common_rules[] = {
    {"policy-debug", "what runs inside is no debug build, unless the policy allows it"},
    {"policy-identity", "the policy pins the code"},
    {"policy-report-data", "report data is what the caller or the policy expects"},
    {"policy-tcb", "the TCB status is one that the policy accepts"},
    {"policy-advisories", "of an accepted status other than UpToDate, the policy accepts every advisory"},
};
constexpr CheckRule sgx_rules[] = {
    {"policy-mr-enclave", "MRENCLAVE is one that the policy lists"},
    {"policy-signer", "MRSIGNER, with product and security version, is one that the policy lists"},
    {"policy-config-id", "CONFIGID is as the policy says"},
    {"policy-family-id", "ISVFAMILYID is as the policy says"},
    {"policy-ext-product-id", "ISVEXTPRODID is as the policy says"},
    {"policy-config-svn", "CONFIGSVN is at least the policy's"},
    {"policy-attributes", "ATTRIBUTES are as the policy says"},
    {"policy-xfrm", "XFRM is as the policy says"},
    {"policy-provision-key", "the enclave cannot use the provisioning key, unless the policy allows it"},
};
constexpr CheckRule tdx_rules[] = {
    {"policy-mr-td", "MRTD is one that the policy lists"},
    {"policy-mr-seam", "MRSEAM is one that the policy lists"},
    {"policy-rtmr0", "RTMR0 is one that the policy lists"},
    {"policy-rtmr1", "RTMR1 is one that the policy lists"},
    {"policy-rtmr2", "RTMR2 is one that the policy lists"},
    {"policy-rtmr3", "RTMR3 is one that the policy lists"},
    {"policy-mr-config-id", "MRCONFIGID is as the policy says"},
    {"policy-mr-owner", "MROWNER is as the policy says"},
    {"policy-mr-owner-config", "MROWNERCONFIG is as the policy says"},
    {"policy-td-attributes", "TD attributes are as the policy says"},
    {"policy-xfam", "XFAM is as the policy says"},
    {"policy-sept-ve-disable",
     "the host cannot inject #VE on guest memory: SEPT_VE_DISABLE (TD attributes bit 28)"},
    {"policy-service-td", "no service TD is bound, unless the policy allows it: MRSERVICETD is zero"},
    {"policy-tee-tcb-svn", "each component of TEE_TCB_SVN is at least the policy's"},
    {"event-log-replay", "the event log, replayed, gives the quote's RTMRs"},
    {"policy-events", "each event outside pinned registers is one that the policy lists"},
};
// The whole group of attributes that make a TD untrusted (TDX module, ATTRIBUTES.TUD), of which DEBUG is one.
constexpr uint64_t td_debug = 0xff, td_sept_ve_disable = 1ull << 28;

/// The key that comes with Intel's SDK for its samples: everyone has it.
constexpr uint8_t sample_signer[32] = {0x83, 0xd7, 0x19, 0xe7, 0x7d, 0xea, 0xca, 0x14, 0x70, 0xf6, 0xba,
                                       0xf6, 0x2a, 0x4d, 0x77, 0x43, 0x03, 0xc8, 0x99, 0xdb, 0x69, 0x02,
                                       0x0f, 0x9c, 0x70, 0xee, 0x1d, 0xfc, 0x08, 0xc7, 0xce, 0x9e};

bool is_signer(const SgxSigner& wanted, const SgxReportBody& body) {
    return equal(wanted.mr_signer, body.mr_signer) &&
           (!wanted.product || *wanted.product == body.isv_prod_id) && body.isv_svn >= wanted.minimum_svn;
}

void judge_signer(PolicyJudge& judge, const SgxReportBody& body) {
    const Policy::Sgx& policy = judge.policy().sgx;
    if (policy.signers.empty()) return judge.open("policy-signer");
    std::string input = to_hex(body.mr_signer) + ", product " + std::to_string(body.isv_prod_id) +
                        ", version " + std::to_string(body.isv_svn);
    if (equal(body.mr_signer, sample_signer) && policy.mr_enclave.empty())
        return judge.require("policy-signer", false, input,
                             "the signer is the SDK's sample key, with which anyone can sign",
                             "sign with a key of your own, or list MRENCLAVE");
    bool listed =
        std::ranges::any_of(policy.signers, [&](const SgxSigner& one) { return is_signer(one, body); });
    bool known = std::ranges::any_of(
        policy.signers, [&](const SgxSigner& one) { return equal(one.mr_signer, body.mr_signer); });
    judge.require("policy-signer", listed, input,
                  known ? "the signer is listed, but for another product or a newer version"
                        : "[sgx] signers does not list it");
}

void judge_sgx(PolicyJudge& judge, const SgxReportBody& body) {
    const Policy::Sgx& policy = judge.policy().sgx;
    judge.verdict().expect(sgx_rules);
    judge.debug(body.attributes & sgx_attribute_debug);
    judge.identity(!policy.mr_enclave.empty() || !policy.signers.empty(),
                   "list MRENCLAVE under [sgx] mr_enclave (`litebox measure sgx` computes it) or the signer "
                   "under signers");
    judge.one_of("policy-mr-enclave", body.mr_enclave, policy.mr_enclave,
                 "another build, or another program");
    judge_signer(judge, body);
    judge.equals("policy-config-id", body.config_id, policy.config_id);
    judge.equals("policy-family-id", body.isv_family_id, policy.family_id);
    judge.equals("policy-ext-product-id", body.isv_ext_prod_id, policy.ext_product_id);
    judge.at_least("policy-config-svn", body.config_svn, policy.minimum_config_svn);
    judge.masked("policy-attributes", body.attributes, policy.attributes);
    judge.masked("policy-xfrm", body.xfrm, policy.xfrm);
    bool provision = body.attributes & sgx_attribute_provision_key;
    judge.require("policy-provision-key", !provision || policy.allow_provision_key,
                  provision ? "usable" : "not usable",
                  "the enclave can derive keys that identify the platform across owners");
}

void judge_tee_tcb_svn(PolicyJudge& judge, const TdReportBody& body) {
    const std::optional<Bytes>& minimum = judge.policy().tdx.minimum_tee_tcb_svn;
    if (!minimum) return judge.open("policy-tee-tcb-svn");
    for (size_t i = 0; i < body.tee_tcb_svn.size(); i++)
        if (body.tee_tcb_svn[i] < (*minimum)[i])
            return judge.require("policy-tee-tcb-svn", false, to_hex(body.tee_tcb_svn),
                                 "component " + std::to_string(i) + " is " +
                                     std::to_string(body.tee_tcb_svn[i]) + ", needs " +
                                     std::to_string((*minimum)[i]),
                                 "update the host's TDX module");
    judge.require("policy-tee-tcb-svn", true, to_hex(body.tee_tcb_svn), {});
}

/// Why the log is not this quote's; empty: it is.
std::string replay_fault(const Result<EventLog>& log, const TdReportBody& body) {
    if (!log) return log.error().message;
    Result<Rtmrs> registers = replay_rtmrs(*log);
    if (!registers) return registers.error().message;
    for (size_t i = 0; i < 4; i++)
        if ((*registers)[i] != body.rtmr[i])
            return "RTMR" + std::to_string(i) + " of the quote is " + to_hex(body.rtmr[i]) +
                   ", the log leads to " + to_hex((*registers)[i]);
    return {};
}

void judge_events_of(PolicyJudge& judge, const TdReportBody& body, ByteView bytes) {
    const Policy::Tdx& policy = judge.policy().tdx;
    Verdict& verdict = judge.verdict();
    bool wanted = policy.require_event_log || !policy.events.empty();
    if (bytes.empty()) {
        if (wanted)
            judge.require("event-log-replay", false, "none",
                          "no event log came with the quote, and the policy asks for one",
                          "pass the guest's CCEL (/sys/firmware/acpi/tables/data/CCEL) with --event-log");
        else
            verdict.not_applicable("event-log-replay", "no event log came with the quote");
        if (policy.events.empty()) judge.open("policy-events");
        return;
    }
    Result<EventLog> log = parse_event_log(bytes);
    std::string fault = replay_fault(log, body);
    if (fault.empty())
        verdict.pass("event-log-replay", std::to_string(log->events.size()) + " events");
    else
        verdict.fail("event-log-replay", Status::forged, {}, fault,
                     "pass the log of the same boot, taken together with the quote");
    if (policy.events.empty()) return judge.open("policy-events");
    if (!fault.empty()) return;  // not run: a log that is not the quote's says nothing
    std::string uncovered = judge_events(*log, policy);
    judge.require("policy-events", uncovered.empty(), {}, uncovered,
                  "`litebox attest show` lists every event with its digest");
}

void judge_tdx(PolicyJudge& judge, const TdReportBody& body, ByteView event_log) {
    const Policy::Tdx& policy = judge.policy().tdx;
    judge.verdict().expect(tdx_rules);
    judge.debug(body.td_attributes & td_debug);
    judge.identity(!policy.mr_td.empty(),
                   "list the firmware's measurement under [tdx] mr_td; `litebox measure tdx` computes it");
    judge.one_of("policy-mr-td", body.mr_td, policy.mr_td,
                 "`litebox attest explain-mismatch` searches for the input that differs");
    judge.one_of("policy-mr-seam", body.mr_seam, policy.mr_seam);
    constexpr std::string_view rtmr_ids[] = {"policy-rtmr0", "policy-rtmr1", "policy-rtmr2", "policy-rtmr3"};
    for (size_t i = 0; i < 4; i++) judge.one_of(rtmr_ids[i], body.rtmr[i], policy.rtmr[i]);
    judge.equals("policy-mr-config-id", body.mr_config_id, policy.mr_config_id);
    judge.equals("policy-mr-owner", body.mr_owner, policy.mr_owner);
    judge.equals("policy-mr-owner-config", body.mr_owner_config, policy.mr_owner_config);
    judge.masked("policy-td-attributes", body.td_attributes, policy.attributes);
    judge.masked("policy-xfam", body.xfam, policy.xfam);
    judge.require("policy-sept-ve-disable",
                  !policy.require_sept_ve_disable || (body.td_attributes & td_sept_ve_disable),
                  hex_number(body.td_attributes), "the host can make any page of the guest fault",
                  "launch the TD with SEPT_VE_DISABLE; or set [tdx] require_sept_ve_disable = false if its "
                  "kernel withstands that");
    bool service = body.is_1_5 && !all_zero(body.mr_service_td);
    judge.require("policy-service-td", !service || policy.allow_service_td,
                  service ? to_hex(body.mr_service_td) : "none",
                  "a service TD, for migration say, has access to the guest");
    judge_tee_tcb_svn(judge, body);
    judge_events_of(judge, body, event_log);
    if (policy.rtmr[1].empty() && policy.rtmr[2].empty() && policy.events.empty())
        judge.verdict().notes.push_back(
            "The policy pins no RTMR and no event: MRTD covers the firmware, not the kernel and what it "
            "runs.");
}

}  // namespace

void apply_policy(const Policy& policy, const Quote& quote, const Evidence& evidence,
                  ByteView expected_report_data, Verdict& verdict) {
    verdict.expect(common_rules);
    PolicyJudge judge(policy, verdict);
    judge.tcb();
    if (const auto* td = std::get_if<TdReportBody>(&quote.body)) {
        judge.report_data(td->report_data, expected_report_data);
        judge_tdx(judge, *td, evidence.event_log);
    } else {
        const SgxReportBody& body = std::get<SgxReportBody>(quote.body);
        judge.report_data(body.report_data, expected_report_data);
        judge_sgx(judge, body);
    }
}

}  // namespace litebox::attest
