/* A curl client that talks only to code that its policy accepts. */
#include <curl/curl.h>
#include <openssl/ssl.h>

#include "common.h"

static CURLcode attest_peer(CURL* curl, void* context, void* verifier) { /* attested */
    (void)curl;
    return litebox_attest_install(verifier, context, NULL) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

int main(int argc, char** argv) {
    if (argc != 6) return fprintf(stderr, "usage: curl_client HOST PORT POLICY ROOT COLLATERAL\n"), 2;
    litebox_attest_verifier* verifier = make_verifier(argv[3], argv[4], argv[5]);
    char url[512];
    snprintf(url, sizeof url, "https://%s:%s/", argv[1], argv[2]);

    CURL* curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, attest_peer); /* attested */
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, verifier);        /* attested */
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L); /* attested: the code is the identity, not the name */
    CURLcode result = curl_easy_perform(curl);
    printf("\n%s\n", curl_easy_strerror(result));

    curl_easy_cleanup(curl);
    litebox_attest_verifier_free(verifier);
    return result == CURLE_OK ? 0 : 1;
}
