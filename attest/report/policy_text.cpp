#include <algorithm>

#include "attest/base/json.h"
#include "attest/report/report.h"

namespace litebox::attest {

namespace {

class Text {
  public:
    void section(std::string_view title) { sections_.push_back({std::string(title), {}}); }
    void say(std::string sentence) { sections_.back().sentences.push_back({std::move(sentence), {}}); }
    void say_if(bool condition, const std::string& sentence) {
        if (condition) say(sentence);
    }
    void either(bool condition, const std::string& yes, const std::string& no) { say(condition ? yes : no); }
    void list(const std::string& what, const std::vector<Bytes>& values) {
        if (values.empty()) return;
        say(what + (values.size() == 1 ? " is:" : " is one of:"));
        for (const Bytes& value : values) sections_.back().sentences.back().values.push_back(to_hex(value));
    }
    void value(const std::string& what, const std::optional<Bytes>& value) {
        if (value) say(what + " is " + to_hex(*value) + ".");
    }
    void masked(const std::string& what, const std::optional<Masked>& masked) {
        if (masked)
            say(what + ": of the bits " + hex_number(masked->mask) + ", exactly " +
                hex_number(masked->value) + " are set.");
    }
    std::string text() const {
        std::string out;
        for (const Section& section : sections_) {
            out += (out.empty() ? "" : "\n") + section.title + "\n";
            for (const Sentence& sentence : section.sentences) {
                out += "  - " + sentence.words + "\n";
                for (const std::string& value : sentence.values) out += "      " + value + "\n";
            }
        }
        return out;
    }
    std::string json() const {
        std::string out;
        for (const Section& section : sections_) {
            out +=
                (out.empty() ? "[" : "]},\n ") + ("{\"about\":" + json_quote(section.title)) + ",\"rules\":[";
            for (const Sentence& sentence : section.sentences) {
                std::string values;
                for (const std::string& value : sentence.values)
                    values += (values.empty() ? "" : ",") + json_quote(value);
                out += (out.back() == '[' ? "\n  {\"rule\":" : ",\n  {\"rule\":") +
                       json_quote(sentence.words) + ",\"values\":[" + values + "]}";
            }
        }
        return out + "]}]\n";
    }

  private:
    struct Sentence {
        std::string words;
        std::vector<std::string> values;
    };
    struct Section {
        std::string title;
        std::vector<Sentence> sentences;
    };
    std::vector<Section> sections_;
};

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string duration(int64_t seconds) {
    if (seconds % 86400 == 0) return std::to_string(seconds / 86400) + " days";
    if (seconds % 3600 == 0) return std::to_string(seconds / 3600) + " hours";
    return std::to_string(seconds) + " seconds";
}

std::string minima(const std::map<std::string, uint8_t>& components) {
    std::vector<std::string> parts;
    for (const auto& [name, value] : components) parts.push_back(name + " " + std::to_string(value));
    return joined(parts);
}

void explain_common(const Policy& policy, Text& text) {
    text.section("Of all evidence:");
    std::vector<std::string> statuses;
    for (TcbStatus status : policy.accepted_tcb) statuses.emplace_back(to_string(status));
    text.say("The TCB status (SGX, TDX) is " + joined(statuses) + ".");
    text.either(policy.accepted_advisories.empty(),
                "No security advisory is accepted: any status but UpToDate that names one is refused.",
                "Where the status is not UpToDate, only these advisories may be open: " +
                    joined(policy.accepted_advisories) + ".");
    text.either(
        policy.report_data.has_value(),
        "Report data is " + (policy.report_data ? to_hex(*policy.report_data) : "") + ", zeros behind it.",
        "Report data is compared only with what the caller expects (--report-data).");
    text.either(policy.allow_debug, "DEBUG GUESTS ARE ACCEPTED: their host can read them.",
                "Debug guests are refused.");
    text.either(
        policy.require_identity,
        "A section below must pin the code; evidence of a technology for which it does not is refused.",
        "CODE NEED NOT BE PINNED: any program on a genuine processor passes, where a section does not list "
        "it.");
    text.either(policy.require_revocation, "Revocation lists must be there and current.",
                "Revocation lists are judged where they are there, and may be missing.");
    if (policy.maximum_collateral_age)
        text.say("Collateral was issued at most " + duration(*policy.maximum_collateral_age) + " ago.");
    if (policy.minimum_tcb_evaluation_number)
        text.say("TCB info and identities have tcbEvaluationDataNumber " +
                 std::to_string(*policy.minimum_tcb_evaluation_number) + " or more.");
}

void explain_sgx(const Policy& whole, Text& text) {
    const Policy::Sgx& policy = whole.sgx;
    text.section("Of SGX enclaves:");
    text.say_if(policy.mr_enclave.empty() && policy.signers.empty() && whole.require_identity,
                "None is accepted: neither mr_enclave nor signers are listed.");
    text.list("MRENCLAVE", policy.mr_enclave);
    for (const SgxSigner& signer : policy.signers)
        text.say("A signer is " + to_hex(signer.mr_signer) + ", product " +
                 (signer.product ? std::to_string(*signer.product) : "any") + ", security version " +
                 std::to_string(signer.minimum_svn) + " or more.");
    text.value("CONFIGID", policy.config_id);
    text.value("ISVFAMILYID", policy.family_id);
    text.value("ISVEXTPRODID", policy.ext_product_id);
    if (policy.minimum_config_svn)
        text.say("CONFIGSVN is " + std::to_string(*policy.minimum_config_svn) + " or more.");
    text.masked("ATTRIBUTES", policy.attributes);
    text.masked("XFRM", policy.xfrm);
    text.either(policy.allow_provision_key, "Enclaves may use the provisioning key.",
                "Enclaves that may use the provisioning key are refused.");
}

void explain_tdx(const Policy& whole, Text& text) {
    const Policy::Tdx& policy = whole.tdx;
    text.section("Of TDX trust domains:");
    text.say_if(policy.mr_td.empty() && whole.require_identity, "None is accepted: mr_td is not listed.");
    text.list("MRTD", policy.mr_td);
    text.list("MRSEAM", policy.mr_seam);
    for (size_t i = 0; i < policy.rtmr.size(); i++) text.list("RTMR" + std::to_string(i), policy.rtmr[i]);
    text.value("MRCONFIGID", policy.mr_config_id);
    text.value("MROWNER", policy.mr_owner);
    text.value("MROWNERCONFIG", policy.mr_owner_config);
    text.masked("TD attributes", policy.attributes);
    text.masked("XFAM", policy.xfam);
    text.either(policy.require_sept_ve_disable, "SEPT_VE_DISABLE is set.",
                "SEPT_VE_DISABLE may be clear: the host can then make guest memory fault.");
    text.either(policy.allow_service_td, "A service TD may be bound.", "No service TD is bound.");
    text.value("Each component of TEE_TCB_SVN is at least that of this value, which",
               policy.minimum_tee_tcb_svn);
    text.say_if(policy.require_event_log || !policy.events.empty(),
                "An event log comes with the quote, and its replay gives the RTMRs.");
    for (const auto& [name, digests] : policy.events)
        text.list("The digest of each event \"" + name + "\", of which there is at least one,", digests);
    text.say_if(!policy.events.empty(),
                "Events that are not listed are refused, but in registers that are pinned above.");
}

void explain_snp_versions(const Policy::Snp& policy, Text& text) {
    text.say_if(!policy.minimum_tcb.empty(),
                "Components of REPORTED_TCB are at least: " + minima(policy.minimum_tcb) + ".");
    text.say_if(!policy.minimum_committed_tcb.empty(),
                "Components of COMMITTED_TCB are at least: " + minima(policy.minimum_committed_tcb) + ".");
    text.say_if(!policy.minimum_launch_tcb.empty(),
                "Components of LAUNCH_TCB are at least: " + minima(policy.minimum_launch_tcb) + ".");
    if (policy.minimum_firmware)
        text.say("The committed firmware is " + *policy.minimum_firmware + " or newer.");
}

void explain_snp(const Policy& whole, Text& text) {
    const Policy::Snp& policy = whole.snp;
    text.section("Of SEV-SNP guests:");
    bool pinned =
        !policy.measurement.empty() || !policy.id_key_digests.empty() || !policy.author_key_digests.empty();
    text.say_if(
        !pinned && whole.require_identity,
        "None is accepted: neither measurement nor id_key_digests nor author_key_digests are listed.");
    text.list("The launch measurement", policy.measurement);
    text.list("The ID key's digest", policy.id_key_digests);
    text.list("The author key's digest", policy.author_key_digests);
    text.value("Host data", policy.host_data);
    text.value("The family id", policy.family_id);
    text.value("The image id", policy.image_id);
    text.value("The migration agent's report id", policy.report_id_ma);
    if (policy.minimum_guest_svn)
        text.say("The guest's security version is " + std::to_string(*policy.minimum_guest_svn) +
                 " or more.");
    std::vector<std::string> levels;
    for (uint32_t level : policy.vmpl) levels.push_back(std::to_string(level));
    text.say("The report was made at VMPL " + joined(levels) + ".");
    explain_snp_versions(policy, text);
    text.either(policy.allow_migration_agent, "A migration agent may move the guest.",
                "No migration agent may move the guest.");
    text.say_if(!policy.allow_smt, "The guest refuses simultaneous multithreading.");
    text.say_if(policy.require_single_socket, "The guest is bound to one socket.");
    text.either(policy.require_alias_check, "The platform has checked its memory for aliases (BadRAM).",
                "The platform need not have checked its memory for aliases (BadRAM).");
    text.masked("Platform info", policy.platform_info);
    if (policy.required_mitigations)
        text.say("These mitigations were on at launch and are on now: " +
                 hex_number(*policy.required_mitigations) + ".");
    text.say_if(!policy.products.empty(), "The processor is of " + joined(policy.products) + ".");
    text.either(policy.allow_vlek, "A provider's key (VLEK) may sign.",
                "Only the chip's own key (VCEK) may sign.");
    text.say_if(!policy.allow_masked_chip_id, "The report names its chip.");
}

Text explain(const Policy& policy) {
    Text text;
    explain_common(policy, text);
    explain_sgx(policy, text);
    explain_tdx(policy, text);
    explain_snp(policy, text);
    return text;
}

}  // namespace

std::string policy_as_text(const Policy& policy) {
    return explain(policy).text();
}
std::string policy_as_json(const Policy& policy) {
    return explain(policy).json();
}

std::vector<std::string> policy_warnings(const Policy& policy) {
    std::vector<std::string> warnings;
    auto warn_if = [&](bool condition, const char* text) {
        if (condition) warnings.emplace_back(text);
    };
    bool sgx = !policy.sgx.mr_enclave.empty() || !policy.sgx.signers.empty();
    bool snp = !policy.snp.measurement.empty() || !policy.snp.id_key_digests.empty() ||
               !policy.snp.author_key_digests.empty();
    bool tdx = !policy.tdx.mr_td.empty();
    warn_if(policy.require_identity && !sgx && !tdx && !snp,
            "no section pins any code, so that nothing will be accepted: list measurements or signers");
    warn_if(!policy.require_identity,
            "require_identity = false: any program on a genuine processor can be accepted");
    warn_if(policy.allow_debug, "allow_debug = true: a debug guest keeps nothing secret from its host");
    warn_if(!policy.require_revocation,
            "require_revocation = false: keys that were revoked are accepted where no list is at hand");
    warn_if(std::ranges::find(policy.accepted_advisories, "*") != policy.accepted_advisories.end(),
            "accepted_advisories has \"*\": advisories that are published later are accepted, too");
    warn_if(tdx && policy.tdx.rtmr[1].empty() && policy.tdx.rtmr[2].empty() && policy.tdx.events.empty(),
            "[tdx] pins no RTMR and no events: MRTD covers the firmware, not the kernel");
    warn_if(snp && policy.snp.minimum_tcb.empty(),
            "[snp] has no minimum_tcb: reports of outdated firmware are accepted");
    for (const SgxSigner& signer : policy.sgx.signers)
        warn_if(!signer.product,
                "a signer of [sgx] has no product: every enclave of that signer is accepted");
    return warnings;
}

}  // namespace litebox::attest
