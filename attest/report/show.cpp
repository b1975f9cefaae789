#include <algorithm>

#include "attest/base/json.h"
#include "attest/report/shown.h"
#include "attest/x509/certificate.h"

namespace litebox::attest {

std::string shown_text(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, 600)) out += c >= 0x20 && c < 0x7f ? c : '?';
    return text.size() > 600 ? out + "..." : out;
}

namespace {

std::string hash_name(uint32_t type) {
    return type == 1 ? "SHA-256" : type == 2 ? "SHA-384" : "SHA-512";
}

void describe_companions(const Evidence& evidence, std::vector<ShownGroup>& groups) {
    ShownGroup group{"What came with it", {}};
    for (const Bytes& der : evidence.certificates)
        if (auto certificate = Certificate::parse(der))
            group.fields.push_back({"certificate", shown_text((*certificate)->common_name()),
                                    "of " + shown_text((*certificate)->issuer_common_name()) + ", " +
                                        to_string((*certificate)->not_before()) + " to " +
                                        to_string((*certificate)->not_after()) + ", SHA-256 " +
                                        to_hex((*certificate)->sha256())});
    for (const Bytes& der : evidence.revocation_lists)
        if (auto list = RevocationList::parse(der))
            group.fields.push_back({"revocation list", shown_text((*list)->issuer_common_name()),
                                    std::to_string((*list)->size()) + " entries, " +
                                        to_string((*list)->this_update()) + " to " +
                                        to_string((*list)->next_update())});
    if (!evidence.runtime_data.empty())
        group.fields.push_back(
            {"runtime data", shown_text(as_text(evidence.runtime_data)),
             "report data should begin with its " + hash_name(evidence.runtime_data_hash)});
    if (!evidence.collateral_json.empty())
        group.fields.push_back({"collateral",
                                std::to_string(evidence.collateral_json.size()) + " bytes of JSON",
                                "a bundle, judged when used"});
    if (!group.fields.empty()) groups.push_back(std::move(group));
    if (evidence.event_log.empty()) return;
    Result<EventLog> log = parse_event_log(evidence.event_log);
    if (!log) {
        groups.push_back({"Event log", {{"damaged", shown_text(log.error().message), ""}}});
        return;
    }
    for (ShownGroup& part : describe_event_log(*log)) groups.push_back(std::move(part));
}

std::string register_name(const LoggedEvent& event) {
    if (event.index == 0) return "MRTD/PCR0";
    if (event.index <= 4)
        return "RTMR" + std::to_string(event.index - 1) + "/PCR" + std::to_string(event.index);
    return "PCR" + std::to_string(event.index);
}

/// Whether the digest, which the register holds, is of what the log says.
std::string authenticity(const LoggedEvent& event) {
    const Bytes* digest = event.sha384();
    std::optional<Bytes> preimage = event_preimage(event);
    if (!preimage || !digest) return "the text is the log's word only";
    return equal(sha384(*preimage), *digest) ? "the digest is of this text"
                                             : "the digest is NOT of this text";
}

}  // namespace

std::vector<ShownGroup> describe_event_log(const EventLog& log) {
    ShownGroup group{"Event log, " + std::to_string(log.events.size()) + " events", {}};
    for (const LoggedEvent& event : log.events) {
        const Bytes* digest = event.sha384();
        std::string value = event_type_name(event.type) + " \"" + describe_event(event) + "\"";
        std::string meaning =
            digest ? "SHA-384 " + to_hex(*digest) + ", " + authenticity(event) : "no SHA-384 digest";
        group.fields.push_back(
            {register_name(event), std::move(value), event.extends() ? meaning : "extends nothing"});
    }
    std::vector<ShownGroup> groups = {std::move(group)};
    if (Result<Rtmrs> registers = replay_rtmrs(log)) {
        ShownGroup replayed{"Registers that a trust domain's log leads to", {}};
        for (size_t i = 0; i < 4; i++)
            replayed.fields.push_back({"RTMR" + std::to_string(i), to_hex((*registers)[i]), ""});
        groups.push_back(std::move(replayed));
        return groups;
    }
    for (auto [bank, name] : {std::pair{Hash::sha1, "SHA-1"}, std::pair{Hash::sha256, "SHA-256"},
                              std::pair{Hash::sha384, "SHA-384"}}) {
        auto registers = replay_pcrs(log, bank);
        if (!registers) continue;
        ShownGroup replayed{std::string("PCRs that the log leads to, bank ") + name, {}};
        for (size_t i = 0; i < registers->size(); i++)
            if ((*registers)[i])
                replayed.fields.push_back({"PCR" + std::to_string(i), to_hex(*(*registers)[i]), ""});
        groups.push_back(std::move(replayed));
    }
    return groups;
}

std::vector<ShownGroup> describe_evidence(const Evidence& evidence) {
    std::vector<ShownGroup> groups;
    if (const auto* quote = std::get_if<Quote>(&evidence.body)) groups = describe_quote(*quote);
    if (const auto* report = std::get_if<SnpReport>(&evidence.body)) groups = {describe_snp_report(*report)};
    if (const auto* epid = std::get_if<EpidQuote>(&evidence.body)) groups = describe_epid(*epid);
    if (const auto* answer = std::get_if<EpidVerificationReport>(&evidence.body))
        groups = describe_epid(*answer);
    if (const auto* local = std::get_if<LocalReport>(&evidence.body)) groups = describe_local(*local);
    if (!evidence.wrappings.empty()) {
        ShownGroup wrappings{"Wrapped in", {}};
        for (const std::string& name : evidence.wrappings)
            wrappings.fields.push_back({shown_text(name), "", ""});
        groups.insert(groups.begin(), std::move(wrappings));
    }
    describe_companions(evidence, groups);
    return groups;
}

std::string shown_as_text(const std::vector<ShownGroup>& groups) {
    std::string text;
    for (const ShownGroup& group : groups) {
        text += (text.empty() ? "" : "\n") + group.title + "\n";
        size_t widest = 0;
        for (const ShownField& field : group.fields)
            widest = std::max(widest, std::min<size_t>(field.name.size(), 24));
        for (const ShownField& field : group.fields) {
            std::string name = field.name;
            name.resize(std::max(widest, name.size()), ' ');
            text += "  " + name + (field.value.empty() ? "" : "  " + field.value) + "\n";
            if (!field.meaning.empty()) text += std::string(widest + 6, ' ') + field.meaning + "\n";
        }
    }
    return text;
}

std::string shown_as_json(const std::vector<ShownGroup>& groups) {
    std::string text = "[";
    for (const ShownGroup& group : groups) {
        text += std::string(text.size() > 1 ? "," : "") + "\n  {\"title\": " + json_quote(group.title) +
                ", \"fields\": [";
        for (size_t i = 0; i < group.fields.size(); i++) {
            const ShownField& field = group.fields[i];
            text += std::string(i ? "," : "") + "\n    {\"name\": " + json_quote(field.name) +
                    ", \"value\": " + json_quote(field.value) +
                    ", \"meaning\": " + json_quote(field.meaning) + "}";
        }
        text += "\n  ]}";
    }
    return text + "\n]\n";
}

}  // namespace litebox::attest
