// The verifier's door: evidence, collateral, roots, policy and time in; a verdict out. Pure: no network, no
// clock, no globals; any number of threads may call it with the same arguments.
#pragma once

#include "attest/collateral.h"
#include "attest/evidence.h"
#include "attest/policy.h"
#include "attest/verdict.h"

namespace litebox::attest {

/// Trust anchors, DER. Whoever is not in here is not trusted; the simulator's root only when the caller hands
/// it in.
struct Roots {
    std::vector<Bytes> intel;       // SGX/TDX root certificates
    std::vector<Bytes> amd;         // ARK certificates
    std::vector<Bytes> intel_epid;  // the attestation service's root
    /// Roots by their SHA-256: a root certificate found in evidence or collateral counts as trusted only when
    /// its digest is in the list of its vendor. So that no certificate needs to be compiled in.
    std::vector<Field<32>> pinned_intel, pinned_amd, pinned_intel_epid;

    /// The vendors' production roots by their published digests: Intel's SGX root, AMD's ARK for Milan, Genoa
    /// and Turin, the EPID report signing root.
    static Roots production();
};

struct VerifyOptions {
    Time now;
    const Roots* roots = nullptr;
    const Collateral* collateral = nullptr;
    /// In place of `collateral`, for who verifies more than once.
    const PreparedCollateral* prepared = nullptr;
    const Policy* policy = nullptr;
    /// What report data must be bound to, e.g. a nonce or key hash; compared with the first
    /// `expected_report_data.size()` bytes, the rest must be zero. Overrides the policy's. Empty: as the
    /// policy says.
    Bytes expected_report_data;
};

Verdict verify(const Evidence& evidence, const VerifyOptions& options);
/// recognise_evidence, then verify; what is not recognised gives a verdict with status malformed.
Verdict verify(ByteView evidence, const VerifyOptions& options);

// The technologies, called by verify(), which sees to it that `roots`, `policy` and `prepared` are set.
void verify_quote(const Quote& quote, const Evidence& evidence, const VerifyOptions& options,
                  Verdict& verdict);
void verify_snp(const SnpReport& report, const Evidence& evidence, const VerifyOptions& options,
                Verdict& verdict);
void verify_epid(const EpidVerificationReport& report, const VerifyOptions& options, Verdict& verdict);

}  // namespace litebox::attest
