#include "attest/base/json.h"
#include "attest/report/shown.h"

namespace litebox::attest {

namespace {

std::string_view technology_name(const Verdict& verdict) {
    if (verdict.technology == "sgx") return "Intel SGX";
    if (verdict.technology == "tdx") return "Intel TDX";
    if (verdict.technology == "snp") return "AMD SEV-SNP";
    if (verdict.technology == "epid") return "Intel SGX with EPID";
    return "unrecognised";
}

void append_check(std::string& text, const Check& check) {
    std::string state = check.state == CheckState::failed ? "FAILED" : std::string(to_string(check.state));
    state.resize(15, ' ');
    text += "  " + state + check.id + (check.input.empty() ? "" : ": " + shown_text(check.input));
    if (check.state == CheckState::not_applicable) text += ": " + shown_text(check.reason);
    text += "\n";
    if (check.state != CheckState::failed) return;
    std::string indent(17, ' ');
    text += indent + "rule: " + check.rule + "\n" + indent + shown_text(check.reason) + "\n";
    if (!check.hint.empty()) text += indent + "what to do: " + shown_text(check.hint) + "\n";
}

size_t count(const Verdict& verdict, CheckState state) {
    size_t number = 0;
    for (const Check& check : verdict.checks()) number += check.state == state;
    return number;
}

void append_head(std::string& text, const Verdict& verdict) {
    Status status = verdict.status();
    text += verdict.accepted() ? "ACCEPTED\n" : "REFUSED: " + std::string(to_string(status)) + "\n";
    const Check* reason = verdict.reason();
    if (reason) {
        text += "  why: " + shown_text(reason->reason) + " (" + reason->id + ")\n";
        if (!reason->hint.empty()) text += "  what to do: " + shown_text(reason->hint) + "\n";
    } else if (status == Status::incomplete) {
        text += "  why: not every check was run, and none failed: this is a defect of the verifier\n";
    }
}

}  // namespace

std::string verdict_as_text(const Verdict& verdict) {
    std::string text;
    append_head(text, verdict);
    text += "\n" + std::string(technology_name(verdict)) + ", judged as of " + to_string(verdict.now) + "\n";
    if (verdict.tcb_status != TcbStatus::unknown) {
        text += "TCB status: " + std::string(to_string(verdict.tcb_status));
        if (verdict.tcb_date.seconds) text += ", of the TCB of " + to_string(verdict.tcb_date);
        text += "\n";
    }
    for (const std::string& advisory : verdict.advisories) text += "advisory: " + shown_text(advisory) + "\n";
    text += "\nchecks: " + std::to_string(count(verdict, CheckState::failed)) + " failed, " +
            std::to_string(count(verdict, CheckState::not_run)) + " not run, " +
            std::to_string(count(verdict, CheckState::passed)) + " passed, " +
            std::to_string(count(verdict, CheckState::not_applicable)) + " not applicable\n";
    for (CheckState state :
         {CheckState::failed, CheckState::not_run, CheckState::passed, CheckState::not_applicable})
        for (const Check& check : verdict.checks())
            if (check.state == state) append_check(text, check);
    if (!verdict.claims.empty())
        text += verdict.accepted() ? "\nproven:\n" : "\nclaimed by the evidence, and NOT accepted:\n";
    for (const auto& [name, value] : verdict.claims) text += "  " + name + ": " + shown_text(value) + "\n";
    if (!verdict.notes.empty()) text += "\nnotes:\n";
    for (const std::string& note : verdict.notes) text += "  - " + shown_text(note) + "\n";
    return text;
}

namespace {

std::string member(std::string_view key, std::string_view value) {
    return json_quote(key) + ": " + json_quote(value);
}

std::string check_as_json(const Check& check) {
    std::string text = "    {" + member("id", check.id) + ", " + member("state", to_string(check.state)) +
                       ", " + member("rule", check.rule);
    if (!check.input.empty()) text += ", " + member("input", check.input);
    if (!check.reason.empty()) text += ", " + member("reason", check.reason);
    if (!check.hint.empty()) text += ", " + member("hint", check.hint);
    return text + "}";
}

std::string list_as_json(const std::vector<std::string>& values) {
    std::string text = "[";
    for (const std::string& value : values) text += (text.size() > 1 ? ", " : "") + json_quote(value);
    return text + "]";
}

}  // namespace

std::string verdict_as_json(const Verdict& verdict) {
    std::string text = "{\n  " + member("status", to_string(verdict.status()));
    text += std::string(",\n  \"accepted\": ") + (verdict.accepted() ? "true" : "false");
    text += ",\n  " + member("technology", verdict.technology);
    text += ",\n  " + member("now", to_string(verdict.now));
    if (const Check* reason = verdict.reason()) {
        text += ",\n  " + member("failed_check", reason->id) + ",\n  " + member("reason", reason->reason);
        if (!reason->hint.empty()) text += ",\n  " + member("hint", reason->hint);
    }
    text += ",\n  " + member("tcb_status", to_string(verdict.tcb_status));
    if (verdict.tcb_date.seconds) text += ",\n  " + member("tcb_date", to_string(verdict.tcb_date));
    text += ",\n  \"advisories\": " + list_as_json(verdict.advisories);
    text += ",\n  \"checks\": [";
    for (size_t i = 0; i < verdict.checks().size(); i++)
        text += (i ? ",\n" : "\n") + check_as_json(verdict.checks()[i]);
    text += "\n  ],\n  \"claims\": {";
    for (size_t i = 0; i < verdict.claims.size(); i++)
        text += (i ? ",\n    " : "\n    ") + member(verdict.claims[i].first, verdict.claims[i].second);
    return text + "\n  },\n  \"notes\": " + list_as_json(verdict.notes) + "\n}\n";
}

}  // namespace litebox::attest
