// A table of single changes to simulated SEV-SNP evidence, each with the verdict it must give and the check
// that must give it.
#include <gtest/gtest.h>

#include <functional>

#include "attest/amd/snp.h"
#include "attest/simulate/simulate.h"

namespace litebox::attest {
namespace {

using simulate::AmdKnobs;
using simulate::any_code_policy;
using simulate::Product;
using simulate::simulate;
using simulate::Simulation;

struct Change {
    const char* what;
    std::function<void(AmdKnobs&)> knobs;
    Status status;
    const char* check;
    std::function<void(Policy&)> policy = {};
};

void expect_table(const std::vector<Change>& table, Product product = Product::milan, uint32_t version = 3,
                  bool vlek = false) {
    for (const Change& change : table) {
        SCOPED_TRACE(change.what);
        AmdKnobs knobs = AmdKnobs::snp(product, version, vlek);
        if (change.knobs) change.knobs(knobs);
        Policy policy = any_code_policy();
        if (change.policy) change.policy(policy);
        Simulation made = simulate(knobs);
        Verdict verdict = verify(made.evidence, made.options(policy));
        EXPECT_EQ(to_string(verdict.status()), to_string(change.status))
            << (verdict.reason() ? verdict.reason()->id : "no failure");
        if (change.status == Status::accepted) {
            EXPECT_EQ(verdict.reason(), nullptr);
        } else {
            EXPECT_EQ(verdict.state(change.check), CheckState::failed) << change.check;
        }
    }
}

simulate::Patch patch(size_t offset, Bytes bytes) {
    return {offset, std::move(bytes)};
}

TEST(SnpChanges, unchanged_evidence_of_every_product_version_and_key_is_accepted) {
    for (Product product : {Product::milan, Product::genoa, Product::siena, Product::turin})
        for (uint32_t version : {3u, 5u})
            for (bool vlek : {false, true})
                expect_table({{"unchanged", {}, Status::accepted, ""}}, product, version, vlek);
    expect_table({{"unchanged", {}, Status::accepted, ""}}, Product::milan, 2);
    expect_table({{"unchanged", {}, Status::accepted, ""}}, Product::genoa, 2, true);
}

TEST(SnpChanges, fields_of_the_report) {
    using Knobs = AmdKnobs&;
    expect_table({
        {"version 4", [](Knobs k) { k.report.fields.version = 4; }, Status::unsupported, "snp-version"},
        {"version 6", [](Knobs k) { k.report.fields.version = 6; }, Status::unsupported, "snp-version"},
        {"an unknown bit of the guest policy", [](Knobs k) { k.report.fields.policy |= 1ull << 26; },
         Status::unsupported, "snp-fields"},
        {"bit 17 of the guest policy clear", [](Knobs k) { k.report.fields.policy = 0; }, Status::unsupported,
         "snp-fields"},
        {"an unknown bit of platform info", [](Knobs k) { k.report.fields.platform_info |= 1 << 8; },
         Status::unsupported, "snp-fields"},
        {"platform info bit 6, as Turin has it", [](Knobs k) { k.report.fields.platform_info |= 1 << 6; },
         Status::accepted, ""},
        {"an unknown flag", [](Knobs k) { k.report.fields.flags |= 1 << 5; }, Status::unsupported,
         "snp-fields"},
        {"VMPL 4", [](Knobs k) { k.report.fields.vmpl = 4; }, Status::unsupported, "snp-fields"},
        {"no signing key", [](Knobs k) { k.report.fields.flags |= 7 << 2; }, Status::unsupported,
         "snp-signing-key"},
        {"signature algorithm 2", [](Knobs k) { k.report.fields.signature_algorithm = 2; },
         Status::unsupported, "snp-signature-algorithm"},
        {"a reserved byte set, signed", [](Knobs k) { k.report.signed_patches = {patch(0x4c, {1})}; },
         Status::malformed, "snp-reserved"},
        {"a byte behind the signature set", [](Knobs k) { k.report.patches = {patch(0x330, {1})}; },
         Status::malformed, "snp-reserved"},
        {"the last byte set", [](Knobs k) { k.report.patches = {patch(0x49f, {0x80})}; }, Status::malformed,
         "snp-reserved"},
        {"mitigation vectors in version 3", [](Knobs k) { k.report.signed_patches = {patch(0x1f8, {1})}; },
         Status::malformed, "snp-reserved"},
        {"Genoa's processor under a Milan key", [](Knobs k) { k.report.fields.cpuid_model = 0x11; },
         Status::wrong_collateral, "snp-product"},
        {"a processor of no product", [](Knobs k) { k.report.fields.cpuid_family = 0x17; },
         Status::unsupported, "snp-product"},
        {"running firmware older than committed", [](Knobs k) { k.report.current.snp--; },
         Status::out_of_policy, "snp-tcb-order"},
        {"a reserved byte of a TCB version",
         [](Knobs k) { k.report.signed_patches = {patch(0x38 + 3, {1})}; }, Status::malformed,
         "snp-tcb-order"},
    });
    expect_table({{"CPUID in version 2", [](Knobs k) { k.report.signed_patches = {patch(0x188, {0x19})}; },
                   Status::malformed, "snp-reserved"}},
                 Product::milan, 2);
}

TEST(SnpChanges, signature) {
    using Knobs = AmdKnobs&;
    auto half = [](size_t offset) {
        return [offset](Knobs k) { k.report.patches = {patch(offset, Bytes(72, 0))}; };
    };
    expect_table({
        {"r zero", half(0x2a0), Status::forged, "snp-signature"},
        {"s zero", half(0x2e8), Status::forged, "snp-signature"},
        {"r of 49 bytes", [](Knobs k) { k.report.patches = {patch(0x2a0 + 48, {1})}; }, Status::forged,
         "snp-signature"},
        {"r all ones, above the order", [](Knobs k) { k.report.patches = {patch(0x2a0, Bytes(48, 0xff))}; },
         Status::forged, "snp-signature"},
        {"the other of the two valid s", [](Knobs k) { k.report.high_s = true; }, Status::accepted, ""},
        {"another key", [](Knobs k) { k.report.signer = "stranger"; }, Status::forged, "snp-signature"},
        {"measurement changed behind the signature",
         [](Knobs k) {
             k.report.patches = {patch(0x90, {0xaa, 0xbb})};
         },
         Status::forged, "snp-signature"},
    });
}

TEST(SnpChanges, endorsement_key) {
    using Knobs = AmdKnobs&;
    expect_table({
        {"no certificate", [](Knobs k) { k.omit_vek = true; }, Status::wrong_collateral,
         "snp-endorsement-key"},
        {"another chip", [](Knobs k) { k.vek_extension.hardware_id[0] ^= 1; }, Status::wrong_collateral,
         "snp-chip-id"},
        {"hardware id wrapped in an OCTET STRING", [](Knobs k) { k.vek_extension.wrap_hardware_id = true; },
         Status::wrong_collateral, "snp-endorsement-key"},
        {"no microcode version", [](Knobs k) { k.vek_extension.omit_microcode = true; },
         Status::wrong_collateral, "snp-endorsement-key"},
        {"microcode of another version", [](Knobs k) { k.vek_extension.tcb.microcode--; },
         Status::wrong_collateral, "snp-tcb-certificate"},
        {"firmware of another version", [](Knobs k) { k.vek_extension.tcb.snp++; }, Status::wrong_collateral,
         "snp-tcb-certificate"},
        {"microcode 0xdb, two bytes in DER",
         [](Knobs k) {
             k.vek_extension.tcb.microcode = k.report.reported.microcode = k.report.current.microcode = 0xdb;
         },
         Status::accepted, ""},
        {"an unknown product", [](Knobs k) { k.vek_extension.product_name = "Naples"; },
         Status::wrong_collateral, "snp-endorsement-key"},
        {"another stepping", [](Knobs k) { k.vek_extension.product_name = "Milan-B1"; }, Status::accepted,
         ""},
        {"a VCEK certificate for a report signed by a VLEK", [](Knobs k) { k.report.fields.flags |= 1 << 2; },
         Status::wrong_collateral, "snp-endorsement-key"},
        {"the name of a VLEK", [](Knobs k) { k.vek.subject = "SEV-VLEK"; }, Status::wrong_collateral,
         "snp-endorsement-key"},
        {"expired", [](Knobs k) { k.vek.not_after = {k.now.seconds - 1}; }, Status::expired_collateral,
         "snp-certificate-path"},
        {"not yet valid", [](Knobs k) { k.vek.not_before = {k.now.seconds + 1}; }, Status::expired_collateral,
         "snp-certificate-path"},
        {"an unknown critical extension", [](Knobs k) { k.vek.unknown_critical_extension = true; },
         Status::untrusted, "snp-certificate-path"},
        {"an unknown extension that is not critical",
         [](Knobs k) {
             k.vek.extensions.push_back({"1.2.3.4", false, {5, 0}});
         },
         Status::accepted, ""},
        {"not signed by the ASK", [](Knobs k) { k.vek.bad_signature = true; }, Status::forged,
         "snp-certificate-path"},
        {"a certificate authority", [](Knobs k) { k.vek.basic_constraints = k.vek.ca = true; },
         Status::wrong_collateral, "snp-endorsement-key"},
    });
    // A masked chip id leaves the signature to say which key it was.
    expect_table({{"masked chip id", [](Knobs k) { k.report.fields.chip_id = {}; }, Status::accepted, ""},
                  {"masked chip id, against the policy", [](Knobs k) { k.report.fields.chip_id = {}; },
                   Status::out_of_policy, "policy-masked-chip-id",
                   [](Policy& p) { p.snp.allow_masked_chip_id = false; }}});
    expect_table({{"a VLEK, against the policy",
                   {},
                   Status::out_of_policy,
                   "policy-vlek",
                   [](Policy& p) { p.snp.allow_vlek = false; }}},
                 Product::genoa, 3, true);
}

TEST(SnpChanges, hierarchy_and_revocation) {
    using Knobs = AmdKnobs&;
    expect_table({
        {"no ASK", [](Knobs k) { k.omit_ask = true; }, Status::untrusted, "snp-certificate-path"},
        {"an ASK that the ARK did not sign", [](Knobs k) { k.ask.bad_signature = true; }, Status::forged,
         "snp-certificate-path"},
        {"an ASK that is no authority", [](Knobs k) { k.ask.ca = false; }, Status::untrusted,
         "snp-certificate-path"},
        {"an ASK that may not sign certificates",
         [](Knobs k) { k.ask.key_usage = simulate::key_usage_signature; }, Status::untrusted,
         "snp-certificate-path"},
        {"an ASK of another product", [](Knobs k) { k.ask.subject = k.vek.issuer = "SEV-Genoa"; },
         Status::untrusted, "snp-product"},
        {"an ARK of another product",
         [](Knobs k) { k.ark.subject = k.ark.issuer = k.ask.issuer = "ARK-Genoa"; }, Status::untrusted,
         "snp-certificate-path"},
        {"an expired ASK", [](Knobs k) { k.ask.not_after = {k.now.seconds - 1}; }, Status::expired_collateral,
         "snp-certificate-path"},
        {"the ASK revoked", [](Knobs k) { k.crl.revoked = {k.ask.serial}; }, Status::revoked,
         "snp-revocation"},
        {"another certificate revoked",
         [](Knobs k) {
             k.crl.revoked = {{9, 9}};
         },
         Status::accepted, ""},
        {"no revocation list", [](Knobs k) { k.omit_crl = true; }, Status::wrong_collateral,
         "snp-revocation"},
        {"no revocation list, and none asked for", [](Knobs k) { k.omit_crl = true; }, Status::accepted, "",
         [](Policy& p) { p.require_revocation = false; }},
        {"a revocation list of yesterday", [](Knobs k) { k.crl.next_update = {k.now.seconds - 1}; },
         Status::expired_collateral, "snp-revocation"},
        {"a revocation list of tomorrow", [](Knobs k) { k.crl.this_update = {k.now.seconds + 1}; },
         Status::expired_collateral, "snp-revocation"},
        {"a revocation list that the ARK did not sign", [](Knobs k) { k.crl.bad_signature = true; },
         Status::wrong_collateral, "snp-revocation"},
        {"a revocation list that is too old for the policy",
         [](Knobs k) { k.crl.this_update = {k.now.seconds - 7200}; }, Status::out_of_policy,
         "policy-collateral-age", [](Policy& p) { p.maximum_collateral_age = 3600; }},
    });
}

TEST(SnpChanges, policy) {
    using Knobs = AmdKnobs&;
    auto policy = [](const char* what, const char* check, std::function<void(Policy&)> set,
                     std::function<void(Knobs)> knobs = {}) {
        return Change{what, std::move(knobs), Status::out_of_policy, check, std::move(set)};
    };
    expect_table({
        policy("debug", "policy-debug", {}, [](Knobs k) { k.report.fields.policy |= snp_policy_debug; }),
        policy("a migration agent", "policy-migration-agent", {},
               [](Knobs k) { k.report.fields.policy |= snp_policy_migrate_ma; }),
        policy("no alias check", "policy-alias-check", {},
               [](Knobs k) { k.report.fields.platform_info &= ~snp_platform_alias_check; }),
        policy("VMPL 1", "policy-vmpl", {}, [](Knobs k) { k.report.fields.vmpl = 1; }),
        policy("asked for by the host", "policy-vmpl", {},
               [](Knobs k) { k.report.fields.vmpl = 0xffffffff; }),
        policy("no code pinned", "policy-identity", [](Policy& p) { p.require_identity = true; }),
        policy("another measurement", "policy-measurement",
               [](Policy& p) { p.snp.measurement = {Bytes(48, 1)}; }),
        policy("another ID key", "policy-id-key", [](Policy& p) { p.snp.id_key_digests = {Bytes(48, 1)}; }),
        policy("no author key", "policy-author-key",
               [](Policy& p) { p.snp.author_key_digests = {Bytes(48, 0)}; }),
        policy("other host data", "policy-host-data", [](Policy& p) { p.snp.host_data = Bytes(32, 1); }),
        policy("another family", "policy-family-id", [](Policy& p) { p.snp.family_id = Bytes(16, 1); }),
        policy("another image", "policy-image-id", [](Policy& p) { p.snp.image_id = Bytes(16, 1); }),
        policy("another migration agent", "policy-report-id-ma",
               [](Policy& p) { p.snp.report_id_ma = Bytes(32, 1); }),
        policy(
            "an old guest", "policy-guest-svn", [](Policy& p) { p.snp.minimum_guest_svn = 7; },
            [](Knobs k) { k.report.fields.guest_svn = 6; }),
        policy("old microcode", "policy-tcb",
               [](Policy& p) {
                   p.snp.minimum_tcb = {{"microcode", 255}};
               }),
        policy("one component old, another newer", "policy-tcb",
               [](Policy& p) {
                   p.snp.minimum_tcb = {{"bootloader", 0}, {"tee", 255}, {"snp", 0}};
               }),
        policy("a component that Milan does not have", "policy-tcb",
               [](Policy& p) {
                   p.snp.minimum_tcb = {{"fmc", 0}};
               }),
        policy("old committed firmware", "policy-committed-tcb",
               [](Policy& p) {
                   p.snp.minimum_committed_tcb = {{"snp", 255}};
               }),
        policy("old at launch", "policy-launch-tcb",
               [](Policy& p) {
                   p.snp.minimum_launch_tcb = {{"snp", 255}};
               }),
        policy("old firmware version", "policy-firmware",
               [](Policy& p) { p.snp.minimum_firmware = "1.55.255"; }),
        policy(
            "multithreading", "policy-smt", [](Policy& p) { p.snp.allow_smt = false; },
            [](Knobs k) { k.report.fields.policy |= snp_policy_smt; }),
        policy("several sockets", "policy-single-socket",
               [](Policy& p) { p.snp.require_single_socket = true; }),
        policy("other platform flags", "policy-platform-info",
               [](Policy& p) {
                   p.snp.platform_info = Masked{2, 2};
               }),
        policy("mitigations that version 3 does not tell", "policy-mitigations",
               [](Policy& p) { p.snp.required_mitigations = 1; }),
        policy("another product", "policy-product", [](Policy& p) { p.snp.products = {"Turin"}; }),
        policy("other report data", "policy-report-data",
               [](Policy& p) {
                   p.report_data = Bytes{1, 2, 3};
               }),
    });
    expect_table(
        {policy(
            "a mitigation off", "policy-mitigations", [](Policy& p) { p.snp.required_mitigations = 4; },
            [](Knobs k) {
                k.report.fields.launch_mitigations = 4, k.report.fields.current_mitigations = 3;
            })},
        Product::turin, 5);
}

TEST(SnpChanges, report_data_is_bound_whole) {
    AmdKnobs knobs = AmdKnobs::snp();
    knobs.report.fields.report_data = {1, 2, 3};
    Simulation made = simulate(knobs);
    Policy policy = any_code_policy();
    VerifyOptions options = made.options(policy);
    options.expected_report_data = {1, 2, 3};
    EXPECT_TRUE(verify(made.evidence, options).accepted());
    options.expected_report_data = {1, 2};  // what stands behind must be zero
    EXPECT_EQ(verify(made.evidence, options).state("policy-report-data"), CheckState::failed);
    options.expected_report_data = {1, 2, 4};
    EXPECT_EQ(verify(made.evidence, options).status(), Status::out_of_policy);
}

TEST(SnpChanges, the_simulators_root_is_trusted_only_when_handed_in) {
    Simulation made = simulate(AmdKnobs::snp());
    Policy policy = any_code_policy();
    VerifyOptions options = made.options(policy);
    Roots production = Roots::production();
    options.roots = &production;
    made.collateral.certificates.push_back(made.root);
    EXPECT_EQ(verify(made.evidence, options).status(), Status::untrusted);
}

}  // namespace
}  // namespace litebox::attest
