// Certificates with evidence, and the CBOR inside, on arbitrary bytes. Beyond not crashing: what is read is
// what its writer writes, and nothing is accepted that no root vouches for.
#include "attest/tls/claims.h"
#include "attest/tls/peer.h"
#include "fuzz/input.h"

using namespace litebox::attest;

namespace {

void check_tagged(ByteView bytes) {
    Result<tls::TaggedEvidence> tagged = tls::parse_tagged_evidence(bytes);
    if (!tagged.ok()) return;
    for (const Bytes& written : {tls::encode_tagged_quote(tagged->evidence, tagged->claims),
                                 tls::encode_wrapped_evidence(tagged->evidence, tagged->claims)}) {
        Result<tls::TaggedEvidence> again = tls::parse_tagged_evidence(written);
        FUZZ_CHECK(again.ok() && again->evidence == tagged->evidence && again->claims == tagged->claims);
    }
}

void check_claims(ByteView bytes) {
    Result<tls::Claims> claims = tls::parse_claims(bytes);
    if (claims.ok()) FUZZ_CHECK(claims->public_key_hash.size() == hash_size(claims->hash));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ByteView bytes(data, size);
    check_tagged(bytes);
    check_claims(bytes);
    static const Roots nobody;
    static const PreparedCollateral none{Collateral{}};
    static const Policy policy;
    Verdict verdict = tls::verify_certificate(bytes, {&nobody, &none, &policy, Time{1780000000}, {}});
    FUZZ_CHECK(!verdict.accepted());
    return 0;
}
