// Policies: every key known and well formed, or an error that says where and what instead.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "attest/policy/schema.h"
#include "attest/report/report.h"

namespace litebox::attest {
namespace {

std::string hex(size_t bytes) {
    return "\"" + std::string(2 * bytes, 'a') + "\"";
}
std::string error_of(const std::string& toml) {
    Result<Policy> policy = Policy::parse(toml);
    return policy ? "" : policy.error().message;
}

TEST(PolicyFile, an_empty_file_is_the_default_policy) {
    Policy policy = Policy::parse("").value();
    EXPECT_EQ(policy.accepted_tcb, std::vector{TcbStatus::up_to_date});
    EXPECT_FALSE(policy.allow_debug);
    EXPECT_TRUE(policy.require_identity);
    EXPECT_TRUE(policy.require_revocation);
    EXPECT_TRUE(policy.snp.require_alias_check);
    EXPECT_EQ(policy_as_text(policy), policy_as_text(Policy()));
}

TEST(PolicyFile, every_key_of_the_schema_is_read) {
    std::string toml =
        "accepted_tcb = [\"UpToDate\", \"SWHardeningNeeded\"]\naccepted_advisories = [\"INTEL-SA-00334\"]\n"
        "report_data = \"0102\"\nallow_debug = true\nrequire_identity = false\nmaximum_collateral_age = "
        "\"30d\"\n"
        "minimum_tcb_evaluation_number = 17\nrequire_revocation = false\n"
        "[sgx]\nmr_enclave = [" +
        hex(32) + "]\nconfig_id = " + hex(64) + "\nfamily_id = " + hex(16) + "\next_product_id = " + hex(16) +
        "\nminimum_config_svn = 3\nattributes = { mask = \"0xff\", value = 5 }\nxfrm = { mask = 7, value = 3 "
        "}\n"
        "allow_provision_key = true\n[[sgx.signers]]\nmr_signer = " +
        hex(32) +
        "\nproduct = 1\nminimum_svn = 2\n"
        "[tdx]\nmr_td = [" +
        hex(48) + "]\nmr_seam = [" + hex(48) + "]\nrtmr0 = [" + hex(48) + "]\nrtmr1 = [" + hex(48) +
        "]\nrtmr2 = [" + hex(48) + "]\nrtmr3 = [" + hex(48) + "]\nmr_config_id = " + hex(48) +
        "\nmr_owner = " + hex(48) + "\nmr_owner_config = " + hex(48) +
        "\nattributes = { mask = \"0x8000000000000001\", value = 0 }\nxfam = { mask = 1, value = 1 "
        "}\nrequire_sept_ve_disable = false\n"
        "allow_service_td = true\nminimum_tee_tcb_svn = " +
        hex(16) + "\nrequire_event_log = true\nevents = { EV_SEPARATOR = [" + hex(48) +
        "] }\n"
        "[snp]\nmeasurement = [" +
        hex(48) + "]\nhost_data = " + hex(32) + "\nfamily_id = " + hex(16) + "\nimage_id = " + hex(16) +
        "\nreport_id_ma = " + hex(32) + "\nid_key_digests = [" + hex(48) + "]\nauthor_key_digests = [" +
        hex(48) +
        "]\nminimum_guest_svn = 1\n"
        "vmpl = [0, 1]\nminimum_tcb = { snp = 24 }\nminimum_committed_tcb = { microcode = 219 "
        "}\nminimum_launch_tcb = { bootloader = 4 }\n"
        "allow_migration_agent = true\nallow_smt = false\nrequire_single_socket = true\nrequire_alias_check "
        "= false\n"
        "platform_info = { mask = 32, value = 32 }\nrequired_mitigations = \"0x0b\"\nproducts = "
        "[\"Genoa\"]\nallow_vlek = false\n"
        "allow_masked_chip_id = false\nminimum_firmware = \"1.55.21\"\n";
    Result<Policy> policy = Policy::parse(toml);
    ASSERT_TRUE(policy.ok()) << policy.error().message;
    EXPECT_EQ(*policy->maximum_collateral_age, 30 * 86400);
    EXPECT_EQ(policy->tdx.attributes->mask, 0x8000000000000001u);
    EXPECT_EQ(policy->snp.minimum_tcb.at("snp"), 24);
    EXPECT_EQ(policy->sgx.signers.at(0).product, 1);
    EXPECT_EQ(policy->tdx.events.size(), 1u);
    // The text above leaves no key out: a new one must come in here, too.
    for (const PolicySection& section : policy_sections())
        for (const PolicyKey& key : section.keys)
            EXPECT_NE(("\n" + toml).find("\n" + std::string(key.name) + " = ") == std::string::npos &&
                          key.name != "signers",
                      true)
                << key.name;
}

TEST(PolicyFile, an_unknown_key_names_its_line_and_the_nearest_known_one) {
    EXPECT_EQ(error_of("\n[snp]\nmesurement = []\n"),
              "policy, line 3: there is no key 'snp.mesurement'; the nearest is 'snp.measurement'");
    EXPECT_EQ(error_of("allow_debg = true"),
              "policy, line 1: there is no key 'allow_debg'; the nearest is 'allow_debug'");
    EXPECT_NE(error_of("mr_enclave = []").find("'sgx.mr_enclave'"), std::string::npos);
    EXPECT_NE(error_of("[sev]\nx = 1\n"), "");
    EXPECT_NE(error_of("sgx = 3\n"), "");
}

TEST(PolicyFile, what_is_not_well_formed_is_an_error_and_never_ignored) {
    const std::string wrong[] = {
        "[=]",
        "[\x01]",
        "[[=]]",
        "[\xc3\xa9]",
        "= 1",
        ".x = 1",
        "allow_debug = 1",
        "allow_debug = \"true\"",
        "accepted_tcb = []",
        "accepted_tcb = [\"Uptodate\"]",
        "accepted_tcb = [\"Revoked\"]",
        "accepted_tcb = [\"TCBNotSupported\"]",
        "accepted_tcb = \"UpToDate\"",
        "report_data = \"\"",
        "report_data = \"0\"",
        "report_data = " + hex(65),
        "maximum_collateral_age = 30",
        "maximum_collateral_age = \"30\"",
        "maximum_collateral_age = \"-1d\"",
        "minimum_tcb_evaluation_number = -1",
        "allow_debug = true\nallow_debug = false",
        "x",
        "[sgx]\nmr_enclave = []",
        "[sgx]\nmr_enclave = " + hex(32),
        "[sgx]\nmr_enclave = [" + hex(31) + "]",
        "[sgx]\nsigners = [{}]",
        "[sgx]\nsigners = [{ mr_signer = " + hex(32) + ", svn = 1 }]",
        "[sgx]\nsigners = [{ mr_signer = " + hex(32) + ", product = 65536 }]",
        "[sgx]\nattributes = { mask = 1 }",
        "[sgx]\nattributes = { mask = 1, value = 2 }",
        "[sgx]\nattributes = { mask = \"1\", value = 1 }",
        "[tdx]\nevents = {}",
        "[tdx]\nevents = { EV_IPL = [] }",
        "[snp]\nvmpl = [4]",
        "[snp]\nvmpl = []",
        "[snp]\nminimum_tcb = {}",
        "[snp]\nminimum_tcb = { ucode = 1 }",
        "[snp]\nminimum_tcb = { snp = 256 }",
        "[snp]\nproducts = [\"Rome\"]",
        "[snp]\nminimum_firmware = \"1.55\"",
        "[snp]\nminimum_firmware = \"1.55.256\"",
        "[snp]\nrequired_mitigations = \"0x\"",
    };
    for (const std::string& toml : wrong) EXPECT_NE(error_of(toml), "") << toml;
    EXPECT_EQ(error_of("[snp]\nvmpl = [4]"),
              "policy, line 2: 'snp.vmpl' must be a list of levels from 0 to 3");
}

TEST(PolicyFile, other_scripts_stand_in_comments_and_strings_of_one_line_only) {
    const std::string accent = "\xc3\xa9", mark = "\xef\xbb\xbf";
    for (const std::string& toml : {
             mark + "allow_debug = true",
             "# " + accent + " \" ' \"\"\"\nallow_debug = true # '''" + accent,
             "accepted_advisories = [\"\\\"" + accent + "\", '\"\\', \"" + accent + "\\\\\"]",
             "accepted_advisories = ['''a''', \"\"\"b\"\"\"\"] # " + accent,
         })
        EXPECT_EQ(error_of(toml), "") << toml;
    const std::string misplaced =
        "policy, line 2: a character that is not ASCII stands outside of comments and strings of one line";
    for (const std::string& toml : {
             "#\n" + accent,
             "#\n[" + accent + "]",
             "#\n" + mark + "allow_debug = true",
             "#\nallow_debug = true " + accent,
             "#\naccepted_advisories = ['\\'," + accent + "]",
             "#\naccepted_advisories = ['''" + accent + "''']",
             "#\naccepted_advisories = [\"\"\"\\\"\"\"" + accent + "\"\"\"]",
             "accepted_advisories = [\"\"\"\n\"\"\"\"\"" + accent + "]",
         })
        EXPECT_EQ(error_of(toml), misplaced) << toml;
}

TEST(PolicyFile, what_is_probably_not_meant_is_warned_of) {
    auto warns = [](const std::string& toml, const std::string& of) {
        for (const std::string& warning : policy_warnings(Policy::parse(toml).value()))
            if (warning.find(of) != std::string::npos) return true;
        return false;
    };
    EXPECT_TRUE(warns("", "nothing will be accepted"));
    EXPECT_TRUE(warns("allow_debug = true", "debug"));
    EXPECT_TRUE(warns("accepted_advisories = [\"*\"]", "published later"));
    EXPECT_TRUE(warns("[tdx]\nmr_td = [" + hex(48) + "]", "not the kernel"));
    EXPECT_TRUE(warns("[snp]\nmeasurement = [" + hex(48) + "]", "minimum_tcb"));
    EXPECT_FALSE(warns("[snp]\nmeasurement = [" + hex(48) + "]\nminimum_tcb = { snp = 24 }", ""));
}

/// The fenced blocks of TOML in the documentation.
std::vector<std::string> documented_policies() {
    std::ifstream file(std::string(LITEBOX_SOURCE_DIR) + "/docs/ATTESTATION.md");
    std::vector<std::string> blocks;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line == "```toml") {
            inside = true;
            blocks.emplace_back();
        } else if (line == "```") {
            inside = false;
        } else if (inside) {
            blocks.back() += line + "\n";
        }
    }
    return blocks;
}

TEST(PolicyFile, the_policies_to_start_from_in_the_documentation_are_valid) {
    std::vector<std::string> policies = documented_policies();
    ASSERT_GE(policies.size(), 3u);
    for (const std::string& toml : policies) EXPECT_EQ(error_of(toml), "") << toml;
    for (std::string_view section : {"[sgx]", "[tdx]", "[snp]"})
        EXPECT_TRUE(std::any_of(policies.begin(), policies.end(), [&](const std::string& toml) {
            return toml.find(section) != std::string::npos;
        })) << section;
}

TEST(PolicyFile, every_key_is_documented) {
    std::ifstream file(std::string(LITEBOX_SOURCE_DIR) + "/docs/ATTESTATION.md");
    std::stringstream text;
    text << file.rdbuf();
    for (const PolicySection& section : policy_sections())
        for (const PolicyKey& key : section.keys)
            EXPECT_NE(text.str().find("`" + std::string(key.name)), std::string::npos) << key.name;
}

}  // namespace
}  // namespace litebox::attest
