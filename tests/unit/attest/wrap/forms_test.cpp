// Every wrapping around simulated evidence is recognised by its content, nested ones too; what could be two
// things is neither.
#include <gtest/gtest.h>

#include "attest/base/crypto.h"
#include "attest/base/json.h"
#include "attest/simulate/simulate.h"
#include "attest/simulate/wrap.h"
#include "attest/wrap/document.h"

namespace litebox::attest {
namespace {

using namespace simulate;
using Names = std::vector<std::string>;

const Simulation& snp() {
    static const Simulation made = simulate::simulate(AmdKnobs::snp());
    return made;
}
const Simulation& tdx() {
    static const Simulation made = simulate::simulate(IntelKnobs::tdx());
    return made;
}
Bytes text_bytes(std::string_view text) {
    return to_bytes(as_bytes(text));
}

void expect_snp(ByteView bytes, const Names& wrappings, size_t certificates = 0) {
    Result<Evidence> evidence = recognise_evidence(bytes);
    ASSERT_TRUE(evidence.ok()) << evidence.error().message;
    EXPECT_EQ(evidence->wrappings, wrappings);
    EXPECT_EQ(evidence->certificates.size(), certificates);
    const auto* report = std::get_if<SnpReport>(&evidence->body);
    ASSERT_NE(report, nullptr);
    EXPECT_TRUE(equal(report->raw, snp().evidence));
}

std::string refusal(ByteView bytes) {
    Result<Evidence> evidence = recognise_evidence(bytes);
    return evidence ? "" : evidence.error().message;
}

TEST(Wrappings, a_report_is_recognised_bare_and_as_text) {
    const Bytes& report = snp().evidence;
    std::string hex = to_hex(report), base64 = to_base64(report);
    expect_snp(report, {});
    expect_snp(text_bytes(hex), {"hex"});
    expect_snp(text_bytes("0x" + hex + "\n"), {"hex"});
    expect_snp(text_bytes(base64), {"base64"});
    std::string lines;
    for (size_t i = 0; i < hex.size(); i += 60) lines += hex.substr(i, 60) + "\n";
    expect_snp(text_bytes(lines), {"hex"});
    Bytes padded = report;
    padded.resize(4000);
    expect_snp(padded, {});
    expect_snp(text_bytes(to_hex(as_bytes(base64))), {"hex", "base64"});
}

TEST(Wrappings, certificates_that_travel_with_a_report_are_taken_along) {
    const Bytes& report = snp().evidence;
    Bytes table = ghcb_table({.vcek = snp().chain[0], .ask = snp().chain[1], .ark = snp().chain[2]});
    expect_snp(report_with_table(report, table), {"ghcb-certificates"}, 3);
    expect_snp(text_bytes(tsm_json(report, table, "sev_guest")), {"json:configfs-tsm", "base64"}, 3);
    expect_snp(text_bytes(snp_json(report, snp().chain[0])), {"json:evidence", "snp", "base64"}, 1);
    Bytes pem = report;
    for (const Bytes& der : snp().chain) {
        std::string text = to_pem(der);
        pem.insert(pem.end(), text.begin(), text.end());
    }
    expect_snp(pem, {"pem-behind"}, 3);
    std::string list = "{\"attestation_report\": " + json_quote(to_base64(report)) +
                       ", \"cert_chain\": [{\"cert_type\": \"VCEK\", \"data\": [";
    for (size_t i = 0; i < snp().chain[0].size(); i++)
        list += (i ? "," : "") + std::to_string(snp().chain[0][i]);
    expect_snp(text_bytes(list + "]}]}"), {"json:snp", "base64"}, 1);
}

TEST(Wrappings, azure_reports_bring_their_runtime_data) {
    AmdKnobs knobs = AmdKnobs::snp();
    std::string runtime = "{\"keys\":[]}";
    std::array<uint8_t, 32> hash = sha256(as_bytes(runtime));
    std::copy(hash.begin(), hash.end(), knobs.report.fields.report_data.begin());
    Simulation made = simulate::simulate(knobs);
    Bytes hcl = azure_hcl_report(made.evidence, 2, runtime);
    Policy policy = any_code_policy();
    for (const Bytes& form : {hcl, text_bytes(azure_json(hcl, made.chain[0])), text_bytes(to_base64(hcl))}) {
        Result<Evidence> evidence = recognise_evidence(form);
        ASSERT_TRUE(evidence.ok()) << evidence.error().message;
        EXPECT_EQ(as_text(evidence->runtime_data), runtime);
        EXPECT_TRUE(verify(*evidence, made.options(policy)).accepted());
    }
    // Runtime data of another report is found out.
    Bytes changed = azure_hcl_report(made.evidence, 2, "{\"keys\":[1]}");
    EXPECT_EQ(verify(changed, made.options(policy)).status(), Status::forged);
}

TEST(Wrappings, cbor_forms) {
    const Bytes& report = snp().evidence;
    auto head = [](uint8_t major, size_t size) {
        return Bytes{static_cast<uint8_t>(major << 5 | 25), static_cast<uint8_t>(size >> 8),
                     static_cast<uint8_t>(size)};
    };
    auto append = [](Bytes& to, ByteView from) { to.insert(to.end(), from.begin(), from.end()); };
    // {"attestation_report": h'...'}
    Bytes map = {0xa1, 0x72};
    append(map, as_bytes("attestation_report"));
    append(map, head(2, report.size()));
    append(map, report);
    expect_snp(map, {"cbor:snp"});
    // ["application/x", h'...']
    Bytes record = {0x82, 0x6d};
    append(record, as_bytes("application/x"));
    append(record, head(2, report.size()));
    append(record, report);
    expect_snp(record, {"cbor:cmw"});
    // 60000([quote, claims])
    Bytes claims = {0xa0};
    Result<Evidence> tagged = recognise_evidence(tagged_evidence_cbor(tdx().evidence, claims));
    ASSERT_TRUE(tagged.ok()) << tagged.error().message;
    EXPECT_TRUE(std::holds_alternative<Quote>(tagged->body));
    EXPECT_EQ(tagged->runtime_data, claims);
}

TEST(Wrappings, a_tdx_quote_with_its_event_log) {
    std::string log = "[{\"imr\":0,\"event_type\":1,\"digest\":\"" + std::string(96, '0') +
                      "\",\"event\":\"\",\"event_payload\":\"\"}]";
    Result<Evidence> evidence = recognise_evidence(as_bytes(quote_json(tdx().evidence, log)));
    ASSERT_TRUE(evidence.ok()) << evidence.error().message;
    EXPECT_EQ(evidence->wrappings, (Names{"json:quote", "hex"}));
    EXPECT_EQ(as_text(evidence->event_log), log);
    EXPECT_EQ(refusal(as_bytes(tsm_json(tdx().evidence, {}, "sev_guest"))),
              "configfs-tsm: the provider is sev_guest, and outblob is of another technology");
}

TEST(Wrappings, a_document_with_two_pieces_of_evidence_is_taken_for_neither) {
    std::string report = json_quote(to_base64(snp().evidence));
    EXPECT_NE(refusal(as_bytes("{\"attestation_report\": " + report + ", \"outblob\": " + report + "}"))
                  .find("taken for neither"),
              std::string::npos);
    EXPECT_NE(
        refusal(as_bytes("{\"attestation_report\": " + report + ", \"attestation_report\": " + report + "}")),
        "");
    EXPECT_NE(refusal(as_bytes("{\"quote\": " + report + ", \"td_quote\": " + report + "}"))
                  .find("taken for neither"),
              std::string::npos);
}

TEST(Wrappings, what_is_no_evidence_is_refused_with_a_reason) {
    const std::pair<std::string, std::string> cases[] = {
        {"", "empty"},
        {" \n", "empty"},
        {"hello, world", "neither JSON nor hexadecimal nor base64"},
        {"{}", "no member that carries evidence"},
        {"[]", "neither an object"},
        {"{\"quote\": 3}", "no member that carries evidence"},
        {"{\"attestation_report\": {\"version\": 2}}", "taken apart into fields"},
        {"-----BEGIN CERTIFICATE-----", "PEM"},
        {std::string(1200, '\xee'), "no evidence that is known"},
        {"00", "no evidence that is known"},
    };
    for (const auto& [input, reason] : cases)
        EXPECT_NE(refusal(as_bytes(input)).find(reason), std::string::npos)
            << input << ": " << refusal(as_bytes(input));
    Bytes report = snp().evidence;
    report.push_back(1);
    EXPECT_NE(refusal(report).find("bytes behind it"), std::string::npos);
}

TEST(Wrappings, nesting_has_an_end) {
    Bytes wrapped = snp().evidence;
    for (int i = 0; i < 6; i++)
        wrapped = text_bytes("{\"evidence\": " + json_quote(to_base64(wrapped)) + "}");
    EXPECT_NE(refusal(wrapped).find("more than six times"), std::string::npos) << refusal(wrapped);
    // Thousands of levels cost no stack.
    EXPECT_NE(refusal(Bytes(100000, 0x81)), "");
    EXPECT_NE(refusal(text_bytes(std::string(100000, '['))), "");
}

TEST(Wrappings, cbor_claims_of_length_cost_nothing) {
    // An array, a map and a string of 2^62 items each, in a few bytes.
    for (uint8_t major : {0x9b, 0xbb, 0x5b, 0x7b}) {
        Bytes bytes = {0x81, major, 0x40, 0, 0, 0, 0, 0, 0, 0};
        EXPECT_FALSE(document_from_cbor(bytes).ok());
    }
    EXPECT_FALSE(document_from_cbor(Bytes{0x9f, 0x01, 0xff}).ok());                  // indefinite length
    EXPECT_FALSE(document_from_cbor(Bytes{0xa2, 0x61, 'a', 1, 0x61, 'a', 2}).ok());  // duplicate key
    EXPECT_FALSE(document_from_cbor(Bytes{0x01, 0x01}).ok());                        // bytes behind
}

}  // namespace
}  // namespace litebox::attest
