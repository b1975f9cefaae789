// Verdicts as EAT attestation results. The trustworthiness vector says for each aspect what the checks of
// this verdict settle, and makes no claim (0) on what no check is about: file systems, storage, sourced data.
#include <algorithm>

#include "attest/base/json.h"
#include "attest/report/report.h"

namespace litebox::attest {

namespace {

// draft-ietf-rats-ar4si, section 2.3: values of trustworthiness claims.
constexpr int no_claim = 0, affirming = 2, warning = 32, contraindicated = 96, unrecognised = 97,
              cryptography_failed = 99;

bool any(const Verdict& verdict, CheckState state, std::initializer_list<std::string_view> ids) {
    return std::ranges::any_of(ids, [&](std::string_view id) {
        return std::ranges::any_of(
            verdict.checks(), [&](const Check& check) { return check.id == id && check.state == state; });
    });
}

/// Affirmed when one of the checks passed, contraindicated when one failed, no claim when none was about it.
int judged(const Verdict& verdict, std::initializer_list<std::string_view> ids) {
    if (any(verdict, CheckState::failed, ids)) return contraindicated;
    return any(verdict, CheckState::passed, ids) ? affirming : no_claim;
}

int hardware(const Verdict& verdict) {
    switch (verdict.tcb_status) {
        case TcbStatus::revoked:
        case TcbStatus::not_supported:
            return contraindicated;
        case TcbStatus::up_to_date:
            return affirming;
        case TcbStatus::unknown:
            return verdict.technology == "snp" ? affirming : no_claim;
        default:
            return warning;
    }
}

struct Claim {
    std::string_view name;
    int value;
};

std::vector<Claim> trustworthiness(const Verdict& verdict) {
    Status status = verdict.status();
    constexpr std::string_view all[] = {"instance-identity", "configuration", "executables", "hardware",
                                        "runtime-opaque"};
    int whole = no_claim;
    // Where the evidence itself does not hold, nothing that it says counts for any aspect.
    if (status == Status::malformed || status == Status::forged) whole = cryptography_failed;
    if (status == Status::untrusted) whole = unrecognised;
    std::vector<Claim> vector;
    bool proven =
        status == Status::accepted || status == Status::out_of_policy || status == Status::expired_collateral;
    for (std::string_view name : all) {
        int value = whole;
        if (proven) {
            if (name == "instance-identity") value = affirming;
            if (name == "configuration")
                value =
                    judged(verdict, {"policy-debug", "policy-sept-ve-disable", "policy-service-td",
                                     "policy-provision-key", "policy-migration-agent", "policy-smt",
                                     "policy-alias-check", "policy-platform-info", "policy-attributes",
                                     "policy-td-attributes", "policy-xfam", "policy-xfrm", "policy-vmpl"});
            if (name == "executables")
                value = judged(verdict,
                               {"policy-mr-enclave", "policy-signer", "policy-mr-td", "policy-measurement",
                                "policy-id-key", "policy-author-key", "policy-rtmr0", "policy-rtmr1",
                                "policy-rtmr2", "policy-rtmr3", "policy-events", "policy-identity"});
            if (name == "hardware") value = hardware(verdict);
            // What all three technologies are for: memory encrypted against the host. A debug guest's is open
            // to it.
            if (name == "runtime-opaque")
                value = verdict.state("policy-debug") == CheckState::passed ? affirming : contraindicated;
        }
        if (status == Status::revoked && name == "hardware") value = contraindicated;
        vector.push_back({name, value});
    }
    return vector;
}

std::string_view tier(const Verdict& verdict, const std::vector<Claim>& vector) {
    if (!verdict.accepted()) return "contraindicated";
    return std::ranges::any_of(vector, [](const Claim& claim) { return claim.value >= warning; })
               ? "warning"
               : "affirming";
}

std::string base64_url(ByteView bytes) {
    std::string text = to_base64(bytes);
    std::erase(text, '=');
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return text;
}

std::string member(std::string_view key, const std::string& value) {
    return json_quote(key) + ": " + json_quote(value);
}

}  // namespace

std::string verdict_as_eat(const Verdict& verdict, const EatContext& context) {
    std::vector<Claim> vector = trustworthiness(verdict);
    std::string text = "{\n  " + member("eat_profile", "tag:ietf.org,2026:rats/ear#04");
    text += ",\n  \"iat\": " + std::to_string(verdict.now.seconds);
    // RFC 9711: a nonce is of 8 to 88 characters; shorter ones are not freshness.
    if (context.nonce.size() >= 6) text += ",\n  " + member("eat_nonce", base64_url(context.nonce));
    text += ",\n  \"ear_verifier_id\": {" + member("developer", "LiteBox") + ", " +
            member("build", context.verifier_build) + "}";
    text += ",\n  \"submods\": {\n    " +
            json_quote(verdict.technology.empty() ? "unrecognised" : verdict.technology) + ": {";
    text += "\n      " + member("ear_status", std::string(tier(verdict, vector)));
    text += ",\n      \"ear_trustworthiness_vector\": {";
    bool first = true;
    for (const Claim& claim : vector) {
        if (claim.value == no_claim) continue;
        text += (first ? "" : ", ") + json_quote(claim.name) + ": " + std::to_string(claim.value);
        first = false;
    }
    text += "},\n      \"ear_appraisal_policy_ids\": [" +
            json_quote(context.policy_id.empty() ? "tag:litebox,2026:default-policy" : context.policy_id) +
            "]";
    // Claims of evidence that was refused are none that a relying party may act on.
    if (verdict.accepted()) {
        text += ",\n      \"ear_attester_claims\": {";
        for (size_t i = 0; i < verdict.claims.size(); i++)
            text += (i ? ",\n        " : "\n        ") +
                    member(verdict.claims[i].first, verdict.claims[i].second);
        text += "\n      }";
    }
    text += ",\n      \"ear_verifier_claims\": {\n        " +
            member("status", std::string(to_string(verdict.status()))) + ",\n        " +
            member("tcb_status", std::string(to_string(verdict.tcb_status)));
    if (const Check* reason = verdict.reason())
        text += ",\n        " + member("failed_check", reason->id) + ",\n        " +
                member("reason", reason->reason);
    return text + "\n      }\n    }\n  }\n}\n";
}

}  // namespace litebox::attest
