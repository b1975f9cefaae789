#include "attest/verdict.h"

#include <algorithm>
#include <cassert>

namespace litebox::attest {

std::string_view to_string(Status status) {
    switch (status) {
        case Status::accepted:
            return "accepted";
        case Status::malformed:
            return "malformed";
        case Status::unsupported:
            return "unsupported";
        case Status::forged:
            return "forged";
        case Status::untrusted:
            return "untrusted";
        case Status::revoked:
            return "revoked";
        case Status::wrong_collateral:
            return "wrong-collateral";
        case Status::expired_collateral:
            return "expired-collateral";
        case Status::out_of_policy:
            return "out-of-policy";
        case Status::incomplete:
            return "incomplete";
    }
    return "incomplete";
}

std::string_view to_string(CheckState state) {
    switch (state) {
        case CheckState::not_run:
            return "not-run";
        case CheckState::passed:
            return "passed";
        case CheckState::failed:
            return "failed";
        case CheckState::not_applicable:
            return "not-applicable";
    }
    return "not-run";
}

namespace {

struct TcbName {
    TcbStatus status;
    std::string_view name;
};
constexpr TcbName tcb_names[] = {
    {TcbStatus::up_to_date, "UpToDate"},
    {TcbStatus::sw_hardening_needed, "SWHardeningNeeded"},
    {TcbStatus::configuration_needed, "ConfigurationNeeded"},
    {TcbStatus::configuration_and_sw_hardening_needed, "ConfigurationAndSWHardeningNeeded"},
    {TcbStatus::out_of_date, "OutOfDate"},
    {TcbStatus::out_of_date_configuration_needed, "OutOfDateConfigurationNeeded"},
    {TcbStatus::td_relaunch_advised, "TDRelaunchAdvised"},
    {TcbStatus::td_relaunch_advised_configuration_needed, "TDRelaunchAdvisedConfigurationNeeded"},
    {TcbStatus::revoked, "Revoked"},
    {TcbStatus::not_supported, "TCBNotSupported"},
};

}  // namespace

std::string_view to_string(TcbStatus status) {
    for (const TcbName& row : tcb_names)
        if (row.status == status) return row.name;
    return "Unknown";
}

TcbStatus tcb_status_from(std::string_view text) {
    for (const TcbName& row : tcb_names)
        if (row.name == text) return row.status;
    return TcbStatus::unknown;
}

void Verdict::expect(const CheckRule* rules, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (find(rules[i].id)) continue;
        checks_.push_back(
            {std::string(rules[i].id), std::string(rules[i].rule), CheckState::not_run, {}, {}, {}});
        kinds_.push_back(Status::incomplete);
    }
}

Check* Verdict::find(std::string_view id) {
    auto at = std::ranges::find(checks_, id, &Check::id);
    return at == checks_.end() ? nullptr : &*at;
}

void Verdict::pass(std::string_view id, std::string input) {
    Check* check = find(id);
    assert(check);
    if (!check || check->state == CheckState::failed) return;
    check->state = CheckState::passed;
    check->input = std::move(input);
}

void Verdict::fail(std::string_view id, Status kind, std::string input, std::string reason,
                   std::string hint) {
    Check* check = find(id);
    assert(check);
    if (!check) {  // A failure is never lost, even one that nobody announced.
        checks_.push_back({std::string(id), {}, CheckState::not_run, {}, {}, {}});
        kinds_.push_back(Status::incomplete);
        check = &checks_.back();
    }
    if (check->state == CheckState::failed) return;
    check->state = CheckState::failed;
    check->input = std::move(input);
    check->reason = std::move(reason);
    check->hint = std::move(hint);
    kinds_[static_cast<size_t>(check - checks_.data())] = kind;
}

void Verdict::not_applicable(std::string_view id, std::string reason) {
    Check* check = find(id);
    assert(check);
    if (!check || check->state != CheckState::not_run) return;
    check->state = CheckState::not_applicable;
    check->reason = std::move(reason);
}

CheckState Verdict::state(std::string_view id) const {
    auto at = std::ranges::find(checks_, id, &Check::id);
    return at == checks_.end() ? CheckState::not_run : at->state;
}

Status Verdict::status() const {
    Status worst = Status::accepted;
    bool unrun = false, any = false;
    for (size_t i = 0; i < checks_.size(); i++) {
        if (checks_[i].state == CheckState::passed) any = true;
        if (checks_[i].state == CheckState::not_run) unrun = true;
        if (checks_[i].state != CheckState::failed) continue;
        // A failure that calls itself accepted would be a defect of a caller: it still refuses.
        Status kind = kinds_[i] == Status::accepted ? Status::incomplete : kinds_[i];
        if (worst == Status::accepted || kind < worst) worst = kind;
    }
    if (worst != Status::accepted) return worst;
    return unrun || !any ? Status::incomplete : Status::accepted;
}

const Check* Verdict::reason() const {
    Status status = this->status();
    for (size_t i = 0; i < checks_.size(); i++)
        if (checks_[i].state == CheckState::failed && kinds_[i] == status) return &checks_[i];
    for (const Check& check : checks_)
        if (check.state == CheckState::failed) return &check;
    return nullptr;
}

}  // namespace litebox::attest
