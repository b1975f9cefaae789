/* What the C examples share: a verifier from files. */
#ifndef ATTESTED_TLS_COMMON_H
#define ATTESTED_TLS_COMMON_H

#include <stdio.h>
#include <stdlib.h>

#include "attest/tls/litebox_attest.h"

static size_t read_file(const char* path, uint8_t* buffer, size_t capacity) {
    FILE* file = fopen(path, "rb");
    size_t size = file ? fread(buffer, 1, capacity, file) : 0;
    if (file) fclose(file);
    if (size == 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    return size;
}

static litebox_attest_verifier* make_verifier(const char* policy, const char* root, const char* collateral) {
    static uint8_t text[1 << 16];
    litebox_attest_error error;
    litebox_attest_verifier* verifier = litebox_attest_verifier_new();
    size_t size = read_file(root, text, sizeof text);
    int good = litebox_attest_trust_root(verifier, LITEBOX_ATTEST_VENDOR_INTEL, text, size, &error) &&
               litebox_attest_load_collateral(verifier, collateral, &error);
    size = read_file(policy, text, sizeof text);
    if (!good || !litebox_attest_set_policy(verifier, (const char*)text, size, &error)) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return verifier;
}

#endif
