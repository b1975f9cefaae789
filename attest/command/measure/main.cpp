// litebox-measure: launch measurements before the machine exists.
#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

#include "attest/measure/inputs.h"

namespace {

using namespace litebox::attest;
using namespace litebox::attest::measure;

struct Options {
    std::string inputs, out;        // measure.toml; measure.json
    std::string id_block, id_auth;  // files to write
    std::string sigstruct, sgxs;    // files to write
    std::string check;              // SIGSTRUCT to check
    SnpDescription snp;
    SnpDescription::Id id;
    std::string guest_features = "0x1", policy = "0x30000", processor_signature;
    TdxDescription tdx;
    SgxDescription sgx;
    SgxDescription::Signing signing;
    std::string date;
};

void add_common(CLI::App& app, Options& o) {
    app.add_option("--inputs", o.inputs,
                   "measure.toml that describes the launch, instead of the options below");
    app.add_option("--out", o.out, "File to write measure.json to (default: standard output)");
}

void add_snp(CLI::App& app, Options& o) {
    add_common(app, o);
    app.add_option("--firmware", o.snp.firmware, "OVMF image");
    app.add_option("--svsm", o.snp.svsm, "COCONUT-SVSM image, before the firmware");
    app.add_option("--firmware-variables-size", o.snp.firmware_variables_size,
                   "Bytes of variables between SVSM and firmware");
    app.add_option("--image", o.snp.image, "ELF kernel with a PVH entry, started without firmware");
    app.add_option("--secrets-gpa", o.snp.secrets_gpa, "With --image: address of the secrets page");
    app.add_option("--cpuid-gpa", o.snp.cpuid_gpa, "With --image: address of the CPUID page");
    app.add_option("--kernel", o.snp.kernel, "Kernel that the firmware checks by its hash");
    app.add_option("--initrd", o.snp.initrd, "Initial RAM disk");
    app.add_option("--command-line", o.snp.command_line, "Kernel command line");
    app.add_option("--processors", o.snp.processors, "Number of virtual processors, 1 to 512");
    app.add_option("--processor-model", o.snp.processor_model, "QEMU's name, such as EPYC-v4 or EPYC-Milan");
    app.add_option("--processor-signature", o.processor_signature, "CPUID signature, over the model's");
    app.add_option("--guest-features", o.guest_features, "VMSA SEV_FEATURES (default 0x1)");
    app.add_option("--vmm", o.snp.vmm, "qemu, ec2 or google");
    app.add_option("--id-key", o.id.id_key, "P-384 key that signs the ID block, PEM");
    app.add_option("--author-key", o.id.author_key, "P-384 key that signs the ID key, PEM");
    app.add_option("--guest-svn", o.id.guest_svn, "Guest SVN in the ID block");
    app.add_option("--policy", o.policy, "Guest policy in the ID block (default 0x30000)");
    app.add_option("--family-id", o.id.family_id, "Family ID in the ID block, 16 bytes");
    app.add_option("--image-id", o.id.image_id, "Image ID in the ID block, 16 bytes");
    app.add_option("--id-block", o.id_block, "File to write the ID block to (96 bytes)");
    app.add_option("--id-auth", o.id_auth, "File to write ID_AUTH to (4096 bytes)");
}

void add_tdx(CLI::App& app, Options& o) {
    add_common(app, o);
    app.add_option("--firmware", o.tdx.firmware, "TDVF image");
    app.add_option("--order", o.tdx.order,
                   "interleaved (default) or two-passes: how the VMM adds and extends pages");
    app.add_option("--kernel", o.tdx.kernel, "Kernel started directly: predicts RTMR1 and RTMR2");
    app.add_option("--initrd", o.tdx.initrd, "Initial RAM disk");
    app.add_option("--command-line", o.tdx.command_line, "Kernel command line");
    for (size_t i = 0; i < 4; i++)
        app.add_option("--rtmr" + std::to_string(i), o.tdx.rtmr[i],
                       "Digests of the events that extend it, in order");
}

void add_sgx(CLI::App& app, Options& o) {
    add_common(app, o);
    app.add_option("--image", o.sgx.image, "ELF image, laid out as the library documents it");
    app.add_option("--stream", o.sgx.stream, "SGXS stream");
    app.add_option("--threads", o.sgx.layout.threads, "Threads (TCS)");
    app.add_option("--stack-pages", o.sgx.layout.stack_pages, "Stack of each thread");
    app.add_option("--heap-pages", o.sgx.layout.heap_pages, "Heap");
    app.add_option("--ssa-frames", o.sgx.layout.ssa_frames, "SSA frames of each thread");
    app.add_option("--ssa-frame-pages", o.sgx.layout.ssa_frame_pages, "Pages of an SSA frame");
    app.add_option("--key", o.signing.key, "RSA-3072 key with exponent 3, PEM: makes a SIGSTRUCT");
    app.add_option("--date", o.date, "Date in it, yyyymmdd");
    app.add_option("--product", o.signing.product, "ISVPRODID");
    app.add_option("--svn", o.signing.svn, "ISVSVN");
    app.add_flag("--debug", o.signing.debug, "Allow debug mode");
    app.add_option("--sigstruct", o.sigstruct, "File to write it to (1808 bytes)");
    app.add_option("--sgxs", o.sgxs, "With --image: file to write the SGXS stream to");
}

/// A number in decimal, or in hexadecimal with 0x; `base` otherwise.
Result<uint64_t> number(const std::string& text, int base = 0) {
    size_t used = 0;
    uint64_t value = 0;
    try {
        value = std::stoull(text, &used, base);
    } catch (const std::exception&) {
        used = 0;
    }
    if (used == 0 || used != text.size() || text[0] == '-') return Error{"not a number: \"" + text + '"'};
    return value;
}

Result<void> write_file(const std::string& path, ByteView contents) {
    if (path.empty()) return {};
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(contents.data()), static_cast<std::streamsize>(contents.size()));
    file.close();
    if (!file) return Error{"cannot write " + path};
    return {};
}

Result<Description> described(Options& o, const CLI::App& command) {
    if (!o.inputs.empty()) return read_description(o.inputs);
    Description description;
    if (command.get_name() == "snp") {
        o.snp.guest_features = ATTEST_TRY(number(o.guest_features));
        if (!o.processor_signature.empty())
            o.snp.processor_signature = static_cast<uint32_t>(ATTEST_TRY(number(o.processor_signature)));
        o.id.policy = ATTEST_TRY(number(o.policy));
        if (!o.id.id_key.empty() || !o.id_block.empty()) o.snp.id_block = o.id;
        description.what = o.snp;
    } else if (command.get_name() == "tdx") {
        description.what = o.tdx;
    } else {
        if (!o.date.empty()) o.signing.date = static_cast<uint32_t>(ATTEST_TRY(number(o.date, 16)));  // BCD
        if (!o.signing.key.empty()) o.sgx.sigstruct = o.signing;
        description.what = o.sgx;
    }
    return description;
}

Result<void> write_stream(const Options& o, const Description& description) {
    auto sgx = std::get_if<SgxDescription>(&description.what);
    if (o.sgxs.empty() || !sgx || sgx->image.empty()) return {};
    Bytes image = ATTEST_TRY(read_input(description.directory / sgx->image));
    std::ofstream file(o.sgxs, std::ios::binary | std::ios::trunc);
    auto sink = [&](ByteView piece) {
        file.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    };
    if (auto enclave = measure_enclave(image, sgx->layout, sink); !enclave) return enclave.error();
    file.close();
    if (!file) return Error{"cannot write " + o.sgxs};
    return {};
}

Result<void> run_measure(Options& o, const CLI::App& command) {
    Description description = ATTEST_TRY(described(o, command));
    Measured measured = ATTEST_TRY(measure::measure(description));
    if (!o.id_auth.empty() && measured.id_auth.empty()) return Error{"--id-auth needs --id-key"};
    if (!o.sigstruct.empty() && measured.sigstruct.empty()) return Error{"--sigstruct needs --key"};
    for (const auto& [path, contents] : {std::pair{&o.id_block, &measured.id_block},
                                         {&o.id_auth, &measured.id_auth},
                                         {&o.sigstruct, &measured.sigstruct}})
        if (auto done = write_file(*path, *contents); !done) return done;
    if (auto done = write_stream(o, description); !done) return done;
    std::string json = measured.json + '\n';
    if (!o.out.empty()) return write_file(o.out, as_bytes(json));
    std::cout << json;
    return {};
}

Result<void> run_check(const Options& o) {
    Sigstruct checked = ATTEST_TRY(check_sigstruct(ATTEST_TRY(read_input(o.check))));
    std::cout << "{\"mr_enclave\":\"" << to_hex(checked.mr_enclave) << "\",\"mr_signer\":\""
              << to_hex(checked.mr_signer) << "\",\"isv_prod_id\":" << checked.isv_prod_id
              << ",\"isv_svn\":" << checked.isv_svn
              << ",\"debug\":" << (checked.attributes & sgx_attribute_debug ? "true" : "false")
              << ",\"public_sample_key\":" << (checked.public_sample_key ? "true" : "false") << "}\n";
    if (checked.public_sample_key)
        std::cerr << "litebox measure: signed by the SDK's sample key, whose private half is public: it "
                     "identifies nobody\n";
    return {};
}

}  // namespace

int main(int count, char** values) {
    Options options;
    CLI::App app{"Computes launch measurements before the machine exists, and makes what vouches for them.",
                 "litebox measure"};
    app.require_subcommand(1);
    app.footer(
        "Exit codes: 0 done, 1 inputs that cannot be measured or a SIGSTRUCT that is not good, 2 wrong "
        "usage.");
    CLI::App* snp = app.add_subcommand("snp", "SEV-SNP launch digest, ID block and its signatures");
    CLI::App* tdx = app.add_subcommand("tdx", "MRTD of a TDVF image, RTMRs of a boot");
    CLI::App* sgx = app.add_subcommand("sgx", "MRENCLAVE of an ELF image or SGXS stream, SIGSTRUCT");
    CLI::App* sigstruct = app.add_subcommand("sigstruct", "Checks a SIGSTRUCT");
    add_snp(*snp, options);
    add_tdx(*tdx, options);
    add_sgx(*sgx, options);
    sigstruct->add_option("file", options.check, "The SIGSTRUCT")->required();
    try {
        app.parse(count, values);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) ? 2 : 0;
    }
    Result<void> done =
        sigstruct->parsed() ? run_check(options) : run_measure(options, *app.get_subcommands().front());
    if (done) return 0;
    std::cerr << "litebox measure: " << done.error().message << '\n';
    return 1;
}
