#include "attest/broker/kbs_evidence.h"

#include <gtest/gtest.h>

#include "tests/unit/attest/broker/snp_fields.h"

namespace litebox::attest::broker {
namespace {

Bytes sample_report(bool turin) {
    Bytes report(snp_report_size);
    for (size_t i = 0; i < report.size(); i++) report[i] = static_cast<uint8_t>(i * 7 + 1);
    auto zero = [&](size_t from, size_t to) {
        std::fill(report.begin() + static_cast<ptrdiff_t>(from), report.begin() + static_cast<ptrdiff_t>(to),
                  0);
    };
    for (size_t i = 1; i < 4; i++) report[i] = 0;
    report[0] = 3;
    report[0x0F] = report[0x47] = 0;  // JSON numbers of 63 bits
    zero(0x04C, 0x050), zero(0x18B, 0x1A0), zero(0x1EB, 0x1EC), zero(0x1EF, 0x1F0), zero(0x1F8, 0x2A0),
        zero(0x330, snp_report_size);
    for (size_t tcb : {0x038, 0x180, 0x1E0, 0x1F0}) turin ? zero(tcb + 4, tcb + 7) : zero(tcb + 2, tcb + 6);
    return report;
}

TEST(KbsEvidenceTest, AReportOfFieldsIsTheReportAgain) {
    for (bool turin : {false, true}) {
        for (bool later : {false, true}) {
            Bytes report = sample_report(turin);
            Json json = *Json::parse(snp_fields_json(report, turin, later));
            auto back = snp_report_from_fields(json);
            ASSERT_TRUE(back.ok()) << back.error().message;
            EXPECT_EQ(to_hex(*back), to_hex(report)) << turin << later;
        }
    }
}

TEST(KbsEvidenceTest, EachFieldMustBeThereAndOfItsForm) {
    std::string text = snp_fields_json(sample_report(false), false, false);
    Json whole = *Json::parse(text);
    for (const auto& [name, value] : whole.members()) {
        if (name.starts_with("_") || name.find('_') == name.npos || name.starts_with("cpuid") ||
            name.ends_with("build") || name.ends_with("minor") || name.ends_with("major"))
            continue;
        for (const char* other : {"\"text\"", "[1,2]", "-1", "[256]", "{}"}) {
            std::string changed = text;
            size_t at = changed.find("\"" + name + "\":") + name.size() + 3;
            changed.replace(at, value.raw().size(), other);
            EXPECT_FALSE(snp_report_from_fields(*Json::parse(changed)).ok()) << name << " " << other;
        }
    }
}

TEST(KbsEvidenceTest, EvidenceOfAnotherTechnologyThanAnnouncedIsRefused) {
    std::string text = "{\"attestation_report\":" + snp_fields_json(sample_report(false), false, false) +
                       ",\"cert_chain\":null}";
    auto snp = parse_kbs_evidence(Tee::snp, *Json::parse(text));
    ASSERT_TRUE(snp.ok()) << snp.error().message;
    EXPECT_FALSE(parse_kbs_evidence(Tee::tdx, *Json::parse(text)).ok());
    EXPECT_FALSE(parse_kbs_evidence(Tee::sgx, *Json::parse(R"({"quote":"AAAA"})")).ok());
    EXPECT_FALSE(parse_kbs_evidence(Tee::sgx, *Json::parse("[]")).ok());
}

}  // namespace
}  // namespace litebox::attest::broker
