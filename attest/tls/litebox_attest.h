/* Attestation for C programs: verify evidence, verify attested TLS peers, make attested identities.
 *
 * Ownership: what a function named *_new or litebox_attest_verify* gives belongs to the caller, who hands it
 * to the *_free of its type; *_free of a null pointer does nothing. Strings that come out belong to the
 * object they came from, or live for ever where they come from none. Buffers that go in are copied; nothing
 * keeps a pointer to them.
 *
 * Threads: a verifier is set up by one thread; from then on any number of threads may verify with it. A
 * verdict may be read by any number of threads. Errors come as values; there is no global state and no "last
 * error".
 *
 * A verifier that is installed in an SSL_CTX must outlive it and every connection made from it.
 */
#ifndef LITEBOX_ATTEST_H
#define LITEBOX_ATTEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ssl_st;     /* SSL */
struct ssl_ctx_st; /* SSL_CTX */

typedef struct litebox_attest_verifier litebox_attest_verifier;
typedef struct litebox_attest_verdict litebox_attest_verdict;
typedef struct litebox_attest_identity litebox_attest_identity;

/* Why a call was refused, as text with a terminating zero, cut where it is longer. */
typedef struct {
    char message[256];
} litebox_attest_error;

typedef enum { LITEBOX_ATTEST_VENDOR_INTEL = 0, LITEBOX_ATTEST_VENDOR_AMD = 1 } litebox_attest_vendor;

/* Functions that give an int give 1 for done and 0 for refused; `error`, which may be null, then says why. */

/* A verifier that trusts nobody and has the default policy. Null: out of memory. */
litebox_attest_verifier* litebox_attest_verifier_new(void);
void litebox_attest_verifier_free(litebox_attest_verifier* verifier);
/* The vendors' production roots, by their digests. */
int litebox_attest_trust_production(litebox_attest_verifier* verifier, litebox_attest_error* error);
/* A root certificate, DER: the simulator's, for tests. */
int litebox_attest_trust_root(litebox_attest_verifier* verifier, litebox_attest_vendor vendor,
                              const uint8_t* der, size_t size, litebox_attest_error* error);
/* TOML, as `litebox attest verify --policy` takes it. */
int litebox_attest_set_policy(litebox_attest_verifier* verifier, const char* toml, size_t size,
                              litebox_attest_error* error);
/* Every file of a directory; may be called several times, each adds. */
int litebox_attest_load_collateral(litebox_attest_verifier* verifier, const char* directory,
                                   litebox_attest_error* error);
/* One certificate, revocation list or document. */
int litebox_attest_add_collateral(litebox_attest_verifier* verifier, const uint8_t* bytes, size_t size,
                                  litebox_attest_error* error);

/* Judges evidence of any known form. `now`: seconds since 1970; negative: the clock of this machine.
 * `report_data`, at most 64 bytes, is what report data must begin with, zeros behind; null: as the policy
 * says. Null: out of memory. */
litebox_attest_verdict* litebox_attest_verify(const litebox_attest_verifier* verifier,
                                              const uint8_t* evidence, size_t size, int64_t now,
                                              const uint8_t* report_data, size_t report_data_size);
/* Judges a DER certificate that carries evidence. `nonce` null: none was given out. */
litebox_attest_verdict* litebox_attest_verify_certificate(const litebox_attest_verifier* verifier,
                                                          const uint8_t* der, size_t size, int64_t now,
                                                          const uint8_t* nonce, size_t nonce_size);
void litebox_attest_verdict_free(litebox_attest_verdict* verdict);

/* 1 accepted, 0 anything else. A null verdict is not accepted. */
int litebox_attest_accepted(const litebox_attest_verdict* verdict);
/* "accepted", "forged", "out-of-policy", ... */
const char* litebox_attest_status(const litebox_attest_verdict* verdict);
/* The first failed check in words, and what to do about it; empty where nothing failed, or nothing can be
 * done. */
const char* litebox_attest_reason(const litebox_attest_verdict* verdict);
const char* litebox_attest_hint(const litebox_attest_verdict* verdict);
/* The checks one by one: id and state ("passed", "failed", "not-run", "not-applicable"). Null beyond the
 * last. */
size_t litebox_attest_check_count(const litebox_attest_verdict* verdict);
const char* litebox_attest_check_id(const litebox_attest_verdict* verdict, size_t index);
const char* litebox_attest_check_state(const litebox_attest_verdict* verdict, size_t index);
/* What the evidence claims, by name: "mrenclave", "mrtd", "measurement", ... in hexadecimal. Null: no such
 * claim. */
const char* litebox_attest_claim(const litebox_attest_verdict* verdict, const char* name);

/* Lets only peers with accepted evidence in their certificates finish a handshake of this context. TLS 1.3,
 * no resumption. With curl: in the CURLOPT_SSL_CTX_FUNCTION callback, and CURLOPT_SSL_VERIFYHOST 0, since the
 * code is the identity and not the name. */
int litebox_attest_install(const litebox_attest_verifier* verifier, struct ssl_ctx_st* context,
                           litebox_attest_error* error);
/* The verdict on a connection's peer, also after a failed handshake; belongs to the caller. Null: none was
 * made. */
litebox_attest_verdict* litebox_attest_peer_verdict(const struct ssl_st* connection);

/* The 64 bytes of report data that bind evidence to this connection and a nonce. `client_attests`: 1 where
 * the evidence is the client's, 0 where it is the server's. After the handshake, TLS 1.3. */
int litebox_attest_channel_report_data(struct ssl_st* connection, int client_attests, const uint8_t* nonce,
                                       size_t nonce_size, uint8_t report_data[64],
                                       litebox_attest_error* error);

/* Asks the TEE for evidence over `report_data`: writes at most `capacity` bytes and sets `size`; gives 1, or
 * 0 to refuse. Called during litebox_attest_identity_new, on its thread, with its `context`. */
typedef int (*litebox_attest_attester)(void* context, const uint8_t report_data[64], uint8_t* evidence,
                                       size_t capacity, size_t* size);
#define LITEBOX_ATTEST_EVIDENCE_CAPACITY 65536

/* A new P-256 key and its certificate with evidence (OID 2.23.133.5.4.9). `nonce` may be null. */
litebox_attest_identity* litebox_attest_identity_new(const char* common_name,
                                                     litebox_attest_attester attester, void* context,
                                                     const uint8_t* nonce, size_t nonce_size,
                                                     litebox_attest_error* error);
void litebox_attest_identity_free(litebox_attest_identity* identity);
/* DER; belongs to the identity. */
const uint8_t* litebox_attest_identity_certificate(const litebox_attest_identity* identity, size_t* size);
/* Makes it the context's certificate and key; the context keeps its own copy. */
int litebox_attest_identity_use(const litebox_attest_identity* identity, struct ssl_ctx_st* context,
                                litebox_attest_error* error);

#ifdef __cplusplus
}
#endif

#endif
