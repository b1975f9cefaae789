// Certificates with evidence, and the CBOR inside, on arbitrary bytes. Beyond not crashing: what is read is
// what its writer writes, and nothing is accepted that no root vouches for.
#include "attest/tls/cbor.h"
#include "attest/tls/claims.h"
#include "attest/tls/peer.h"
#include "fuzz/input.h"

using namespace litebox::attest;

namespace {

void check_tagged(ByteView bytes) {
    Result<tls::TaggedEvidence> tagged = tls::parse_tagged_evidence(bytes);
    if (!tagged.ok()) return;
    Bytes quote = tls::encode_tagged_quote(tagged->evidence, tagged->claims);
    Bytes wrapped = tls::encode_wrapped_evidence(tagged->evidence, tagged->claims);
    // One value, one encoding; a CMW may leave out its indicator.
    FUZZ_CHECK(equal(bytes, quote) || equal(bytes, wrapped) || bytes.size() + 1 == wrapped.size());
}

void check_claims(ByteView bytes) {
    Result<tls::Claims> claims = tls::parse_claims(bytes);
    if (claims.ok()) FUZZ_CHECK(claims->public_key_hash.size() == hash_size(claims->hash));
}

void check_cbor(ByteView bytes) {
    tls::CborReader reader(bytes);
    ByteView item = reader.any();
    FUZZ_CHECK(item.size() <= bytes.size());
    FUZZ_CHECK(!reader.failed() || item.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ByteView bytes(data, size);
    check_cbor(bytes);
    check_tagged(bytes);
    check_claims(bytes);
    static const Roots nobody;
    static const PreparedCollateral none{Collateral{}};
    static const Policy policy;
    Verdict verdict = tls::verify_certificate(bytes, {&nobody, &none, &policy, Time{1780000000}, {}});
    FUZZ_CHECK(!verdict.accepted());
    return 0;
}
