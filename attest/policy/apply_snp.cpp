#include <algorithm>

#include "attest/amd/snp.h"
#include "attest/evidence.h"
#include "attest/policy/apply.h"
#include "attest/policy/firmware.h"

namespace litebox::attest {

namespace {

constexpr CheckRule rules[] = {
    {"policy-debug", "the guest is no debug guest, unless the policy allows it (guest policy bit 19)"},
    {"policy-identity", "the policy pins the guest's code, by measurement or by ID or author key"},
    {"policy-report-data", "report data is what the caller or the policy expects"},
    {"policy-measurement", "the launch measurement is one that the policy lists"},
    {"policy-id-key", "the ID key that signed the launch measurement is one that the policy lists"},
    {"policy-author-key", "the author key that signed the ID key is one that the policy lists"},
    {"policy-host-data", "host data is as the policy says"},
    {"policy-family-id", "the family id of the ID block is as the policy says"},
    {"policy-image-id", "the image id of the ID block is as the policy says"},
    {"policy-report-id-ma", "the migration agent is the one that the policy names"},
    {"policy-guest-svn", "the guest's security version is at least the policy's"},
    {"policy-vmpl", "the report was made at a privilege level that the policy lists"},
    {"policy-tcb", "each component of REPORTED_TCB is at least the policy's minimum"},
    {"policy-committed-tcb", "each component of COMMITTED_TCB is at least the policy's minimum"},
    {"policy-launch-tcb", "each component of LAUNCH_TCB is at least the policy's minimum"},
    {"policy-firmware", "the committed firmware is at least the policy's minimum"},
    {"policy-migration-agent",
     "no migration agent may move the guest, unless the policy allows it (guest policy bit 18)"},
    {"policy-smt",
     "simultaneous multithreading is not allowed, where the policy says so (guest policy bit 16)"},
    {"policy-single-socket",
     "the guest is bound to one socket, where the policy says so (guest policy bit 20)"},
    {"policy-alias-check",
     "the platform has checked memory for aliases, against BadRAM (platform info bit 5)"},
    {"policy-platform-info", "platform flags are as the policy says"},
    {"policy-mitigations",
     "the mitigations that the policy requires were on at launch and are on now (version 5)"},
    {"policy-product", "the processor is of a product line that the policy lists"},
    {"policy-vlek", "the report is signed by the chip's own key, where the policy says so"},
    {"policy-masked-chip-id", "the report names its chip, where the policy says so"},
};

using Minimum = std::map<std::string, uint8_t>;

class SnpPolicy {
  public:
    SnpPolicy(PolicyJudge judge, const SnpReport& report)
        : judge_(judge),
          report_(report),
          policy_(judge.policy().snp),
          product_(snp_product_from(claim_of(judge.verdict(), "product"))) {
        if (product_ == SnpProduct::unknown)
            product_ = snp_product_from_cpuid(report.cpuid_family, report.cpuid_model);
    }

    void identity();
    void versions();
    void flags();
    void key();

  private:
    void minimum(std::string_view id, uint64_t tcb, const Minimum& wanted, std::string_view key);
    void firmware();
    void mitigations();

    PolicyJudge judge_;
    const SnpReport& report_;
    const Policy::Snp& policy_;
    SnpProduct product_;
};

void SnpPolicy::identity() {
    judge_.identity(!policy_.measurement.empty() || !policy_.id_key_digests.empty() ||
                        !policy_.author_key_digests.empty(),
                    "list the launch measurement under [snp] measurement; `litebox measure snp` computes it");
    judge_.one_of("policy-measurement", report_.measurement, policy_.measurement,
                  "`litebox attest explain-mismatch` searches for the input that differs");
    judge_.one_of("policy-id-key", report_.id_key_digest, policy_.id_key_digests);
    // Without AUTHOR_KEY_EN the digest field says nothing.
    bool has_author = report_.flags & snp_flag_author_key;
    if (!policy_.author_key_digests.empty() && !has_author)
        judge_.require("policy-author-key", false, "none", "the guest was launched without an author key");
    else
        judge_.one_of("policy-author-key", report_.author_key_digest, policy_.author_key_digests);
    judge_.equals("policy-host-data", report_.host_data, policy_.host_data);
    judge_.equals("policy-family-id", report_.family_id, policy_.family_id);
    judge_.equals("policy-image-id", report_.image_id, policy_.image_id);
    judge_.equals("policy-report-id-ma", report_.report_id_ma, policy_.report_id_ma);
    judge_.at_least("policy-guest-svn", report_.guest_svn, policy_.minimum_guest_svn);
    bool level = std::ranges::find(policy_.vmpl, report_.vmpl) != policy_.vmpl.end();
    judge_.require("policy-vmpl", level,
                   report_.vmpl > 3 ? "requested by the host" : std::to_string(report_.vmpl),
                   "the policy does not list this level under [snp] vmpl");
}

void SnpPolicy::minimum(std::string_view id, uint64_t tcb, const Minimum& wanted, std::string_view key) {
    if (wanted.empty()) return judge_.open(id);
    std::string input = describe_snp_tcb(product_, tcb);
    for (const auto& [name, least] : wanted) {
        auto layout = snp_tcb_layout(product_);
        auto part = std::ranges::find(layout, std::string_view(name), &SnpTcbComponent::name);
        if (part == layout.end())
            return judge_.require(id, false, input,
                                  "the policy asks for component \"" + name + "\", which " +
                                      std::string(to_string(product_)) + " does not have",
                                  "write one policy for each product line");
        uint8_t value = snp_tcb_byte(tcb, part->byte);
        if (value < least)
            return judge_.require(id, false, input,
                                  name + " is " + std::to_string(value) + ", needs " + std::to_string(least) +
                                      " ([snp] " + std::string(key) + ")",
                                  name == "microcode" ? "update the host's microcode (BIOS)"
                                                      : "update the host's SEV firmware (BIOS)");
    }
    judge_.require(id, true, input, {});
}

void SnpPolicy::versions() {
    Verdict& verdict = judge_.verdict();
    minimum("policy-tcb", report_.reported_tcb, policy_.minimum_tcb, "minimum_tcb");
    minimum("policy-committed-tcb", report_.committed_tcb, policy_.minimum_committed_tcb,
            "minimum_committed_tcb");
    minimum("policy-launch-tcb", report_.launch_tcb, policy_.minimum_launch_tcb, "minimum_launch_tcb");
    firmware();
    if (policy_.minimum_tcb.empty())
        verdict.notes.push_back(
            "AMD publishes no list of TCB levels: without [snp] minimum_tcb this verdict does not say that "
            "the firmware is current.");
    else
        verdict.tcb_status = verdict.state("policy-tcb") == CheckState::passed ? TcbStatus::up_to_date
                                                                               : TcbStatus::out_of_date;
}

void SnpPolicy::firmware() {
    if (!policy_.minimum_firmware) return judge_.open("policy-firmware");
    FirmwareVersion version = {report_.committed_major, report_.committed_minor, report_.committed_build};
    std::string input =
        std::to_string(version[0]) + "." + std::to_string(version[1]) + "." + std::to_string(version[2]);
    auto least = parse_firmware(*policy_.minimum_firmware);
    judge_.require("policy-firmware", least && version >= *least, input,
                   "the policy needs " + *policy_.minimum_firmware,
                   "update the host's SEV firmware (BIOS), and commit it");
}

void SnpPolicy::flags() {
    bool agent = report_.policy & snp_policy_migrate_ma, smt = report_.policy & snp_policy_smt;
    judge_.debug(report_.policy & snp_policy_debug);
    judge_.require("policy-migration-agent", !agent || policy_.allow_migration_agent,
                   agent ? "allowed" : "not allowed", "a migration agent may be given the guest's memory",
                   "launch the guest with policy bit 18 clear");
    judge_.require("policy-smt", !smt || policy_.allow_smt, smt ? "allowed" : "not allowed",
                   "the guest may run beside others on one core",
                   "launch the guest with policy bit 16 clear");
    judge_.require("policy-single-socket",
                   !policy_.require_single_socket || (report_.policy & snp_policy_single_socket),
                   hex_number(report_.policy), "the guest may run on several sockets",
                   "launch the guest with policy bit 20 set");
    judge_.require("policy-alias-check",
                   !policy_.require_alias_check || (report_.platform_info & snp_platform_alias_check),
                   hex_number(report_.platform_info), "the platform did not check for aliased memory",
                   "update the host's firmware to one that mitigates BadRAM (AMD-SB-3015)");
    judge_.masked("policy-platform-info", report_.platform_info, policy_.platform_info);
    mitigations();
}

void SnpPolicy::mitigations() {
    if (!policy_.required_mitigations) return judge_.open("policy-mitigations");
    uint64_t missing =
        *policy_.required_mitigations & ~(report_.launch_mitigations & report_.current_mitigations);
    // Before version 5 the fields do not exist.
    if (report_.version < 5) missing = *policy_.required_mitigations;
    judge_.require("policy-mitigations", missing == 0, hex_number(report_.current_mitigations),
                   report_.version < 5
                       ? "a report of version " + std::to_string(report_.version) + " does not tell"
                       : "bits " + hex_number(missing) + " were off at launch or are off now",
                   "update the host's SEV firmware (BIOS)");
}

void SnpPolicy::key() {
    std::string product(to_string(product_));
    if (policy_.products.empty())
        judge_.open("policy-product");
    else
        judge_.require("policy-product",
                       std::ranges::find(policy_.products, product) != policy_.products.end(), product,
                       "[snp] products does not list it");
    bool vlek = snp_signing_key(report_) == static_cast<uint8_t>(SnpSigningKey::vlek);
    judge_.require("policy-vlek", !vlek || policy_.allow_vlek, vlek ? "VLEK" : "VCEK",
                   "the key is a cloud provider's, not the chip's");
    bool masked = all_zero(report_.chip_id);
    judge_.require("policy-masked-chip-id", !masked || policy_.allow_masked_chip_id,
                   masked ? "masked" : "named", "the report does not say which chip made it",
                   "have the host clear MASK_CHIP_ID");
}

}  // namespace

void apply_policy(const Policy& policy, const SnpReport& report, const Evidence&,
                  ByteView expected_report_data, Verdict& verdict) {
    verdict.expect(rules);
    PolicyJudge judge(policy, verdict);
    judge.report_data(report.report_data, expected_report_data);
    SnpPolicy snp(judge, report);
    snp.identity();
    snp.versions();
    snp.flags();
    snp.key();
}

}  // namespace litebox::attest
