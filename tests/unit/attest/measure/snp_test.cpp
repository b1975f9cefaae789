// Launch digests against hardware and against other tools' known answers, and the rules of each kind of
// launch.
#include "attest/measure/snp.h"

#include <gtest/gtest.h>

#include "../vectors.h"
#include "attest/base/crypto.h"
#include "attest/base/json.h"
#include "images.h"

namespace litebox::attest::measure {
namespace {

std::string hex(const Result<LaunchDigest>& digest) {
    return digest ? to_hex(*digest) : digest.error().message;
}
std::string hex(const Result<Field<32>>& digest) {
    return digest ? to_hex(*digest) : digest.error().message;
}

TEST(SnpMeasure, the_digest_that_a_real_milan_signed_is_recomputed_from_its_inputs) {
    NEEDS_VECTORS();
    Bytes text = tests::vector_file("snp_measure/dstack_measurement_input.json");
    auto json = Json::parse(as_text(text));
    ASSERT_TRUE(json.ok()) << json.error().message;
    FirmwareLaunch launch;
    for (const Json& section : json->find("ovmf_sections")->items())
        launch.firmware.sections.push_back({static_cast<uint32_t>(*section.integer_member("gpa")),
                                            static_cast<uint32_t>(*section.integer_member("size")),
                                            static_cast<uint32_t>(*section.integer_member("section_type"))});
    launch.firmware.hashes_table = static_cast<uint32_t>(*json->integer_member("sev_hashes_table_gpa"));
    launch.firmware.reset_eip = static_cast<uint32_t>(*json->integer_member("sev_es_reset_eip"));
    auto digest = [&](const char* name) { return from_hex(json->text_member(name).value()).value(); };
    std::ranges::copy(digest("ovmf_hash"), launch.firmware_digest.begin());
    launch.hashes = hash_kernel({}, {}, json->text_member("base_cmdline").value());
    std::ranges::copy(digest("kernel_hash"), launch.hashes->kernel.begin());
    std::ranges::copy(digest("initrd_hash"), launch.hashes->initrd.begin());
    SnpInputs inputs{.image = launch,
                     .processors = static_cast<uint32_t>(*json->integer_member("vcpus")),
                     .processor_model = json->text_member("vcpu_type").value(),
                     .guest_features = static_cast<uint64_t>(*json->integer_member("guest_features"))};
    Bytes report = tests::vector_file("snp/dstack_snp_report.bin");
    ASSERT_EQ(report.size(), snp_report_size);
    EXPECT_EQ(hex(measure_snp(inputs)), to_hex(ByteView(report).subspan(0x90, 48)));
}

struct KnownAnswer {
    const char* firmware;
    const char* command_line;  // null: no kernel
    uint32_t processors;
    uint64_t features;
    Vmm vmm;
    const char* digest;
};
constexpr const char *amd_sev = "ovmf_AmdSev_suffix.bin", *ovmf_x64 = "ovmf_OvmfX64_suffix.bin";
const KnownAnswer known_answers[] = {
    {amd_sev, "", 1, 0x21, Vmm::qemu,
     "329c8ce0972ae52343b64d34a434a86f245dfd74f5ed7aae15d22efc78fb9683632b9b50e4e1d7fa41179ef98a7ef198"},
    {amd_sev, "", 1, 0x1, Vmm::qemu,
     "ddc5224521617a536ee7ce9dd6224d1b58a8d4fda1c741f3ac99fc4bfa04ba6e9fc98646d4a07a9079397fa3852819b5"},
    {amd_sev, "console=ttyS0 loglevel=7", 1, 0x21, Vmm::qemu,
     "803f691094946e42068aaa3a8f9e26a5c89f36f7b73ecfb28c653360fe4b3aba7e534442e7e1e17895dfe778d0228977"},
    {amd_sev, "console=ttyS0 loglevel=7", 1, 0x1, Vmm::qemu,
     "6d287813eb5222d770f75005c664e34c204f385ce832cc2ce7d0d6f354454362f390ef83a92046c042e706363b4b08fa"},
    {amd_sev, nullptr, 1, 0x21, Vmm::qemu,
     "e1e1ca029dd7973ab9513295be68198472dcd4fc834bd9af9b63f6e8a1674dbf281a9278a4a2ebe0eed9f22adbcd0e2b"},
    {amd_sev, nullptr, 1, 0x1, Vmm::qemu,
     "19358ba9a7615534a9a1e2f0dfc29384dcd4dcb7062ff9c6013b26869a5fc6ecabe033c48dd6f6db5d6d76e7c5df632d"},
    {amd_sev, "", 4, 0x21, Vmm::qemu,
     "4953b1fb416fa874980e8442b3706d345926d5f38879134e00813c5d7abcbe78eafe7b422907be0b4698e2414a631942"},
    {amd_sev, "", 4, 0x1, Vmm::qemu,
     "5061fffb019493a903613d56d54b94912a1a2f9e4502385f5c194616753720a92441310ba6c4933de877c36e23046ad5"},
    {amd_sev, "", 1, 0x1, Vmm::ec2,
     "0883bd0eeb716e65b7b977a321c278d1e51b33b5c655fab985443bbcc65c086b9c15e8a0bd8811050dec7e24964e5056"},
    {amd_sev, "", 1, 0x1, Vmm::google,
     "5da7106cf14cf46b1725ebab123eb9e53bd46a1e9f400cd0c08e7827b04b688ea8b4e403c8404efed4397ea5d5d0722e"},
    {amd_sev, "", 4, 0x1, Vmm::google,
     "5c5debf100fc339f90276e761ee1f1658d08922c3b20e2a2e6c7a6c3370b2452a15a00eae11886a93d6fd1e7ab81e29d"},
    {ovmf_x64, nullptr, 1, 0x21, Vmm::qemu,
     "28797ae0afaba4005a81e629acebfb59e6687949d6be44007cd5506823b0dd66f146aaae26ff291eed7b493d8a64c385"},
    {ovmf_x64, nullptr, 1, 0x1, Vmm::qemu,
     "da0296de8193586a5512078dcd719eccecbd87e2b825ad4148c44f665dc87df21e5b49e21523a9ad993afdb6a30b4005"},
};

Bytes firmware_vector(const char* name) {
    return tests::vector_file(std::string("snp_measure/") + name);
}

TEST(SnpMeasure, known_answers_of_other_tools_for_qemu_ec2_and_google_agree) {
    NEEDS_VECTORS();
    for (const KnownAnswer& row : known_answers) {
        auto launch = firmware_launch(firmware_vector(row.firmware));
        ASSERT_TRUE(launch.ok()) << launch.error().message;
        if (row.command_line) launch->hashes = hash_kernel({}, {}, row.command_line);
        SnpInputs inputs{
            .image = *launch, .processors = row.processors, .guest_features = row.features, .vmm = row.vmm};
        EXPECT_EQ(hex(measure_snp(inputs)), row.digest) << row.firmware << ' ' << row.processors;
    }
}

TEST(SnpMeasure, the_digest_of_the_firmware_alone_and_of_older_generations_agree) {
    NEEDS_VECTORS();
    Bytes image = firmware_vector(amd_sev);
    EXPECT_EQ(
        to_hex(firmware_launch(image)->firmware_digest),
        "086e2e9149ebf45abdc3445fba5b2da8270bdbb04094d7a2c37faaa4b24af3aa16aff8c374c2a55c467a50da6d466b74");
    uint32_t signature = processor_signature("EPYC-v4").value();
    KernelHashes none = hash_kernel({}, {}, "");
    EXPECT_EQ(hex(measure_sev_es(image, none, 1, signature, Vmm::qemu)),
              "13810ae661ea11e2bb205621f582fee268f0367c8f97bc297b7fadef3e12002c");
    EXPECT_EQ(hex(measure_sev_es(image, none, 4, signature, Vmm::qemu)),
              "0dccbcaba8e90b261bd0d2e1863a2f9da714768b7b2a19363cd6ae35aa90de91");
    EXPECT_EQ(hex(measure_sev(image, hash_kernel({}, {}, "console=ttyS0 loglevel=7"))),
              "82a3ee5d537c3620628270c292ae30cb40c3c878666a7890ee7ef2a08fb535ff");
    EXPECT_EQ(hex(measure_sev(image, none)),
              "77f613d7bbcdf12a73782ea9e88b0172aeda50d1a54201cb903594ff52846898");
}

TEST(SnpMeasure, a_kernel_is_refused_by_firmware_that_would_not_check_it) {
    NEEDS_VECTORS();
    auto launch = firmware_launch(firmware_vector(ovmf_x64));
    ASSERT_TRUE(launch.ok());
    launch->hashes = hash_kernel({}, {}, "");
    auto digest = measure_snp({.image = *launch});
    ASSERT_FALSE(digest.ok());
    EXPECT_NE(digest.error().message.find("no section for kernel hashes"), std::string::npos);
}

Bytes test_firmware() {
    return make_firmware(2 * page_size,
                         {{firmware_entry::sev_es_reset, number32(0x80B004)},
                          {firmware_entry::sev_hashes,
                           [] {
                               Bytes data = number32(0x810C00);
                               append(data, number32(0x400));
                               return data;
                           }()},
                          {firmware_entry::sev_metadata, number32(0x800)}},
                         2 * page_size - 0x800,
                         sev_metadata({{0x800000, 0x2000, SnpSection::memory},
                                       {0x80D000, 0x1000, SnpSection::secrets},
                                       {0x80E000, 0x1000, SnpSection::cpuid},
                                       {0x80F000, 0x1000, SnpSection::calling_area},
                                       {0x810000, 0x1000, SnpSection::kernel_hashes}}));
}

TEST(SnpMeasure, every_input_changes_the_digest) {
    auto launch = firmware_launch(test_firmware());
    ASSERT_TRUE(launch.ok()) << launch.error().message;
    launch->hashes = hash_kernel(as_bytes("kernel"), as_bytes("initrd"), "a=b");
    SnpInputs base{.image = *launch, .processors = 2};
    std::vector<std::string> digests{hex(measure_snp(base))};
    auto vary = [&](auto change) {
        SnpInputs inputs = base;
        change(inputs, std::get<FirmwareLaunch>(inputs.image));
        digests.push_back(hex(measure_snp(inputs)));
    };
    vary([](SnpInputs& in, FirmwareLaunch&) { in.processors = 3; });
    vary([](SnpInputs& in, FirmwareLaunch&) { in.guest_features = 0x21; });
    vary([](SnpInputs& in, FirmwareLaunch&) { in.vmm = Vmm::ec2; });
    vary([](SnpInputs& in, FirmwareLaunch&) { in.vmm = Vmm::google; });
    vary([](SnpInputs& in, FirmwareLaunch&) { in.processor_model = "EPYC-Milan"; });
    vary([](SnpInputs&, FirmwareLaunch& f) { f.hashes->command_line[0] ^= 1; });
    vary([](SnpInputs&, FirmwareLaunch& f) { f.hashes->initrd[0] ^= 1; });
    vary([](SnpInputs&, FirmwareLaunch& f) { f.hashes->kernel[0] ^= 1; });
    vary([](SnpInputs&, FirmwareLaunch& f) { f.hashes.reset(); });
    vary([](SnpInputs&, FirmwareLaunch& f) { f.firmware_digest[0] ^= 1; });
    std::ranges::sort(digests);
    EXPECT_EQ(std::adjacent_find(digests.begin(), digests.end()), digests.end());
    EXPECT_EQ(digests[0].size(), 96u);
}

TEST(SnpMeasure, processors_are_one_to_512) {
    auto launch = firmware_launch(test_firmware());
    ASSERT_TRUE(launch.ok());
    EXPECT_TRUE(measure_snp({.image = *launch, .processors = 512}).ok());
    EXPECT_FALSE(measure_snp({.image = *launch, .processors = 513}).ok());
    EXPECT_FALSE(measure_snp({.image = *launch, .processors = 0}).ok());
    launch->firmware.reset_eip.reset();
    EXPECT_TRUE(measure_snp({.image = *launch, .processors = 1}).ok());
    EXPECT_FALSE(measure_snp({.image = *launch, .processors = 2}).ok());
    EXPECT_FALSE(measure_snp({.image = *launch, .processor_model = "EPYC-Unknown"}).ok());
}

TEST(SnpMeasure, a_kernel_without_firmware_is_its_pages_its_zeros_and_processors_at_the_pvh_entry) {
    Bytes code(page_size + 10, 0x90);
    Bytes image = make_elf(0x1000, {{0, 0x100000, 3 * page_size, 5, code}}, 0x100040);
    auto launch = kernel_launch(image, 0x5000, 0x6000);
    ASSERT_TRUE(launch.ok()) << launch.error().message;
    EXPECT_EQ(launch->entry, 0x100040u);
    SnpLaunch expected;
    expected.normal(0x100000, code);
    expected.pages(SnpLaunch::PageType::zero, 0x102000, page_size);
    expected.pages(SnpLaunch::PageType::secrets, 0x5000, page_size);
    expected.pages(SnpLaunch::PageType::cpuid, 0x6000, page_size);
    uint32_t signature = processor_signature("EPYC-v4").value();
    for (int i = 0; i < 2; i++) expected.vmsa(sha384(make_protected_vmsa(0x100040, 1, signature)));
    EXPECT_EQ(hex(measure_snp({.image = *launch, .processors = 2})), to_hex(expected.digest()));
    EXPECT_FALSE(measure_snp({.image = *launch, .vmm = Vmm::ec2}).ok());
    EXPECT_FALSE(kernel_launch(make_elf(0, {{0, 0x100000, page_size, 5, code}}), 0, 0).ok()) << "no PVH note";
}

TEST(SnpMeasure, an_svsm_lies_before_the_firmware_and_its_variables) {
    Bytes svsm = make_firmware(
        page_size,
        {{firmware_entry::svsm_info, number32(0x40)}, {firmware_entry::sev_metadata, number32(0x800)}},
        page_size - 0x800, sev_metadata({{0x8000, 0x1000, SnpSection::secrets}}));
    auto launch = svsm_launch(test_firmware(), svsm, 0x4000);
    ASSERT_TRUE(launch.ok()) << launch.error().message;
    EXPECT_EQ(launch->entry, four_gib - 2 * page_size - 0x4000 - page_size + 0x40);
    EXPECT_TRUE(measure_snp({.image = *launch, .processors = 4}).ok());
    EXPECT_FALSE(svsm_launch(test_firmware(), test_firmware(), 0).ok()) << "no SVSM entry";
}

TEST(SnpMeasure, no_damaged_firmware_makes_a_launch_of_unchecked_size) {
    Bytes good = test_firmware();
    for (size_t at = good.size() - 0x900; at < good.size(); at++) {
        for (uint8_t value : {0x00, 0x7F, 0xFF}) {
            Bytes image = good;
            image[at] = value;
            auto firmware = parse_snp_firmware(image);
            EXPECT_TRUE(!firmware || check_sections(firmware->sections).ok());
        }
    }
    for (size_t size = 0; size < good.size(); size += 97)
        EXPECT_FALSE(parse_snp_firmware(ByteView(good).first(size)).ok());
}

}  // namespace
}  // namespace litebox::attest::measure
