// Addresses at AMD's key distribution service of what a report needs to be verified offline.
#pragma once

#include "attest/amd/snp.h"

namespace litebox::attest {

/// The chip certificate of the report; the list of issuers; the revocation list.
std::string snp_vcek_url(const SnpReport& report, SnpProduct product);
std::string snp_chain_url(SnpProduct product, bool vlek);
std::string snp_crl_url(SnpProduct product, bool vlek);

}  // namespace litebox::attest
