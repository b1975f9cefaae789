/* An OpenSSL client that talks only to code that its policy accepts. */
#include <openssl/ssl.h>

#include "common.h"

int main(int argc, char** argv) {
    if (argc != 6) return fprintf(stderr, "usage: openssl_client HOST PORT POLICY ROOT COLLATERAL\n"), 2;
    litebox_attest_verifier* verifier = make_verifier(argv[3], argv[4], argv[5]);

    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    litebox_attest_error error;
    if (!litebox_attest_install(verifier, context, &error))
        return fprintf(stderr, "%s\n", error.message), 1; /* attested */

    BIO* connection = BIO_new_ssl_connect(context);
    BIO_set_conn_hostname(connection, argv[1]);
    BIO_set_conn_port(connection, argv[2]);
    SSL* ssl = NULL;
    BIO_get_ssl(connection, &ssl);
    int connected = BIO_do_connect(connection) == 1 && BIO_do_handshake(connection) == 1;

    litebox_attest_verdict* verdict = litebox_attest_peer_verdict(ssl); /* attested */
    printf("%s %s\n", litebox_attest_status(verdict), litebox_attest_reason(verdict));
    litebox_attest_verdict_free(verdict);

    BIO_free_all(connection);
    SSL_CTX_free(context);
    litebox_attest_verifier_free(verifier);
    return connected ? 0 : 1;
}
