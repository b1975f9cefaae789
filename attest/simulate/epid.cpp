#include "attest/simulate/epid.h"

#include "attest/base/encode.h"
#include "attest/base/json.h"
#include "attest/simulate/intel.h"
#include "attest/simulate/simulate.h"

namespace litebox::attest::simulate {

namespace {

constexpr int64_t day = 86400;
constexpr Time simulated_now{1573924800};   // 2019-11-16T17:20:00Z: the service still answered
constexpr Time hierarchy_made{1479000000};  // 2016-11-13
constexpr Time hierarchy_ends{2524607999};  // 2049-12-31T23:59:59Z
constexpr size_t quote_body_size = 432, signature_size = 680;
constexpr const char *root_name = "Intel SGX Attestation Report Signing CA",
                     *signing_name = "Intel SGX Attestation Report Signing",
                     *list_url =
                         "http://trustedservices.intel.com/content/CRL/SGX/AttestationReportSigningCA.crl";

void fill_hierarchy(EpidKnobs& knobs) {
    knobs.root = {.style = NameStyle::intel_service,
                  .subject = root_name,
                  .issuer = root_name,
                  .kind = KeyKind::rsa3072,
                  .issuer_kind = KeyKind::rsa3072,
                  .key = "report-root",
                  .issuer_key = "report-root",
                  .pkcs1 = true,
                  .serial = {0x5a, 0x01},
                  .not_before = hierarchy_made,
                  .not_after = hierarchy_ends,
                  .ca = true,
                  .path_length = uint8_t{0},
                  .key_usage = key_usage_cert_sign | key_usage_crl_sign,
                  .crl_url = list_url};
    knobs.signing = knobs.root;
    knobs.signing.subject = signing_name;
    knobs.signing.kind = KeyKind::rsa2048;
    knobs.signing.key = "report-signing";
    knobs.signing.serial = {0x5a, 0x02};
    knobs.signing.ca = false;
    knobs.signing.path_length.reset();
    knobs.signing.key_usage = key_usage_signature | key_usage_non_repudiation;
    knobs.crl = {.style = NameStyle::intel_service,
                 .issuer = root_name,
                 .issuer_kind = KeyKind::rsa3072,
                 .issuer_key = "report-root",
                 .pkcs1 = true};
}

/// Written without a zone and with microseconds.
std::string service_time(Time time) {
    std::string text = to_string(time);
    text.back() = '.';
    return text + "854380";
}

}  // namespace

EpidKnobs EpidKnobs::archived() {
    EpidKnobs knobs;
    fill_hierarchy(knobs);
    knobs.issue_at(simulated_now);
    EpidQuoteSpec& quote = knobs.quote;
    quote.group_id = {0x5c, 0x0b, 0, 0};
    quote.basename = derive_field<32>(knobs.seed, "basename");
    quote.body.cpu_svn = {6, 6, 2, 4, 1, 0x80};
    quote.body.attributes = sgx_attribute_init | sgx_attribute_mode64;
    quote.body.xfrm = 7;
    quote.body.mr_enclave = derive_field<32>(knobs.seed, "enclave");
    quote.body.mr_signer = derive_field<32>(knobs.seed, "enclave signer");
    quote.body.isv_prod_id = 1;
    quote.body.isv_svn = 2;
    quote.encrypted_signature = derive_bytes(knobs.seed, "EPID signature", signature_size);
    return knobs;
}

void EpidKnobs::issue_at(Time time) {
    now = time;
    report.timestamp = {time.seconds - 60};
    signing.not_before = {time.seconds - 300 * day};
    signing.not_after = {time.seconds + 3350 * day};
    crl.this_update = {time.seconds - day};
    crl.next_update = {time.seconds + 365 * day};
}

Bytes make_epid_quote(const EpidQuoteSpec& spec) {
    Bytes out(16);
    put_number(out, 0, spec.version, 2);
    put_number(out, 2, spec.sign_type, 2);
    put(out, 4, spec.group_id);
    put_number(out, 8, spec.qe_svn, 2);
    put_number(out, 10, spec.pce_svn, 2);
    put_number(out, 12, spec.xeid, 4);
    append(out, spec.basename);
    append(out, encode_sgx_report_body(spec.body));
    append_number(out, spec.encrypted_signature.size(), 4);
    append(out, spec.encrypted_signature);
    apply(spec.patches, out);
    return out;
}

EpidVerificationReport make_epid_report(const EpidKnobs& knobs) {
    const EpidReportSpec& spec = knobs.report;
    std::string body = "{\"id\":" + json_quote(spec.id) +
                       ",\"timestamp\":" + json_quote(service_time(spec.timestamp)) +
                       ",\"version\":" + std::to_string(spec.version);
    if (!spec.nonce.empty()) body += ",\"nonce\":" + json_quote(spec.nonce);
    if (!spec.advisories.empty()) {
        std::string names;
        for (const std::string& name : spec.advisories)
            names += (names.empty() ? "" : ",") + json_quote(name);
        body += R"(,"advisoryURL":"https://security-center.intel.com","advisoryIDs":[)" + names + "]";
    }
    body += ",\"isvEnclaveQuoteStatus\":" + json_quote(spec.status);
    if (!spec.platform_info.empty()) body += ",\"platformInfoBlob\":" + json_quote(spec.platform_info);
    Bytes quote = make_epid_quote(knobs.quote);
    quote.resize(quote_body_size);
    body += ",\"isvEnclaveQuoteBody\":" + json_quote(to_base64(quote)) + '}';
    apply(spec.replacements, body);
    EpidVerificationReport report;
    report.signature =
        SigningKey::derive(knobs.signing.kind, knobs.seed, spec.signing_key).sign_pkcs1(as_bytes(body));
    report.body = std::move(body);
    apply(spec.signed_replacements, report.body);
    report.chain = to_pem(make_certificate(knobs.signing, knobs.seed)) +
                   to_pem(make_certificate(knobs.root, knobs.seed));
    return report;
}

std::string epid_report_json(const EpidVerificationReport& report) {
    return "{\"report\":" + json_quote(report.body) +
           ",\"signature\":" + json_quote(to_base64(report.signature)) +
           ",\"chain\":" + json_quote(report.chain) + '}';
}

Simulation simulate(const EpidKnobs& knobs) {
    Simulation made;
    made.now = knobs.now;
    made.root = make_certificate(knobs.root, knobs.seed);
    made.roots.intel_epid = {made.root};
    made.chain = {make_certificate(knobs.signing, knobs.seed), made.root};
    std::string document = epid_report_json(make_epid_report(knobs));
    made.evidence = to_bytes(as_bytes(document));
    if (!knobs.omit_crl) {
        made.collateral.revocation_lists = {make_revocation_list(knobs.crl, knobs.seed)};
        made.files.push_back({"AttestationReportSigningCA.crl", made.collateral.revocation_lists[0]});
    }
    return made;
}

}  // namespace litebox::attest::simulate
