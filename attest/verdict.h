// What a verification found. A verdict is typed: every check that its technology knows is in it from the
// start as `not_run`, and a verdict with a check not run is a refusal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/base/time.h"

namespace litebox::attest {

enum class CheckState : uint8_t {
    not_run,  // never reached: an earlier failure, or a defect of the verifier. Refuses.
    passed,
    failed,          // refuses
    not_applicable,  // the evidence has nothing that this check is about, and the policy did not ask for it
};

/// One row of a technology's list of checks: stable name for programs and tests, the rule in words with its
/// source.
struct CheckRule {
    std::string_view id;    // "quote-signature"
    std::string_view rule;  // "the attestation key signed header and body (Intel DCAP, step 8)"
};

struct Check {
    std::string id;
    std::string rule;
    CheckState state = CheckState::not_run;
    std::string input;   // what was judged, short: a value, a name, a digest
    std::string reason;  // why it failed or does not apply
    std::string hint;    // what a person can do about it; empty where nothing
};

/// The answer in one word. The order is the order of precedence: the first that applies is the status.
enum class Status : uint8_t {
    accepted,
    malformed,    // not parseable as what it claims to be
    unsupported,  // recognised, but of a form, version or algorithm that is not judged
    forged,       // a signature, digest or binding is wrong
    untrusted,    // no certificate path to a root that the caller handed in, or a wrong certificate on it
    revoked,      // a certificate or TCB level was revoked
    wrong_collateral,    // collateral missing, for another platform, or not signed by its vendor
    expired_collateral,  // collateral or certificates out of their time at `now`, and nothing else wrong
    out_of_policy,       // genuine, and not what the policy accepts (TCB status included)
    incomplete,          // a check was not run
};
std::string_view to_string(Status status);
std::string_view to_string(CheckState state);

/// TCB status as Intel names it, used for every technology (AMD: up_to_date, or out_of_date against the
/// policy's minimum).
enum class TcbStatus : uint8_t {
    unknown,
    up_to_date,
    sw_hardening_needed,
    configuration_needed,
    configuration_and_sw_hardening_needed,
    out_of_date,
    out_of_date_configuration_needed,
    td_relaunch_advised,
    td_relaunch_advised_configuration_needed,
    revoked,
    not_supported,
};
/// Intel's spelling: "UpToDate", "SWHardeningNeeded", "TDRelaunchAdvised", "TCBNotSupported", ...
std::string_view to_string(TcbStatus status);
/// By Intel's spelling; `unknown` for any other text.
TcbStatus tcb_status_from(std::string_view text);

class Verdict {
  public:
    /// Adds rules, each as not_run. Ids are unique; a second one of the same id is ignored.
    void expect(const CheckRule* rules, size_t count);
    template <size_t N>
    void expect(const CheckRule (&rules)[N]) {
        expect(rules, N);
    }
    // Outcomes by id, which must have been expected. A check that failed stays failed; `kind` is the status
    // it asks for.
    void pass(std::string_view id, std::string input = {});
    void fail(std::string_view id, Status kind, std::string input, std::string reason, std::string hint = {});
    void not_applicable(std::string_view id, std::string reason);
    CheckState state(std::string_view id) const;

    /// accepted only if every check passed or does not apply and at least one passed; else the most severe
    /// kind that a failed check asked for; `incomplete` where only unrun checks are in the way.
    Status status() const;
    bool accepted() const { return status() == Status::accepted; }
    const std::vector<Check>& checks() const { return checks_; }
    /// The first failed check in order of the status's precedence; null if none failed.
    const Check* reason() const;

    std::string technology;  // "sgx", "tdx", "snp", "epid"
    Time now;
    TcbStatus tcb_status = TcbStatus::unknown;
    Time tcb_date;                        // 0: none
    std::vector<std::string> advisories;  // "INTEL-SA-00334", in ascending order, no duplicates
    std::vector<std::string> notes;       // what the verdict does not prove, hints that belong to no check
    /// Claims of the evidence by name, for reports and the EAT result: {"mrenclave", hex} and so on. Only
    /// what was verified when accepted; for display otherwise.
    std::vector<std::pair<std::string, std::string>> claims;

  private:
    Check* find(std::string_view id);
    std::vector<Check> checks_;
    std::vector<Status> kinds_;  // parallel to checks_: what a failure asked for
};

}  // namespace litebox::attest
