// Every row of expected.json about SGX, TDX and EPID: real quotes, real TCB info, real refusals.
#include <gtest/gtest.h>

#include <algorithm>

#include "attest/base/json.h"
#include "attest/intel/pck.h"
#include "attest/intel/tcb_info.h"
#include "attest/simulate/simulate.h"
#include "attest/verify.h"
#include "attest/x509/path.h"
#include "tests/unit/attest/vectors.h"

namespace litebox::attest {
namespace {

/// Everything but the TCB status of the code is open: what is tested here is Intel's part.
Policy open_policy() {
    Policy policy = simulate::any_code_policy();
    policy.allow_debug = true;
    policy.tdx.require_sept_ve_disable = false;
    return policy;
}

const Json& expected() {
    static const std::string text(as_text(tests::vector_file("expected.json")));
    static const Json json = Json::parse(text).value();
    return json;
}

Collateral collateral_of(const std::vector<std::string>& files) {
    Collateral collateral;
    for (const std::string& file : files) EXPECT_TRUE(collateral.add(tests::vector_file(file), file)) << file;
    return collateral;
}

const std::vector<std::string> issuer_chains = {
    "collateral/cai_tcb_signing_chain.pem", "sgx/mobilecoin_tcb_signer.pem", "sgx/mobilecoin_root_ca.pem"};

Verdict verify_at(const std::string& evidence, const Collateral& collateral, const std::string& time,
                  const Policy& policy) {
    VerifyOptions options;
    options.now = parse_time(time).value();
    options.collateral = &collateral;
    options.policy = &policy;
    return verify(tests::vector_file(evidence), options);
}

void expect_passed(const Verdict& verdict, std::initializer_list<const char*> checks) {
    for (const char* id : checks) EXPECT_EQ(verdict.state(id), CheckState::passed) << id;
}

void expect_claim(const Verdict& verdict, const Json& row, const char* key, const char* claim) {
    const Json* wanted = row.find(key);
    if (!wanted || wanted->is(Json::Kind::null)) return;
    std::string text = wanted->is(Json::Kind::string) ? wanted->string() : std::to_string(wanted->integer());
    auto found = std::ranges::find(verdict.claims, claim, &std::pair<std::string, std::string>::first);
    ASSERT_NE(found, verdict.claims.end()) << claim;
    EXPECT_EQ(found->second, text) << claim;
}

std::string refusals(const Verdict& verdict) {
    std::string text;
    for (const Check& check : verdict.checks()) {
        if (check.state == CheckState::failed)
            text += check.id + ": " + check.input + ": " + check.reason + "\n";
        if (check.state == CheckState::not_run) text += check.id + ": not run\n";
    }
    return text;
}

TEST(IntelVectors, every_quote_of_the_list_is_genuine_and_says_what_the_list_says) {
    NEEDS_VECTORS();
    size_t count = 0;
    for (const Json& row : expected().find("evidence")->items()) {
        std::string id = row.text_member("id").value();
        if (id.starts_with("snp")) continue;
        SCOPED_TRACE(id);
        count++;
        Verdict verdict = verify_at(id, Collateral(), "2026-02-20T00:00:00Z", open_policy());
        // One has a line of text behind, "for testing": it is no quote and nothing else, and so not what was
        // made.
        bool padded = id != "tdx/google_spr_e4_v4.bin";
        EXPECT_EQ(verdict.state("quote-form"), padded ? CheckState::passed : CheckState::failed);
        expect_passed(verdict, {"pck-certificate", "pck-chain", "pck-extension", "qe-report-signature",
                                "attestation-key", "quote-signature"});
        EXPECT_EQ(verdict.technology, row.text_member("kind").value().substr(0, 3));
        for (const char* same : {"fmspc", "pcesvn", "mrenclave", "mrsigner", "isvprodid", "isvsvn",
                                 "report_data", "mrtd", "mrseam", "tee_tcb_svn"}) {
            expect_claim(verdict, row, same, same);
        }
        expect_claim(verdict, row, "tee_tcb_svn2", "tee_tcb_svn2");
        expect_claim(verdict, row, "version", "quote_version");
        Quote quote = std::get<Quote>(recognise_evidence(tests::vector_file(id)).value().body);
        EXPECT_EQ(static_cast<int64_t>(quote.trailing.size()), row.integer_member("trailing").value());
        EXPECT_EQ(static_cast<int64_t>(quote.cert_type), row.integer_member("cert_type").value());
        if (const Json* rtmrs = row.find("rtmr")) {
            for (size_t i = 0; i < 4; i++)
                EXPECT_EQ(to_hex(std::get<TdReportBody>(quote.body).rtmr[i]), rtmrs->items()[i].string());
        }
    }
    EXPECT_EQ(count, 21u);
}

TEST(IntelVectors, every_pair_of_quote_and_tcb_info_has_the_status_of_the_list) {
    NEEDS_VECTORS();
    size_t count = 0;
    for (const Json& row : expected().find("tcb")->items()) {
        std::string quote = row.text_member("quote").value(), info = row.text_member("tcbinfo").value();
        SCOPED_TRACE(quote + " with " + info);
        std::vector<std::string> files = issuer_chains;
        files.push_back(info);
        std::string begin = row.text_member("window").value();
        begin.resize(begin.find('/'));
        Verdict verdict = verify_at(quote, collateral_of(files), begin, open_policy());
        EXPECT_EQ(to_string(verdict.tcb_status), row.text_member("verdict").value()) << refusals(verdict);
        expect_passed(verdict, {"tcb-info", "tcb-info-signature", "tcb-info-time"});
        count++;
    }
    EXPECT_EQ(count, 64u);
}

struct WholeCase {
    const char* evidence;
    std::vector<std::string> files;
    const char* time;
    TcbStatus status;
};

TEST(IntelVectors, quotes_with_all_their_collateral_are_accepted) {
    NEEDS_VECTORS();
    const WholeCase cases[] = {
        {"sgx/phala_quote.bin",
         {"sgx/phala_collateral.json"},
         "2025-06-20T00:00:00Z",
         TcbStatus::configuration_and_sw_hardening_needed},
        {"tdx/phala_quote.bin", {"tdx/phala_collateral.json"}, "2025-06-20T00:00:00Z", TcbStatus::up_to_date},
        {"tdx/oe_v5_moduleupdate.bin",
         {"tdx/phala_outdated_collateral.json"},
         "2026-02-19T00:00:00Z",
         TcbStatus::td_relaunch_advised},
        {"tdx/dstack_quote_report.json",
         {"tdx/phala_outdated_collateral.json"},
         "2026-02-19T00:00:00Z",
         TcbStatus::up_to_date},
        {"tdx/zkdcap_quote.bin",
         {"tdx/zkdcap_tcbinfov3_00806f050000.json", "tdx/zkdcap_qeidentityv2_tdx.json",
          "tdx/zkdcap_intel_root_ca_crl.der", "tdx/zkdcap_pck_platform_crl.der",
          "tdx/zkdcap_tcb_signing_cert.pem"},
         "2025-01-22T00:00:00Z",
         TcbStatus::out_of_date},
        {"tdx/cai_v4.bin",
         {"collateral/cai_tcb_info_50806f000000.json", "collateral/cai_td_qe_identity.json",
          "collateral/cai_pck_crl_platform.der", "collateral/cai_root_ca_crl.der",
          "collateral/cai_tcb_signing_chain.pem"},
         "2026-03-17T00:00:00Z",
         TcbStatus::out_of_date},
    };
    for (const WholeCase& c : cases) {
        SCOPED_TRACE(c.evidence);
        Policy policy = open_policy();
        policy.accepted_tcb = {c.status};
        policy.accepted_advisories = {"*"};
        Verdict verdict = verify_at(c.evidence, collateral_of(c.files), c.time, policy);
        EXPECT_TRUE(verdict.accepted()) << refusals(verdict);
        EXPECT_EQ(verdict.tcb_status, c.status);
    }
}

TEST(IntelVectors, a_platform_below_every_level_is_told_which_component_to_raise) {
    NEEDS_VECTORS();
    Verdict verdict =
        verify_at("tdx/phala_outdated_quote.bin", collateral_of({"tdx/phala_outdated_collateral.json"}),
                  "2026-02-19T00:00:00Z", open_policy());
    EXPECT_EQ(verdict.status(), Status::out_of_policy) << refusals(verdict);
    EXPECT_EQ(verdict.tcb_status, TcbStatus::not_supported);
    ASSERT_TRUE(verdict.reason());
    EXPECT_EQ(verdict.reason()->id, "tcb-level");
    EXPECT_NE(verdict.reason()->hint.find("component 8 is 3, needs 5"), std::string::npos)
        << verdict.reason()->hint;
    EXPECT_NE(verdict.reason()->hint.find("update the BIOS"), std::string::npos) << verdict.reason()->hint;
}

TEST(IntelVectors, collateral_out_of_its_time_is_a_verdict_of_its_own) {
    NEEDS_VECTORS();
    Collateral collateral = collateral_of({"tdx/phala_collateral.json"});
    for (const char* time : {"2025-06-01T00:00:00Z", "2025-07-20T00:00:00Z", "2026-11-01T00:00:00Z"}) {
        Verdict verdict = verify_at("tdx/phala_quote.bin", collateral, time, open_policy());
        EXPECT_EQ(verdict.status(), Status::expired_collateral) << time << "\n" << refusals(verdict);
    }
}

TEST(IntelVectors, natural_negatives_are_refused_for_what_is_wrong_with_them) {
    NEEDS_VECTORS();
    // One bit of the CA certificate's name is another: it issued nothing.
    Verdict damaged =
        verify_at("sgx_neg/oe_sgx_report_bad.bin", Collateral(), "2026-01-01T00:00:00Z", open_policy());
    EXPECT_EQ(damaged.status(), Status::untrusted) << refusals(damaged);
    EXPECT_EQ(damaged.reason()->id, "pck-chain");
    // Every signature is good, the platform too old.
    Verdict old = verify_at("tdx_neg/azure_failed_dcap_quote.bin",
                            collateral_of({"tdx/phala_outdated_collateral.json"}), "2026-02-19T00:00:00Z",
                            open_policy());
    EXPECT_EQ(old.status(), Status::out_of_policy) << refusals(old);
    EXPECT_EQ(old.tcb_status, TcbStatus::not_supported);
    // TCB info of another platform.
    Verdict other = verify_at("tdx/phala_quote.bin", collateral_of({"tdx/phala_outdated_collateral.json"}),
                              "2026-02-19T00:00:00Z", open_policy());
    EXPECT_EQ(other.status(), Status::wrong_collateral) << refusals(other);
    EXPECT_EQ(other.reason()->id, "tcb-info");
    // TCB info from before there were module identities.
    std::vector<std::string> files = issuer_chains;
    files.push_back("tdx/google_tcbinfo.json");
    Verdict module =
        verify_at("tdx/google_spr_e4_v4.bin", collateral_of(files), "2023-06-19T00:00:00Z", open_policy());
    EXPECT_EQ(module.tcb_status, TcbStatus::not_supported) << refusals(module);
}

TEST(EpidVectors, an_archived_report_is_verified_at_its_own_time) {
    NEEDS_VECTORS();
    const Json& row = expected().find("epid")->items().at(0);
    EpidVerificationReport report;
    report.body = as_text(tests::vector_file(row.text_member("report").value()));
    report.signature = tests::vector_file(row.text_member("signature").value());
    report.chain = as_text(tests::vector_file(row.text_member("chain").value()));
    Policy policy = open_policy();
    VerifyOptions options;
    options.now = parse_time("2019-11-17T00:00:00Z").value();
    options.policy = &policy;
    Evidence evidence{report, {}, {}, {}, {}, {}, 0, {}};
    Verdict verdict = verify(evidence, options);
    EXPECT_TRUE(verdict.accepted()) << refusals(verdict);
    EXPECT_FALSE(verdict.notes.empty());
    for (const char* same : {"mrenclave", "mrsigner", "isvprodid", "isvsvn", "report_data", "status"})
        expect_claim(verdict, row, same, same);

    options.policy = nullptr;
    EXPECT_EQ(verify(evidence, options).status(), Status::out_of_policy)
        << "a debug enclave, under the default policy";

    options.policy = &policy;
    options.now = parse_time("2026-11-21T00:00:00Z").value();
    EXPECT_EQ(verify(evidence, options).status(), Status::expired_collateral);
    options.now = parse_time("2019-11-16T00:00:00Z").value();
    EXPECT_EQ(verify(evidence, options).state("epid-time"), CheckState::failed);

    options.now = parse_time("2019-11-17T00:00:00Z").value();
    report.body[100] ^= 1;
    evidence.body = report;
    EXPECT_EQ(verify(evidence, options).state("epid-signature"), CheckState::failed);
}

}  // namespace
}  // namespace litebox::attest
