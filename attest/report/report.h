// Verdicts, evidence and policies for readers: text for people, JSON for programs, and the EAT attestation
// result for relying parties.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attest/eventlog/eventlog.h"
#include "attest/evidence.h"
#include "attest/policy.h"

namespace litebox::attest {

/// The answer, its reason and what to do first; then every check, claims and notes. Nothing in it can drive a
/// terminal.
std::string verdict_as_text(const Verdict& verdict);
/// One object on several lines: {"status": "accepted", "accepted": true, "checks": [{"id": ..., "state":
/// ...}, ...], ...}.
std::string verdict_as_json(const Verdict& verdict);

struct EatContext {
    std::string policy_id;  // names the policy that was applied; empty: the default policy
    std::string verifier_build;
    Bytes nonce;  // what the relying party expected in report data; empty: nothing
};
/// The claims of an EAT attestation result (draft-ietf-rats-ear-04 on RFC 9711, trustworthiness vector of
/// draft-ietf-rats-ar4si) as JSON, not signed: who passes it on signs it as a JWT.
std::string verdict_as_eat(const Verdict& verdict, const EatContext& context);

/// A field of evidence: its name in the vendor's documents, its value, what it means.
struct ShownField {
    std::string name, value, meaning;
};
struct ShownGroup {
    std::string title;
    std::vector<ShownField> fields;
};
/// Every field of evidence and of what came with it. Nothing is judged.
std::vector<ShownGroup> describe_evidence(const Evidence& evidence);
std::vector<ShownGroup> describe_event_log(const EventLog& log);
std::string shown_as_text(const std::vector<ShownGroup>& groups);
std::string shown_as_json(const std::vector<ShownGroup>& groups);

/// In sentences: what the policy accepts and refuses.
std::string policy_as_text(const Policy& policy);
/// [{"about": ..., "rules": [{"rule": sentence, "values": [hex...]}]}]
std::string policy_as_json(const Policy& policy);
/// What is well formed in the policy and probably not meant.
std::vector<std::string> policy_warnings(const Policy& policy);

}  // namespace litebox::attest
