#include <set>

#include "attest/intel/tcb_info.h"
#include "attest/x509/path.h"

namespace litebox::attest {

PreparedCollateral::PreparedCollateral(const Collateral& collateral)
    : signatures_(std::make_unique<SignatureMemory>()) {
    auto keep = [&](auto parsed, auto& to) {
        if (parsed) {
            to.push_back(*std::move(parsed));
        } else {
            unreadable_.push_back(parsed.error().message);
        }
    };
    // Bundles repeat each other's chains: each piece once.
    std::set<Bytes> seen;
    for (const Bytes& der : collateral.certificates) {
        if (seen.insert(der).second) keep(Certificate::parse(der), certificates_);
    }
    for (const Bytes& der : collateral.revocation_lists) {
        if (seen.insert(der).second) keep(RevocationList::parse(der), revocation_lists_);
    }
    for (const SignedDocument& document : collateral.tcb_infos) keep(parse_tcb_info(document), tcb_infos_);
    for (const SignedDocument& document : collateral.identities)
        keep(parse_enclave_identity(document), identities_);
}

PreparedCollateral::~PreparedCollateral() = default;

}  // namespace litebox::attest
