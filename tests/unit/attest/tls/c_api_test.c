/* The C API, from C. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/tls/litebox_attest.h"

int fixture_attest(void* context, const uint8_t report_data[64], uint8_t* evidence, size_t capacity,
                   size_t* size);
const uint8_t* fixture_root(size_t* size);
const uint8_t* fixture_collateral(size_t index, size_t* size);
const char* fixture_policy(void);

static int failures;
#define EXPECT(condition)                                                  \
    do {                                                                   \
        if (!(condition)) {                                                \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            failures++;                                                    \
        }                                                                  \
    } while (0)

static litebox_attest_verifier* make_verifier(int trust_root) {
    litebox_attest_error error;
    litebox_attest_verifier* verifier = litebox_attest_verifier_new();
    size_t size = 0;
    const uint8_t* bytes = fixture_root(&size);
    if (trust_root)
        EXPECT(litebox_attest_trust_root(verifier, LITEBOX_ATTEST_VENDOR_INTEL, bytes, size, &error));
    for (size_t i = 0; (bytes = fixture_collateral(i, &size)); i++)
        EXPECT(litebox_attest_add_collateral(verifier, bytes, size, &error));
    EXPECT(litebox_attest_set_policy(verifier, fixture_policy(), strlen(fixture_policy()), &error));
    return verifier;
}

static void evidence_is_judged(void) {
    litebox_attest_verifier *verifier = make_verifier(1), *stranger = make_verifier(0);
    uint8_t report_data[64] = {1, 2, 3}, other[64] = {4};
    static uint8_t evidence[LITEBOX_ATTEST_EVIDENCE_CAPACITY];
    size_t size = 0;
    EXPECT(fixture_attest(NULL, report_data, evidence, sizeof evidence, &size));
    litebox_attest_verdict* good = litebox_attest_verify(verifier, evidence, size, -1, report_data, 64);
    EXPECT(litebox_attest_accepted(good));
    EXPECT(strcmp(litebox_attest_status(good), "accepted") == 0);
    EXPECT(litebox_attest_reason(good)[0] == 0);
    EXPECT(litebox_attest_check_count(good) > 5);
    EXPECT(strcmp(litebox_attest_check_state(good, 0), "passed") == 0);
    EXPECT(litebox_attest_check_id(good, litebox_attest_check_count(good)) == NULL);
    EXPECT(litebox_attest_claim(good, "no such claim") == NULL);
    litebox_attest_verdict* bound = litebox_attest_verify(verifier, evidence, size, -1, other, 64);
    EXPECT(!litebox_attest_accepted(bound));
    EXPECT(litebox_attest_reason(bound)[0] != 0);
    litebox_attest_verdict* unknown = litebox_attest_verify(stranger, evidence, size, -1, report_data, 64);
    EXPECT(strcmp(litebox_attest_status(unknown), "untrusted") == 0);
    litebox_attest_verdict* garbage = litebox_attest_verify(verifier, evidence, 10, -1, NULL, 0);
    EXPECT(!litebox_attest_accepted(garbage));
    litebox_attest_verdict_free(good);
    litebox_attest_verdict_free(bound);
    litebox_attest_verdict_free(unknown);
    litebox_attest_verdict_free(garbage);
    litebox_attest_verifier_free(verifier);
    litebox_attest_verifier_free(stranger);
}

static void refusals_say_why(void) {
    litebox_attest_error error = {""};
    litebox_attest_verifier* verifier = litebox_attest_verifier_new();
    EXPECT(!litebox_attest_set_policy(verifier, "nonsense = 1\n", 13, &error));
    EXPECT(strstr(error.message, "nonsense"));
    EXPECT(!litebox_attest_add_collateral(verifier, (const uint8_t*)"x", 1, &error));
    EXPECT(!litebox_attest_load_collateral(verifier, "/does/not/exist", &error));
    EXPECT(!litebox_attest_trust_root(verifier, LITEBOX_ATTEST_VENDOR_AMD, NULL, 0, NULL));
    EXPECT(!litebox_attest_accepted(NULL));
    EXPECT(litebox_attest_trust_production(verifier, &error));
    litebox_attest_verifier_free(verifier);
    litebox_attest_verifier_free(NULL);
    litebox_attest_verdict_free(NULL);
    litebox_attest_identity_free(NULL);
}

static void a_handshake_is_judged(void) {
    litebox_attest_error error = {""};
    litebox_attest_verifier* verifier = make_verifier(1);
    uint8_t nonce[16] = {9}, client_data[64], server_data[64];
    litebox_attest_identity* identity =
        litebox_attest_identity_new("server", fixture_attest, NULL, NULL, 0, &error);
    EXPECT(identity != NULL);
    size_t size = 0;
    const uint8_t* der = litebox_attest_identity_certificate(identity, &size);
    litebox_attest_verdict* direct = litebox_attest_verify_certificate(verifier, der, size, -1, NULL, 0);
    EXPECT(litebox_attest_accepted(direct));
    litebox_attest_verdict_free(direct);
    direct = litebox_attest_verify_certificate(verifier, der, size, -1, nonce, sizeof nonce);
    EXPECT(!litebox_attest_accepted(direct));
    litebox_attest_verdict_free(direct);

    SSL_CTX *server_context = SSL_CTX_new(TLS_server_method()),
            *client_context = SSL_CTX_new(TLS_client_method());
    EXPECT(litebox_attest_identity_use(identity, server_context, &error));
    EXPECT(litebox_attest_install(verifier, client_context, &error));
    SSL *server = SSL_new(server_context), *client = SSL_new(client_context);
    BIO *one = NULL, *two = NULL;
    BIO_new_bio_pair(&one, 1 << 17, &two, 1 << 17);
    SSL_set_bio(client, one, one);
    SSL_set_bio(server, two, two);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 8; i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    EXPECT(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    litebox_attest_verdict* peer = litebox_attest_peer_verdict(client);
    EXPECT(litebox_attest_accepted(peer));
    EXPECT(litebox_attest_peer_verdict(server) == NULL);
    EXPECT(litebox_attest_channel_report_data(client, 1, nonce, sizeof nonce, client_data, &error));
    EXPECT(litebox_attest_channel_report_data(server, 1, nonce, sizeof nonce, server_data, &error));
    EXPECT(memcmp(client_data, server_data, 64) == 0);
    litebox_attest_verdict_free(peer);
    litebox_attest_identity_free(identity);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_context);
    SSL_CTX_free(server_context);
    litebox_attest_verifier_free(verifier);
}

int main(void) {
    evidence_is_judged();
    refusals_say_why();
    a_handshake_is_judged();
    printf(failures ? "%d failed\n" : "all good\n", failures);
    return failures ? 1 : 0;
}
