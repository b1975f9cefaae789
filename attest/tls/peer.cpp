#include "attest/tls/peer.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <new>

#include "attest/base/crypto.h"
#include "attest/tls/claims.h"
#include "attest/x509/certificate.h"

namespace litebox::attest::tls {

namespace {

constexpr CheckRule rules[] = {
    {"tls-evidence", "the certificate carries evidence, not critical, in a form that is known"},
    {"tls-key-binding", "the evidence's report data binds the certificate's whole public key"},
    {"tls-nonce", "the claims hold the nonce that was given out for this handshake"},
};

/// What a certificate's extensions were found to hold.
struct Carried {
    Bytes evidence;
    Bytes report_data;  // what binds the evidence to the key
    std::string form;
    Bytes nonce;
    std::string key_problem;  // the claims name another key
};

Result<Carried> read_interoperable(const Extension& extension, ByteView spki) {
    TaggedEvidence tagged = ATTEST_TRY(parse_tagged_evidence(extension.value));
    Claims claims = ATTEST_TRY(parse_claims(tagged.claims));
    Carried carried{
        std::move(tagged.evidence), claims_report_data(tagged.claims), "interoperable", claims.nonce, {}};
    if (!claims.names(spki))
        carried.key_problem = "the claims name another public key than the certificate's";
    return carried;
}

/// "-----BEGIN PUBLIC KEY-----" and so on, with the zero that ends a C string.
Bytes pem_with_zero(ByteView spki) {
    std::string text = "-----BEGIN PUBLIC KEY-----\n", digits = to_base64(spki);
    for (size_t at = 0; at < digits.size(); at += 64) text += digits.substr(at, 64) + "\n";
    text += "-----END PUBLIC KEY-----\n";
    text += '\0';
    return to_bytes(as_bytes(text));
}

Result<Carried> read_evidence(const Certificate& certificate) {
    if (const Extension* extension = certificate.extension(evidence_oid)) {
        if (extension->critical) return Error{"the evidence extension is critical, which it must not be"};
        return read_interoperable(*extension, certificate.spki());
    }
    for (std::string_view oid : {legacy_oid, legacy_doubled_oid, intel_sdk_oid, open_enclave_oid}) {
        const Extension* extension = certificate.extension(oid);
        if (!extension) continue;
        bool pem = oid == open_enclave_oid;
        auto hash = pem ? sha256(pem_with_zero(certificate.spki())) : sha256(certificate.spki());
        std::string form = pem ? "Open Enclave's" : "legacy";
        return Carried{to_bytes(extension->value), Bytes(hash.begin(), hash.end()), form, {}, {}};
    }
    return Error{"the certificate carries no evidence"};
}

Verdict refuse(const CertificateOptions& options, std::string input, const Error& error) {
    Verdict verdict;
    verdict.now = options.now;
    verdict.expect(rules);
    verdict.fail("tls-evidence", Status::malformed, std::move(input), error.message,
                 "the peer must present a certificate that its TEE vouches for");
    return verdict;
}

void check_nonce(const Carried& carried, const Bytes& wanted, Verdict& verdict) {
    if (wanted.empty()) {
        verdict.not_applicable("tls-nonce",
                               "none was given out: how old the evidence is, only its key's use tells");
    } else if (equal_secret(carried.nonce, wanted)) {
        verdict.pass("tls-nonce");
    } else {
        verdict.fail("tls-nonce", Status::forged, to_hex(carried.nonce).substr(0, 64),
                     carried.nonce.empty() ? "the certificate has no nonce"
                                           : "the certificate was made for another nonce",
                     "the peer must make its certificate after it was given the nonce");
    }
}

}  // namespace

Result<Bytes> certificate_evidence(const Certificate& certificate) {
    return ATTEST_TRY(read_evidence(certificate)).evidence;
}

Verdict verify_certificate(ByteView der, const CertificateOptions& options) {
    Result<CertificatePointer> certificate = Certificate::parse(der);
    if (!certificate.ok()) return refuse(options, "certificate", certificate.error());
    Result<Carried> carried = read_evidence(**certificate);
    if (!carried.ok()) return refuse(options, (*certificate)->common_name(), carried.error());

    VerifyOptions verify_options{.now = options.now,
                                 .roots = options.roots,
                                 .prepared = options.collateral,
                                 .policy = options.policy,
                                 .expected_report_data = carried->report_data};
    Verdict verdict = verify(carried->evidence, verify_options);
    verdict.expect(rules);
    if (verdict.technology == "epid") {
        verdict.fail("tls-evidence", Status::unsupported, "an archived EPID report",
                     "it proves its own time alone, and the peer is here now",
                     "the peer must present a quote that can be verified today (DCAP)");
    } else {
        verdict.pass("tls-evidence", carried->form);
    }
    // That report data is what it must be, verify() has judged; here, that what it hashes names this
    // certificate's key.
    if (carried->key_problem.empty()) {
        verdict.pass("tls-key-binding", to_hex(sha256((*certificate)->spki())));
    } else {
        verdict.fail("tls-key-binding", Status::forged, to_hex(sha256((*certificate)->spki())),
                     carried->key_problem, "evidence was copied from another certificate: refuse this peer");
    }
    check_nonce(*carried, options.nonce, verdict);
    return verdict;
}

namespace {

void free_verdict(void*, void* verdict, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<Verdict*>(verdict);
}

/// The place of a connection's verdict in its SSL object.
int verdict_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_verdict);
    return index;
}

}  // namespace

bool PeerVerifier::judge(X509_STORE_CTX* store) const {
    auto connection =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    X509* peer = X509_STORE_CTX_get0_cert(store);
    int size = peer ? i2d_X509(peer, nullptr) : 0;
    Bytes encoding(size > 0 ? static_cast<size_t>(size) : 0);
    uint8_t* end = encoding.data();
    if (size > 0) i2d_X509(peer, &end);
    auto verdict = std::make_unique<Verdict>(verify_certificate(
        encoding, {options_.roots, options_.collateral, options_.policy, options_.clock(), options_.nonce}));
    if (!connection) return false;
    bool accepted = verdict->accepted();
    delete static_cast<Verdict*>(SSL_get_ex_data(connection, verdict_index()));
    if (SSL_set_ex_data(connection, verdict_index(), verdict.get()) != 1) return false;
    (void)verdict.release();
    return accepted;
}

int PeerVerifier::callback(X509_STORE_CTX* store, void* self) {
    bool accepted = false;
    try {
        accepted = static_cast<const PeerVerifier*>(self)->judge(store);
    } catch (const std::bad_alloc&) {
        // No exception may pass through OpenSSL; without a verdict the peer is refused.
    }
    X509_STORE_CTX_set_error(store, accepted ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return accepted ? 1 : 0;
}

Result<void> PeerVerifier::install(SSL_CTX* context) const {
    if (!options_.roots || !options_.collateral || !options_.policy || !options_.clock) {
        return Error{"a peer verifier needs roots, collateral, a policy and a clock"};
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context, &PeerVerifier::callback, const_cast<PeerVerifier*>(this));
    // A resumed session makes no new verdict, and collateral may have changed since the old one.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1)
        return Error{"this OpenSSL has no TLS 1.3"};
    return {};
}

const Verdict* PeerVerifier::verdict(const SSL* connection) {
    return static_cast<const Verdict*>(SSL_get_ex_data(connection, verdict_index()));
}

Bytes channel_report_data(Role attester, ByteView nonce, ByteView exported) {
    // The nonce's size before it, so that no two pairs of nonce and secret read the same.
    std::array<uint8_t, 4> size{};
    for (int i = 0; i < 4; i++)
        size[static_cast<size_t>(i)] = static_cast<uint8_t>(nonce.size() >> (24 - 8 * i));
    std::string_view domain = attester == Role::client ? "litebox attested channel v1 client"
                                                       : "litebox attested channel v1 server";
    return digest(Hash::sha512, {as_bytes(domain), size, nonce, exported});
}

Result<Bytes> channel_report_data(SSL* connection, Role attester, ByteView nonce) {
    if (SSL_version(connection) != TLS1_3_VERSION) return Error{"channel binding needs TLS 1.3"};
    std::array<uint8_t, 32> exported{};
    if (SSL_export_keying_material(connection, exported.data(), exported.size(),
                                   channel_exporter_label.data(), channel_exporter_label.size(), nonce.data(),
                                   nonce.size(), 1) != 1) {
        return Error{"the TLS connection exports nothing: is its handshake finished?"};
    }
    Bytes out = channel_report_data(attester, nonce, exported);
    wipe(exported.data(), exported.size());
    return out;
}

}  // namespace litebox::attest::tls
