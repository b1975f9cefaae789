// A key pair with a certificate that carries evidence about where its private key lives.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "attest/base/bytes.h"
#include "attest/base/time.h"

struct evp_pkey_st;
struct ssl_ctx_st;

namespace litebox::attest::tls {

/// Asks the TEE for evidence whose report data is these 64 bytes.
using Attester = std::function<Result<Bytes>(ByteView report_data)>;

enum class CertificateForm : uint8_t {
    interoperable,  // OID 2.23.133.5.4.9: SGX, TDX and SEV-SNP
    legacy,         // OID 1.2.840.113741.1337.6: the bare quote, for verifiers that know no other
    both,           // as Gramine does; asks for evidence twice
};

struct IdentityOptions {
    CertificateForm form = CertificateForm::interoperable;
    std::string common_name = "attested";
    std::vector<std::string> host_names;  // names and addresses, for clients that look at them as well
    Bytes nonce;                          // a verifier's, for freshness; not in the legacy form
    Bytes endorsements;  // put into the endorsements extension, which is there (empty) in any case
    bool p384 = false;
    Time not_before;  // certificate times prove nothing where the TEE has no trusted clock; verifiers here
                      // ignore them
    Time not_after{253402300799};  // 9999-12-31T23:59:59Z: no well-defined end (RFC 5280)
};

struct KeyFree {
    void operator()(evp_pkey_st* key) const;
};
using PrivateKey = std::unique_ptr<evp_pkey_st, KeyFree>;

struct Identity {
    PrivateKey key;
    Bytes certificate;  // DER

    /// As the certificate and key of a context, for either side of a handshake.
    Result<void> use(ssl_ctx_st* context) const;
};

/// A new key, its evidence, its certificate. The private key is made here: call it inside the TEE.
Result<Identity> make_identity(const Attester& attester, const IdentityOptions& options);
/// The certificate for a key that is there already. An empty attester gives a plain self-signed certificate,
/// without evidence.
Result<Bytes> make_certificate(evp_pkey_st* key, const Attester& attester, const IdentityOptions& options);
Result<PrivateKey> make_key(bool p384);
/// DER SubjectPublicKeyInfo.
Bytes public_key_info(const evp_pkey_st* key);

}  // namespace litebox::attest::tls
