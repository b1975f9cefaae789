// What the policy's checks on SGX, TDX and SEV-SNP evidence share.
#pragma once

#include "attest/policy.h"

namespace litebox::attest {

/// Enters the outcomes of one policy's rules into a verdict. A rule that the policy leaves open does not
/// apply.
class PolicyJudge {
  public:
    PolicyJudge(const Policy& policy, Verdict& verdict) : policy_(policy), verdict_(verdict) {}

    void require(std::string_view id, bool good, std::string input, std::string reason,
                 std::string hint = {});
    void open(std::string_view id) { verdict_.not_applicable(id, "the policy leaves it open"); }
    /// Any of the list; an empty list leaves it open.
    void one_of(std::string_view id, ByteView value, const std::vector<Bytes>& accepted,
                std::string hint = {});
    void equals(std::string_view id, ByteView value, const std::optional<Bytes>& wanted);
    void masked(std::string_view id, uint64_t value, const std::optional<Masked>& wanted);
    void at_least(std::string_view id, uint64_t value, std::optional<uint64_t> minimum);

    // Rules of every technology.
    void debug(bool is_debug);
    void report_data(ByteView value, ByteView expected);
    void identity(bool pinned, std::string hint);
    /// TCB status and the advisories behind it, as the verdict has them.
    void tcb();

    const Policy& policy() const { return policy_; }
    Verdict& verdict() { return verdict_; }

  private:
    const Policy& policy_;
    Verdict& verdict_;
};

/// The value of a claim that the verification made; empty if there is none.
std::string_view claim_of(const Verdict& verdict, std::string_view name);

}  // namespace litebox::attest
