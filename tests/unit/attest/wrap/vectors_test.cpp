// Wrappings from the field.
#include <gtest/gtest.h>

#include "attest/base/crypto.h"
#include "attest/verify.h"
#include "tests/unit/attest/vectors.h"

namespace litebox::attest {
namespace {

using tests::vector_file;

struct Row {
    const char* file;
    std::vector<std::string> wrappings;
    size_t certificates;
    const char* chain;  // of the product, where the evidence does not bring it
    const char* now;
};

TEST(WrappingVectors, snp_evidence_of_clouds_is_recognised_and_verifies) {
    NEEDS_VECTORS();
    const Row rows[] = {
        {"snp/azure_evidence_genoa.json",
         {"json:report", "azure-hcl"},
         1,
         "snp/amd_ask_ark_genoa.pem",
         "2026-01-01"},
        {"snp/azure_live_evidence.json",
         {"json:evidence", "azure-snp", "base64", "azure-hcl"},
         1,
         "snp/amd_ask_ark_milan.pem",
         "2026-06-01"},
        {"snp/cai_genoa_v5_evidence.json",
         {"json:evidence", "snp", "base64"},
         1,
         "snp/amd_ask_ark_genoa.pem",
         "2026-06-01"},
        {"snp/veraison_tsm_report.json", {"json:configfs-tsm", "base64"}, 3, nullptr, "2026-01-01"},
        {"snp/virtee_milan_report.hex", {"hex"}, 0, "snp/amd_ask_ark_milan.pem", "2026-01-01"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.file);
        Bytes bytes = vector_file(row.file);
        Result<Evidence> evidence = recognise_evidence(bytes);
        ASSERT_TRUE(evidence.ok()) << evidence.error().message;
        EXPECT_EQ(evidence->wrappings, row.wrappings);
        EXPECT_EQ(evidence->certificates.size(), row.certificates);
        Collateral collateral;
        if (row.chain) collateral.add(vector_file(row.chain), row.chain);
        if (row.certificates == 0) collateral.add(vector_file("snp/virtee_milan_vcek.der"), "vcek");
        Policy policy;
        policy.require_identity = policy.require_revocation = policy.snp.require_alias_check = false;
        Roots roots = Roots::production();
        VerifyOptions options;
        options.now = parse_time(row.now).value();
        options.roots = &roots;
        options.collateral = &collateral;
        options.policy = &policy;
        Verdict verdict = verify(*evidence, options);
        EXPECT_TRUE(verdict.accepted())
            << (verdict.reason() ? verdict.reason()->id + ": " + verdict.reason()->reason : "");
    }
}

TEST(WrappingVectors, azure_runtime_data_is_what_report_data_is_the_hash_of) {
    NEEDS_VECTORS();
    for (const char* file : {"snp/azure_hcl_report.bin", "tdx/azure_hcl_report.bin"}) {
        Result<Evidence> evidence = recognise_evidence(vector_file(file));
        ASSERT_TRUE(evidence.ok()) << evidence.error().message;
        ByteView report_data;
        if (const auto* report = std::get_if<SnpReport>(&evidence->body)) report_data = report->report_data;
        if (const auto* local = std::get_if<LocalReport>(&evidence->body))
            report_data = ByteView(local->raw).subspan(128, 64);
        ASSERT_FALSE(report_data.empty());
        EXPECT_TRUE(equal(report_data.first(32), sha256(evidence->runtime_data))) << file;
        EXPECT_NE(as_text(evidence->runtime_data).find("HCLAkPub"), std::string_view::npos);
    }
}

TEST(WrappingVectors, every_quote_and_report_is_recognised_in_its_bare_form) {
    NEEDS_VECTORS();
    int recognised = 0;
    for (const char* folder : {"sgx", "tdx", "snp", "tdx_neg"})
        for (const auto& file : std::filesystem::directory_iterator(tests::vectors() / folder)) {
            std::string name = file.path().filename();
            if (name.find("quote") == std::string::npos && name.find("report.") == std::string::npos)
                continue;
            if (name.find("collateral") != std::string::npos || file.path().extension() == ".json") continue;
            // Not what the hardware gave, but random bytes of a test of its own.
            if (name == "google_tdreport.bin") continue;
            Result<Evidence> evidence = recognise_evidence(vector_file(std::string(folder) + "/" + name));
            EXPECT_TRUE(evidence.ok()) << name << ": " << evidence.error().message;
            recognised++;
        }
    EXPECT_GT(recognised, 25);
}

}  // namespace
}  // namespace litebox::attest
