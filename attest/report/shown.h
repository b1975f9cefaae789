// The parts of describe_evidence, a file per technology.
#pragma once

#include "attest/report/report.h"

namespace litebox::attest {

ShownGroup describe_snp_report(const SnpReport& report);
std::vector<ShownGroup> describe_quote(const Quote& quote);
ShownGroup describe_sgx_body(const SgxReportBody& body, std::string title);
std::vector<ShownGroup> describe_epid(const EpidQuote& quote);
std::vector<ShownGroup> describe_epid(const EpidVerificationReport& report);
std::vector<ShownGroup> describe_local(const LocalReport& report);

/// Printable ASCII as it is, anything else as '?', cut at 200 characters.
std::string shown_text(std::string_view text);

}  // namespace litebox::attest
