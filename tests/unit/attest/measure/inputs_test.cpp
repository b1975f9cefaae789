// measure.toml, measure.json, and explanations of a measurement that is not the expected one.
#include "attest/measure/inputs.h"

#include <gtest/gtest.h>

#include <fstream>

#include "../vectors.h"
#include "attest/base/json.h"
#include "attest/measure/explain.h"
#include "images.h"
#include "test_keys.h"

namespace litebox::attest::measure {
namespace {

namespace fs = std::filesystem;

class MeasureInputs : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
        directory_ = fs::temp_directory_path() / ("litebox-" + name + '-' + std::to_string(getpid()));
        fs::create_directories(directory_);
        Bytes table = number32(0x810C00);
        append(table, number32(0x400));
        std::vector<TableEntry> entries = {{firmware_entry::sev_es_reset, number32(0x80B004)},
                                           {firmware_entry::sev_hashes, table},
                                           {firmware_entry::sev_metadata, number32(0x800)}};
        Bytes metadata = sev_metadata(
            {{0x80E000, 0x1000, SnpSection::cpuid}, {0x810000, 0x1000, SnpSection::kernel_hashes}});
        write("ovmf.fd", make_firmware(page_size, entries, page_size - 0x800, metadata));
        entries[0].data = number32(0x80B008);
        write("other.fd", make_firmware(page_size, entries, page_size - 0x800, metadata));
        write("kernel", to_bytes(as_bytes("a kernel")));
        write("initrd", to_bytes(as_bytes("an initrd")));
        write("other kernel", to_bytes(as_bytes("another kernel")));
        write("other initrd", to_bytes(as_bytes("another initrd")));
        write("id.pem", to_bytes(as_bytes(test_id_key)));
        write("enclave.pem", to_bytes(as_bytes(test_enclave_key)));
        write("enclave.elf", make_elf(0x1000, {{0x1000, 0, 0x1000, 5, Bytes(0x1000, 0x90)}}));
    }
    void TearDown() override { fs::remove_all(directory_); }

    void write(const std::string& name, const Bytes& contents) {
        std::ofstream file(directory_ / name, std::ios::binary);
        file.write(reinterpret_cast<const char*>(contents.data()),
                   static_cast<std::streamsize>(contents.size()));
    }
    Description parse(const std::string& toml) {
        auto parsed = parse_description(toml, directory_);
        EXPECT_TRUE(parsed.ok()) << parsed.error().message;
        return parsed ? *parsed : Description{};
    }
    Measured measured(const std::string& toml) {
        auto made = measure(parse(toml));
        EXPECT_TRUE(made.ok()) << made.error().message;
        return made ? *made : Measured{};
    }
    std::string snp(const std::string& more) const {
        return "[snp]\nfirmware = \"ovmf.fd\"\nkernel = \"kernel\"\ninitrd = \"initrd\"\n" + more;
    }
    std::string why(const Bytes& expected, const std::string& toml) {
        auto explained = explain_mismatch({expected}, parse(toml),
                                          {.firmware = {directory_ / "other.fd"},
                                           .kernels = {directory_ / "other kernel"},
                                           .initrds = {directory_ / "other initrd"},
                                           .command_lines = {"root=/dev/vda"}});
        EXPECT_TRUE(explained.ok()) << explained.error().message;
        if (!explained) return {};
        std::string inputs;
        for (const Difference& difference : explained->differences)
            inputs += difference.input + '=' + difference.found + ' ';
        return explained->matches ? "matches" : inputs.empty() ? explained->text.substr(0, 9) : inputs;
    }

    fs::path directory_;
};

TEST_F(MeasureInputs, measure_json_names_technology_measurement_and_what_it_came_from) {
    Measured made = measured(
        snp("processors = 2\ncommand_line = \"console=ttyS0\"\n[snp.id_block]\nid_key = \"id.pem\"\n"));
    auto json = Json::parse(made.json);
    ASSERT_TRUE(json.ok()) << json.error().message;
    EXPECT_EQ(json->text_member("technology").value(), "snp");
    EXPECT_EQ(json->text_member("measurement").value(), to_hex(made.measurement));
    EXPECT_EQ(json->find("inputs")->integer_member("processors").value(), 2);
    EXPECT_EQ(from_base64(json->text_member("id_auth").value()).value(), made.id_auth);
    EXPECT_TRUE(check_id_auth(made.id_auth, made.id_block).ok());
    Measured enclave = measured(
        "[sgx]\nimage = \"enclave.elf\"\nthreads = 2\n[sgx.sigstruct]\nkey = \"enclave.pem\"\nsvn = 3\n");
    ASSERT_TRUE(Json::parse(enclave.json).ok());
    EXPECT_EQ(check_sigstruct(enclave.sigstruct)->isv_svn, 3);
}

TEST_F(MeasureInputs, wrong_descriptions_are_refused_with_the_key_named) {
    auto error = [&](const std::string& toml) {
        auto parsed = parse_description(toml, directory_);
        if (!parsed) return parsed.error().message;
        auto made = measure(*parsed);
        return made ? std::string("accepted") : made.error().message;
    };
    EXPECT_NE(error(snp("proccessors = 2\n")).find("unknown key \"snp.proccessors\""), std::string::npos);
    EXPECT_NE(error(snp("processors = -1\n")).find("\"snp.processors\""), std::string::npos);
    EXPECT_NE(error(snp("processors = \"two\"\n")).find("\"snp.processors\""), std::string::npos);
    EXPECT_NE(error(snp("vmm = \"xen\"\n")).find("xen"), std::string::npos);
    EXPECT_NE(error("[snp]\n[tdx]\n").find("exactly one"), std::string::npos);
    EXPECT_NE(error("[snp]\n").find("needs firmware"), std::string::npos);
    EXPECT_NE(error("[snp]\nfirmware = \"ovmf.fd\"\ninitrd = \"initrd\"\n").find("without a kernel"),
              std::string::npos);
    EXPECT_NE(error("[snp]\nfirmware = \"nowhere.fd\"\n").find("no file"), std::string::npos);
    EXPECT_NE(error("[snp]\nfirmware = \"kernel\"\n").find("4096"), std::string::npos);
    EXPECT_NE(error("[sgx]\n").find("needs image"), std::string::npos);
    EXPECT_NE(error("x = ").find("line 1"), std::string::npos);
}

TEST_F(MeasureInputs, the_input_that_differs_is_found) {
    const std::string line = "command_line = \"console=ttyS0 quiet\"\n",
                      given = snp(line + "processors = 2\n");
    auto expected = [&](const std::string& more) { return measured(snp(more)).measurement; };
    EXPECT_EQ(why(expected(line + "processors = 2\n"), given), "matches");
    EXPECT_EQ(why(expected(line + "processors = 300\n"), given), "processors=300 ");
    EXPECT_EQ(why(expected(line + "processors = 2\nguest_features = 0x21\n"), given), "guest_features=0x21 ");
    EXPECT_EQ(why(expected(line + "processors = 2\nvmm = \"google\"\n"), given), "vmm=google ");
    EXPECT_EQ(why(expected(line + "processors = 2\nprocessor_model = \"EPYC-Genoa\"\n"), given),
              "processor_model=EPYC-Genoa ");
    EXPECT_EQ(why(expected("command_line = \"console=ttyS0\"\nprocessors = 2\n"), given),
              "command_line=\"console=ttyS0\" ");
    EXPECT_EQ(why(expected("command_line = \"console=ttyS0\"\nprocessors = 8\nvmm = \"ec2\"\n"), given),
              "command_line=\"console=ttyS0\" processors=8 vmm=ec2 ");
    std::string bare = "[snp]\nfirmware = \"ovmf.fd\"\nprocessors = 2\n";
    EXPECT_EQ(why(measured(bare).measurement, given).substr(0, 12), "kernel=none:");
    std::string booted =
        "[snp]\nfirmware = \"ovmf.fd\"\nkernel = \"other kernel\"\ninitrd = \"other initrd\"\nprocessors = "
        "2\n"
        "command_line = \"root=/dev/vda\"\n";
    EXPECT_EQ(why(measured(booted).measurement, given),
              "kernel=" + (directory_ / "other kernel").string() +
                  " initrd=" + (directory_ / "other initrd").string() + " command_line=\"root=/dev/vda\" ");
    std::string other =
        "[snp]\nfirmware = \"other.fd\"\nkernel = \"kernel\"\ninitrd = \"initrd\"\nprocessors = 4\n" + line;
    EXPECT_EQ(why(measured(other).measurement, given),
              "firmware=" + (directory_ / "other.fd").string() + " processors=4 ");
    EXPECT_EQ(why(Bytes(48, 0x77), given), "no change");
    EXPECT_FALSE(explain_mismatch({Bytes(32)}, parse(given)).ok());
}

/// Just enough of an EFI application to be measured as one.
Bytes make_kernel(uint8_t contents) {
    Bytes kernel(512, contents);
    put(kernel, 0, Bytes(512 - 64));
    put(kernel, 0, as_bytes("MZ"));
    put_number(kernel, 0x3C, 0x40, 4);
    put(kernel, 0x40, as_bytes("PE"));
    put_number(kernel, 0x40 + 20, 240, 2);
    put_number(kernel, 0x40 + 24, 0x20B, 2);
    return kernel;
}

TEST_F(MeasureInputs, what_a_trust_domain_booted_is_found_by_its_registers) {
    Bytes metadata =
        tdvf_metadata({{0, page_size, 0xFFFFF000, page_size, TdxSection::boot_volume, TdxSection::extend}});
    write("tdvf.fd", make_firmware(page_size, {{firmware_entry::tdx_metadata, number32(0x800)}},
                                   page_size - 0x800, metadata));
    write("vmlinuz", make_kernel(1));
    write("other vmlinuz", make_kernel(2));
    const std::string given =
        "[tdx]\nfirmware = \"tdvf.fd\"\nkernel = \"vmlinuz\"\ncommand_line = \"console=ttyS0 quiet\"\n";
    auto found = [&](uint8_t kernel, const std::string& command_line) {
        DirectBoot boot = direct_boot(make_kernel(kernel), {}, command_line).value();
        Expected expected{measured(given).measurement,
                          {{}, measure_rtmr(boot.rtmr1), measure_rtmr(boot.rtmr2), {}}};
        auto explained =
            explain_mismatch(expected, parse(given), {.kernels = {directory_ / "other vmlinuz"}}).value();
        std::string inputs;
        for (const Difference& difference : explained.differences) inputs += difference.input + ' ';
        return explained.matches ? "matches" : inputs.empty() ? explained.text.substr(0, 9) : inputs;
    };
    EXPECT_EQ(found(1, "console=ttyS0 quiet"), "matches");
    EXPECT_EQ(found(1, "console=ttyS0"), "command_line ");
    EXPECT_EQ(found(2, "console=ttyS0 quiet"), "kernel ");
    EXPECT_EQ(found(3, "console=ttyS0 quiet"), "no change");
}

TEST_F(MeasureInputs, the_layout_of_an_enclave_that_differs_is_found) {
    std::string base = "[sgx]\nimage = \"enclave.elf\"\n";
    EXPECT_EQ(why(measured(base + "threads = 8\n").measurement, base), "threads=8 ");
    EXPECT_EQ(why(measured(base + "heap_pages = 256\n").measurement, base), "heap_pages=256 ");
    EXPECT_EQ(why(measured(base).measurement, base), "matches");
}

}  // namespace
}  // namespace litebox::attest::measure
