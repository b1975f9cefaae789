// The certificate of a versioned endorsement key, chip's (VCEK) or provider's (VLEK): what AMD's extensions
// under 1.3.6.1.4.1.3704.1 say (AMD 57230, "VCEK Certificate and KDS Interface Specification").
#pragma once

#include "attest/amd/snp.h"
#include "attest/x509/certificate.h"

namespace litebox::attest {

struct VekCertificate {
    CertificatePointer certificate;
    bool is_vlek = false;
    std::string product_name;  // as it stands: "Milan-B0"
    SnpProduct product = SnpProduct::unknown;
    uint64_t tcb = 0;      // laid out as a report's of this product
    Bytes hardware_id;     // VCEK: 64 bytes, Turin 8
    std::string provider;  // VLEK: the cloud provider's id
    /// What is wrong with the extensions; empty: nothing. With a fault, the members above may not be filled.
    std::string fault;
};

/// Whether this DER carries AMD's extensions of such a certificate, by a look at its bytes.
bool looks_like_vek(ByteView der);
/// Every extension is in exactly the encoding that AMD's are in, and the certificate is no authority's: else
/// there is a fault.
VekCertificate parse_vek(const CertificatePointer& certificate);

}  // namespace litebox::attest
