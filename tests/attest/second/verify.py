"""Judges one case: technology, then policy."""

import amd
import intel
from verdict import Outcome, Refused

SGX_DEBUG, SGX_PROVISION = 2, 0x10
TD_DEBUG, TD_SEPT_VE_DISABLE = 0xFF, 1 << 28  # all of ATTRIBUTES.TUD makes a TD untrusted
SNP_SMT, SNP_MIGRATE, SNP_DEBUG, SNP_ALIAS_CHECK = 1 << 16, 1 << 18, 1 << 19, 1 << 5


def judge_tcb(policy, outcome):
    status = outcome.tcb_status
    if status == "Revoked":
        outcome.fail("revoked", "TCB level")
    elif status == "Unknown":
        pass  # whatever kept it from being known has failed already
    elif status not in policy["accepted_tcb"]:
        outcome.fail("out-of-policy", f"TCB status {status}")
    elif status != "UpToDate" and "*" not in policy["accepted_advisories"] and \
            not outcome.advisories <= set(policy["accepted_advisories"]):
        outcome.fail("out-of-policy", "advisories")


def judge_quote(policy, quote, outcome):
    body = quote.body
    debug = body.attributes & (TD_DEBUG if quote.tdx else SGX_DEBUG)
    if debug and not policy["allow_debug"]:
        outcome.fail("out-of-policy", "debug")
    if policy["require_identity"]:
        outcome.fail("out-of-policy", "no identity pinned")
    if quote.tdx:
        if not body.attributes & TD_SEPT_VE_DISABLE:
            outcome.fail("out-of-policy", "SEPT_VE_DISABLE is not set")
        if any(body.service_td):
            outcome.fail("out-of-policy", "a service TD")
    elif body.attributes & SGX_PROVISION:
        outcome.fail("out-of-policy", "provisioning key")
    judge_tcb(policy, outcome)


def judge_report(policy, report, outcome):
    if report.policy & SNP_DEBUG and not policy["allow_debug"]:
        outcome.fail("out-of-policy", "debug")
    if report.policy & SNP_MIGRATE:
        outcome.fail("out-of-policy", "migration agent")
    if report.vmpl != 0:
        outcome.fail("out-of-policy", "VMPL")
    if not report.platform_info & SNP_ALIAS_CHECK:
        outcome.fail("out-of-policy", "alias check")
    if any(c < d for c, d in zip(report.current, report.committed)):
        outcome.fail("out-of-policy", "current TCB below the committed one")
    if policy["require_identity"]:
        outcome.fail("out-of-policy", "no identity pinned")


def judge(case):
    """(status, TCB status, why)."""
    outcome, data = Outcome(), bytes.fromhex(case["evidence"])
    snp = case["name"].startswith("snp")
    try:
        evidence = amd.Report(data) if snp else intel.Quote(data)
    except Refused as refused:
        return refused.status, "Unknown", refused.why
    if snp:
        amd.ReportVerifier(case, outcome).run(evidence)
        judge_report(case["policy"], evidence, outcome)
    else:
        intel.QuoteVerifier(case, outcome).run(evidence)
        judge_quote(case["policy"], evidence, outcome)
    return outcome.status, outcome.tcb_status, outcome.why
