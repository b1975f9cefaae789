// What clients send to the broker before they are trusted: attestations, keys, evidence, cookies, tokens; and
// the documents that operators bring. Beyond not crashing: what this broker did not make, it does not open.
#include "attest/broker/jose.h"
#include "attest/broker/kbs_evidence.h"
#include "attest/broker/names.h"
#include "attest/broker/sessions.h"
#include "attest/broker/signed_policy.h"
#include "fuzz/input.h"

using namespace litebox::attest;
using namespace litebox::attest::broker;

namespace {

void check_json(const Json& json) {
    Result<std::string> canonical = canonical_json(json);
    if (canonical.ok()) {
        Result<Json> again = Json::parse(*canonical);
        // Longer than the parser takes, where escapes made it so; else it reads as itself.
        if (again.ok()) FUZZ_CHECK(*canonical_json(*again) == *canonical);
    }
    if (json.is(Json::Kind::object)) {
        Result<TeeKey> key = TeeKey::parse(json);
        if (key.ok()) FUZZ_CHECK(encrypt_jwe(*key, as_bytes("secret"), JweForm::rfc7516).ok());
    }
    for (Tee tee : {Tee::sgx, Tee::tdx, Tee::snp}) (void)parse_kbs_evidence(tee, json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text = as_text({data, size});
    static const Sessions sessions;
    static const TokenSigner tokens;
    static const std::vector<Bytes> nobody;
    FUZZ_CHECK(!sessions.open_cookie(text, Time{0}));
    FUZZ_CHECK(!tokens.open(text).ok());
    FUZZ_CHECK(!open_policy(text, nobody).ok());
    (void)parse_policy_signer(text);
    if (is_secret_name(text)) FUZZ_CHECK(text.find("..") != 0 && text.find('%') == text.npos);
    Result<Bytes> decoded = from_base64url(text);
    if (decoded.ok())
        FUZZ_CHECK(to_base64url(*decoded) == text || text.find_first_of("+/=\r\n") != text.npos);
    Result<Json> json = Json::parse(text);
    if (json.ok()) check_json(*json);
    return 0;
}
