#include "attest/policy/apply.h"

#include <algorithm>

namespace litebox::attest {

std::string_view claim_of(const Verdict& verdict, std::string_view name) {
    for (const auto& [key, value] : verdict.claims)
        if (key == name) return value;
    return {};
}

void PolicyJudge::require(std::string_view id, bool good, std::string input, std::string reason,
                          std::string hint) {
    if (good)
        verdict_.pass(id, std::move(input));
    else
        verdict_.fail(id, Status::out_of_policy, std::move(input), std::move(reason), std::move(hint));
}

void PolicyJudge::one_of(std::string_view id, ByteView value, const std::vector<Bytes>& accepted,
                         std::string hint) {
    if (accepted.empty()) return open(id);
    bool listed = std::ranges::any_of(accepted, [&](const Bytes& one) { return equal(one, value); });
    std::string wanted = accepted.size() == 1
                             ? "it is not " + to_hex(accepted[0])
                             : "it is none of the " + std::to_string(accepted.size()) + " accepted values";
    require(id, listed, to_hex(value), std::move(wanted), std::move(hint));
}

void PolicyJudge::equals(std::string_view id, ByteView value, const std::optional<Bytes>& wanted) {
    if (!wanted) return open(id);
    require(id, equal(*wanted, value), to_hex(value), "it is not " + to_hex(*wanted));
}

void PolicyJudge::masked(std::string_view id, uint64_t value, const std::optional<Masked>& wanted) {
    if (!wanted) return open(id);
    uint64_t wrong = (value & wanted->mask) ^ wanted->value;
    require(id, wrong == 0, hex_number(value),
            "bits " + hex_number(wrong) + " are not as the policy wants them");
}

void PolicyJudge::at_least(std::string_view id, uint64_t value, std::optional<uint64_t> minimum) {
    if (!minimum) return open(id);
    require(id, value >= *minimum, std::to_string(value), "the policy needs " + std::to_string(*minimum));
}

void PolicyJudge::debug(bool is_debug) {
    require("policy-debug", !is_debug || policy_.allow_debug, is_debug ? "debug" : "no debug",
            "whoever owns the host can read and change what runs inside",
            "build and launch without debug; allow_debug = true is for tests only");
    if (is_debug) verdict_.notes.push_back("A debug guest keeps nothing secret from its host.");
}

void PolicyJudge::report_data(ByteView value, ByteView expected) {
    if (expected.empty() && policy_.report_data) expected = *policy_.report_data;
    if (expected.empty()) {
        open("policy-report-data");
        verdict_.notes.push_back(
            "Report data was compared with nothing: this verdict does not say that the evidence is fresh, "
            "nor whom it speaks for.");
        return;
    }
    bool good = expected.size() <= value.size() && equal(value.first(expected.size()), expected) &&
                all_zero(value.subspan(expected.size()));
    require("policy-report-data", good, to_hex(value), "it is not " + to_hex(expected) + " with zeros behind",
            "the evidence was made for another nonce or key, or is replayed: ask the guest for new evidence");
}

void PolicyJudge::identity(bool pinned, std::string hint) {
    if (!policy_.require_identity) return open("policy-identity");
    require("policy-identity", pinned, {},
            "the policy names no code: any program on a genuine processor would be accepted",
            std::move(hint));
}

void PolicyJudge::tcb() {
    TcbStatus status = verdict_.tcb_status;
    if (status == TcbStatus::unknown) return;  // not run: why there is none, another check has told
    bool accepted = std::ranges::find(policy_.accepted_tcb, status) != policy_.accepted_tcb.end();
    if (status == TcbStatus::revoked)
        verdict_.fail("policy-tcb", Status::revoked, "Revoked", "Intel has revoked this TCB level",
                      "use another machine");
    else
        require("policy-tcb", accepted, std::string(to_string(status)),
                "accepted_tcb of the policy does not list it",
                "update BIOS and microcode of the host; or list the status in accepted_tcb and its "
                "advisories in accepted_advisories");
    std::string names;  // of advisories that the policy does not accept
    for (const std::string& name : verdict_.advisories) {
        bool known = std::ranges::any_of(policy_.accepted_advisories, [&](const std::string& listed) {
            return listed == "*" || listed == name;
        });
        if (!known) names += (names.empty() ? "" : ", ") + name;
    }
    if (status == TcbStatus::up_to_date || !accepted) {
        verdict_.not_applicable("policy-advisories",
                                "they count only for an accepted status other than UpToDate");
        return;
    }
    require("policy-advisories", names.empty(), names.empty() ? "all accepted" : names,
            "accepted_advisories of the policy does not list " + names,
            "read the advisories; list them in accepted_advisories if your code withstands them");
}

}  // namespace litebox::attest
