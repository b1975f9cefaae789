// Certificates, PCK extensions and PEM texts: what is parsed is what was there, byte for byte, and leads to
// no root.
#include "attest/intel/pck.h"
#include "attest/x509/path.h"
#include "fuzz/input.h"

using namespace litebox::attest;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ByteView bytes{data, size};
    (void)parse_pck_extension(bytes);
    (void)parse_pem(as_text(bytes));
    Result<CertificatePointer> certificate = Certificate::parse(bytes);
    if (!certificate) return 0;
    const Certificate& parsed = **certificate;
    FUZZ_CHECK(equal(parsed.der(), bytes));
    (void)parsed.common_name();
    (void)parsed.unknown_critical_extension();
    (void)parsed.public_key();
    (void)pck_extension_of(parsed);
    TrustAnchors nobody;
    PathResult path =
        build_path(*certificate, {*certificate, *certificate}, nobody, parsed.not_before(), nullptr);
    FUZZ_CHECK(!path.ok());
    return 0;
}
