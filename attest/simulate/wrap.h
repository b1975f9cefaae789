// The wrappings in which evidence is met in the field, made around bare evidence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attest/base/bytes.h"

namespace litebox::attest::simulate {

/// What SNP_GET_EXT_REPORT and configfs-tsm's auxblob give: GUIDs, offsets, lengths, then the certificates.
/// Empty ones are left out.
struct GhcbCertificates {
    Bytes vcek, vlek, ask, ark, crl;
};
Bytes ghcb_table(const GhcbCertificates& certificates);
/// A report and its table, one behind the other, as the extended guest request leaves them.
Bytes report_with_table(ByteView report, ByteView table);
/// configfs-tsm's files as one JSON document: {"auxblob": base64, "outblob": base64, "provider":
/// "sev_guest\n"}.
std::string tsm_json(ByteView out_blob, ByteView aux_blob, std::string_view provider);
/// Azure's HCL report: report at 0x20, runtime data behind, whose hash report data must begin with.
Bytes azure_hcl_report(ByteView report, uint32_t report_type, std::string_view runtime_data);
/// Azure's SNP evidence: {"version":1,"hcl_report":base64,"vcek":base64}.
std::string azure_json(ByteView hcl_report, ByteView vek);
/// {"platform":"snp","evidence":{"attestation_report":base64,"cert_chain":{"vcek":base64}}}
std::string snp_json(ByteView report, ByteView vek);
/// {"quote":hex,"event_log":"..."}, dstack's JSON or base64; an empty log is left out.
std::string quote_json(ByteView quote, std::string_view event_log);
/// CBOR tag 60000 around [evidence, claims]: the interoperable attested-TLS form.
Bytes tagged_evidence_cbor(ByteView evidence, ByteView claims);

}  // namespace litebox::attest::simulate
