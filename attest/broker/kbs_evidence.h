// The forms in which Confidential Containers' attesters send evidence, one for each technology.
#pragma once

#include "attest/base/json.h"
#include "attest/broker/sessions.h"
#include "attest/evidence.h"

namespace litebox::attest::broker {

/// `value` is the protocol's "tee-evidence", or the "primary_evidence" inside: sgx and tdx {"quote": base64,
/// "cc_eventlog": base64}, snp {"attestation_report": {fields}, "cert_chain": [{"cert_type", "data"}]};
/// anything else is left to recognise_evidence(). The result is of the technology that the client announced,
/// or refused.
Result<Evidence> parse_kbs_evidence(Tee tee, const Json& value);

/// The report that a serialised AttestationReport of the `sev` crate was parsed from, byte for byte.
Result<Bytes> snp_report_from_fields(const Json& report);

}  // namespace litebox::attest::broker
