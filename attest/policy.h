// What a relying party accepts. Read from TOML, every key known, an unknown key is an error; an empty file is
// the default policy: production roots, no debug, TCB up to date, everything bound.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/base/bytes.h"
#include "attest/verdict.h"

namespace litebox::attest {

/// A bit mask and the value that the masked bits must have.
struct Masked {
    uint64_t mask = 0;
    uint64_t value = 0;
};

struct SgxSigner {
    Bytes mr_signer;  // 32 bytes
    std::optional<uint16_t> product;
    uint16_t minimum_svn = 0;
};

struct Policy {
    // Common.
    std::vector<TcbStatus> accepted_tcb = {TcbStatus::up_to_date};
    /// Advisories by name that are accepted: a status other than UpToDate in `accepted_tcb` counts only if
    /// every advisory that the TCB level names is in this list ("*": any).
    std::vector<std::string> accepted_advisories;
    std::optional<Bytes> report_data;  // 64 bytes, or a prefix with zeros behind
    bool allow_debug = false;
    /// Binding: true refuses evidence that is not pinned to any code identity by this policy (measurement or
    /// signer).
    bool require_identity = true;
    std::optional<int64_t> maximum_collateral_age;  // seconds since issueDate/thisUpdate
    std::optional<int64_t> minimum_tcb_evaluation_number;
    bool require_revocation = true;  // revocation lists must be there and current

    struct Sgx {
        std::vector<Bytes> mr_enclave;
        std::vector<SgxSigner> signers;
        std::optional<Bytes> config_id, family_id, ext_product_id;
        std::optional<uint16_t> minimum_config_svn;
        std::optional<Masked> attributes, xfrm;
        bool allow_provision_key = false;
    } sgx;

    struct Tdx {
        std::vector<Bytes> mr_td, mr_seam;
        std::array<std::vector<Bytes>, 4> rtmr;
        std::optional<Bytes> mr_config_id, mr_owner, mr_owner_config;
        std::optional<Masked> attributes, xfam;
        bool require_sept_ve_disable = true;
        bool allow_service_td = false;
        std::optional<Bytes> minimum_tee_tcb_svn;  // 16 bytes, by component
        /// Allow-list per event: type or description -> accepted digests.
        std::map<std::string, std::vector<Bytes>> events;
        bool require_event_log = false;
    } tdx;

    struct Snp {
        std::vector<Bytes> measurement;
        std::optional<Bytes> host_data, family_id, image_id, report_id_ma;
        std::vector<Bytes> id_key_digests, author_key_digests;
        std::optional<uint32_t> minimum_guest_svn;
        std::vector<uint32_t> vmpl = {0};
        /// By component name (bootloader, tee, snp, microcode, fmc); for reported, committed and launch TCB
        /// alike.
        std::map<std::string, uint8_t> minimum_tcb, minimum_committed_tcb, minimum_launch_tcb;
        bool allow_migration_agent = false;
        bool allow_smt = true;
        bool require_single_socket = false;
        bool require_alias_check = true;
        std::optional<Masked> platform_info;
        std::optional<uint64_t> required_mitigations;
        std::vector<std::string> products;  // "Milan", "Genoa", "Turin"; empty: any
        bool allow_vlek = true;
        bool allow_masked_chip_id = true;
        std::optional<std::string> minimum_firmware;  // "1.55.21", committed
    } snp;

    /// Every key known and of the right shape; the error names key, line and what was expected.
    static Result<Policy> parse(std::string_view toml);
};

/// The policy's checks on a verdict whose technology-level checks have been made, run by each verify_*.
struct Quote;
struct SnpReport;
struct Evidence;
void apply_policy(const Policy& policy, const Quote& quote, const Evidence& evidence,
                  ByteView expected_report_data, Verdict& verdict);
void apply_policy(const Policy& policy, const SnpReport& report, const Evidence& evidence,
                  ByteView expected_report_data, Verdict& verdict);

}  // namespace litebox::attest
