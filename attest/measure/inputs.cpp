// From a description to a measurement, and to measure.json.
#include "attest/measure/inputs.h"

#include "attest/base/crypto.h"
#include "attest/base/json.h"

namespace litebox::attest::measure {

namespace {

namespace fs = std::filesystem;

Result<Bytes> read_optional(const std::string& name, const fs::path& directory) {
    if (name.empty()) return Bytes{};
    return read_input(directory / name);
}

template <size_t N>
Result<Field<N>> read_field(const std::string& hex, const char* key) {
    Field<N> field{};
    auto bytes = from_hex(hex);
    if (!bytes || bytes->size() != N)
        return Error{std::string(key) + " must be " + std::to_string(N) + " bytes in hexadecimal"};
    std::copy(bytes->begin(), bytes->end(), field.begin());
    return field;
}

Result<FirmwareLaunch> described_firmware(const SnpDescription::Firmware& description) {
    FirmwareLaunch launch;
    launch.firmware_digest = ATTEST_TRY(read_field<48>(description.digest, "firmware_description.digest"));
    launch.firmware.sections = description.sections;
    launch.firmware.hashes_table = description.hashes_table;
    launch.firmware.reset_eip = description.reset_eip;
    if (auto checked = check_sections(description.sections); !checked) return checked.error();
    return launch;
}

/// The hashes of kernel, initrd and command line; absent where no kernel is given.
Result<std::optional<KernelHashes>> described_kernel(const SnpDescription& d, const fs::path& directory) {
    bool kernel = !d.kernel.empty() || !d.kernel_sha256.empty();
    if (!kernel) {
        if (!d.initrd.empty() || !d.initrd_sha256.empty() || !d.command_line.empty())
            return Error{"an initrd or a command line without a kernel is not measured: name the kernel"};
        return std::optional<KernelHashes>{};
    }
    if ((!d.kernel.empty() && !d.kernel_sha256.empty()) || (!d.initrd.empty() && !d.initrd_sha256.empty()))
        return Error{"give kernel and initrd as files or by their SHA-256, not both"};
    Bytes kernel_bytes = ATTEST_TRY(read_optional(d.kernel, directory));
    Bytes initrd_bytes = ATTEST_TRY(read_optional(d.initrd, directory));
    KernelHashes hashes = hash_kernel(kernel_bytes, initrd_bytes, d.command_line);
    if (!d.kernel_sha256.empty())
        hashes.kernel = ATTEST_TRY(read_field<32>(d.kernel_sha256, "kernel_sha256"));
    if (!d.initrd_sha256.empty())
        hashes.initrd = ATTEST_TRY(read_field<32>(d.initrd_sha256, "initrd_sha256"));
    return std::optional(hashes);
}

/// A JSON object in the making.
class Object {
  public:
    Object& text(std::string_view key, std::string_view value) { return raw(key, json_quote(value)); }
    Object& number(std::string_view key, uint64_t value) { return raw(key, std::to_string(value)); }
    Object& hex(std::string_view key, ByteView value) { return text(key, to_hex(value)); }
    Object& raw(std::string_view key, std::string_view value) {
        text_ += (text_.empty() ? "" : ",") + json_quote(key) + ':' + std::string(value);
        return *this;
    }
    std::string close() const { return '{' + text_ + '}'; }

  private:
    std::string text_;
};

std::string snp_inputs_json(const SnpDescription& d, const SnpInputs& inputs) {
    Object object;
    object.text("vmm", to_string(inputs.vmm)).number("processors", inputs.processors);
    object.text("processor_model", inputs.processor_model).number("guest_features", inputs.guest_features);
    if (inputs.processor_signature) object.number("processor_signature", *inputs.processor_signature);
    for (auto [key, value] : {std::pair{"firmware", &d.firmware}, {"svsm", &d.svsm}, {"image", &d.image}})
        if (!value->empty()) object.text(key, *value);
    if (auto launch = std::get_if<FirmwareLaunch>(&inputs.image)) {
        object.hex("firmware_digest", launch->firmware_digest);
        if (launch->hashes)
            object.hex("kernel_sha256", launch->hashes->kernel)
                .hex("initrd_sha256", launch->hashes->initrd)
                .text("command_line", d.command_line);
    }
    return object.close();
}

Result<void> add_id_block(const SnpDescription::Id& id, const fs::path& directory, const LaunchDigest& digest,
                          Measured& measured, Object& json) {
    IdBlock block{.launch_digest = digest, .guest_svn = id.guest_svn, .policy = id.policy};
    if (!id.family_id.empty()) block.family_id = ATTEST_TRY(read_field<16>(id.family_id, "family_id"));
    if (!id.image_id.empty()) block.image_id = ATTEST_TRY(read_field<16>(id.image_id, "image_id"));
    measured.id_block = encode(block);
    json.text("id_block", to_base64(measured.id_block));
    if (id.id_key.empty()) return {};
    auto key = [&](const std::string& name) -> Result<PrivateKey> {
        Bytes pem = ATTEST_TRY(read_input(directory / name));
        auto made = PrivateKey::from_pem(as_text(pem), PrivateKey::Kind::p384);
        wipe(pem);
        if (!made) return Error{name + ": " + made.error().message};
        return made;
    };
    PrivateKey id_key = ATTEST_TRY(key(id.id_key));
    std::optional<PrivateKey> author;
    if (!id.author_key.empty()) author = ATTEST_TRY(key(id.author_key));
    measured.id_auth = ATTEST_TRY(make_id_auth(measured.id_block, id_key, author));
    IdAuth checked = ATTEST_TRY(check_id_auth(measured.id_auth, measured.id_block));
    json.text("id_auth", to_base64(measured.id_auth)).hex("id_key_digest", checked.id_key_digest);
    if (checked.author_key_digest) json.hex("author_key_digest", *checked.author_key_digest);
    return {};
}

Result<Measured> measure_description(const SnpDescription& d, const fs::path& directory) {
    SnpInputs inputs = ATTEST_TRY(resolve(d, directory));
    LaunchDigest digest = ATTEST_TRY(measure_snp(inputs));
    Measured measured;
    measured.measurement = to_bytes(digest);
    Object json;
    json.text("technology", "snp").hex("measurement", digest).raw("inputs", snp_inputs_json(d, inputs));
    if (d.id_block)
        if (auto done = add_id_block(*d.id_block, directory, digest, measured, json); !done)
            return done.error();
    measured.json = json.close();
    return measured;
}

Result<std::vector<RtmrEvent>> described_events(const std::vector<std::string>& digests) {
    std::vector<RtmrEvent> events;
    for (const std::string& digest : digests)
        events.push_back({ATTEST_TRY(read_field<48>(digest, "an event's digest")), {}});
    return events;
}

Result<Measured> measure_description(const TdxDescription& d, const fs::path& directory) {
    if (d.firmware.empty()) return Error{"[tdx] needs firmware, a TDVF image"};
    if (d.order != "interleaved" && d.order != "two-passes")
        return Error{"order must be \"interleaved\" or \"two-passes\", not \"" + d.order + '"'};
    TdxOrder order = d.order == "two-passes" ? TdxOrder::two_passes : TdxOrder::interleaved;
    Bytes image = ATTEST_TRY(read_input(directory / d.firmware));
    Field<48> mr_td = ATTEST_TRY(measure_mrtd(image, order));
    std::vector<RtmrEvent> events[4];
    for (size_t i = 0; i < 4; i++) events[i] = ATTEST_TRY(described_events(d.rtmr[i]));
    if (!d.kernel.empty()) {
        if (!events[1].empty() || !events[2].empty())
            return Error{"give a kernel, or rtmr1 and rtmr2 by their events, not both"};
        Bytes kernel = ATTEST_TRY(read_input(directory / d.kernel)),
              initrd = ATTEST_TRY(read_optional(d.initrd, directory));
        DirectBoot boot = ATTEST_TRY(direct_boot(kernel, initrd, d.command_line));
        events[1] = boot.rtmr1;
        events[2] = boot.rtmr2;
    } else if (!d.initrd.empty() || !d.command_line.empty()) {
        return Error{"an initrd or a command line without a kernel: name the kernel"};
    }
    Object json;
    json.text("technology", "tdx")
        .hex("measurement", mr_td)
        .hex("mr_td", mr_td)
        .text("order", to_string(order));
    for (size_t i = 0; i < 4; i++)
        if (!events[i].empty()) json.hex("rtmr" + std::to_string(i), measure_rtmr(events[i]));
    json.raw("inputs", Object()
                           .text("firmware", d.firmware)
                           .hex("firmware_sha384", sha384(image))
                           .text("kernel", d.kernel)
                           .text("initrd", d.initrd)
                           .text("command_line", d.command_line)
                           .close());
    Measured measured;
    measured.measurement = to_bytes(mr_td);
    measured.json = json.close();
    return measured;
}

Result<void> add_sigstruct(const SgxDescription::Signing& signing, const fs::path& directory,
                           const EnclaveSummary& enclave, Measured& measured, Object& json) {
    if (signing.key.empty())
        return Error{"[sgx.sigstruct] needs key, an RSA-3072 key with exponent 3 in PEM form"};
    Bytes pem = ATTEST_TRY(read_input(directory / signing.key));
    auto key = PrivateKey::from_pem(as_text(pem), PrivateKey::Kind::rsa3072);
    wipe(pem);
    if (!key) return Error{signing.key + ": " + key.error().message};
    Sigstruct fields{.date = signing.date, .isv_prod_id = signing.product, .isv_svn = signing.svn};
    if (signing.debug) fields.attributes |= sgx_attribute_debug;
    fields.mr_enclave = enclave.mr_enclave;
    measured.sigstruct = ATTEST_TRY(make_sigstruct(fields, *key));
    Sigstruct checked = ATTEST_TRY(check_sigstruct(measured.sigstruct));
    json.hex("mr_signer", checked.mr_signer)
        .number("isv_prod_id", signing.product)
        .number("isv_svn", signing.svn);
    json.text("sigstruct", to_base64(measured.sigstruct));
    return {};
}

Result<Measured> measure_description(const SgxDescription& d, const fs::path& directory) {
    if (d.image.empty() == d.stream.empty())
        return Error{"[sgx] needs image, an ELF file, or stream, an SGXS file"};
    Bytes bytes = ATTEST_TRY(read_input(directory / (d.image.empty() ? d.stream : d.image)));
    EnclaveSummary enclave =
        ATTEST_TRY(d.image.empty() ? measure_sgxs(bytes) : measure_enclave(bytes, d.layout));
    Object inputs, json;
    inputs.text(d.image.empty() ? "stream" : "image", d.image.empty() ? d.stream : d.image);
    if (!d.image.empty())
        inputs.number("threads", d.layout.threads)
            .number("stack_pages", d.layout.stack_pages)
            .number("ssa_frames", d.layout.ssa_frames)
            .number("ssa_frame_pages", d.layout.ssa_frame_pages)
            .number("heap_pages", d.layout.heap_pages);
    json.text("technology", "sgx")
        .hex("measurement", enclave.mr_enclave)
        .hex("mr_enclave", enclave.mr_enclave);
    json.number("size", enclave.size).number("pages", enclave.pages).number("threads", enclave.threads);
    json.number("unmeasured_chunks", enclave.unmeasured_chunks).raw("inputs", inputs.close());
    Measured measured;
    measured.measurement = to_bytes(enclave.mr_enclave);
    if (d.sigstruct)
        if (auto done = add_sigstruct(*d.sigstruct, directory, enclave, measured, json); !done)
            return done.error();
    measured.json = json.close();
    return measured;
}

}  // namespace

Result<SnpInputs> resolve(const SnpDescription& d, const fs::path& directory) {
    bool firmware = !d.firmware.empty() || d.firmware_description;
    if (firmware == !d.image.empty() || (!d.firmware.empty() && d.firmware_description))
        return Error{
            "[snp] needs firmware, or firmware_description, or image (a kernel without firmware): one of "
            "them"};
    SnpInputs inputs{.image = KernelLaunch{},
                     .processors = d.processors,
                     .processor_model = d.processor_model,
                     .processor_signature = d.processor_signature,
                     .guest_features = d.guest_features};
    auto vmm = vmm_from(d.vmm);
    if (!vmm) return Error{"vmm must be \"qemu\", \"ec2\" or \"google\", not \"" + d.vmm + '"'};
    inputs.vmm = *vmm;
    std::optional<KernelHashes> hashes = ATTEST_TRY(described_kernel(d, directory));
    if (hashes && (!d.image.empty() || !d.svsm.empty()))
        return Error{"a kernel is checked by firmware that starts it: not with image or svsm"};
    if (!d.image.empty()) {
        inputs.image = ATTEST_TRY(
            kernel_launch(ATTEST_TRY(read_input(directory / d.image)), d.secrets_gpa, d.cpuid_gpa));
        return inputs;
    }
    if (!d.svsm.empty()) {
        if (d.firmware.empty()) return Error{"svsm needs the firmware's image"};
        Bytes image = ATTEST_TRY(read_input(directory / d.firmware)),
              svsm = ATTEST_TRY(read_input(directory / d.svsm));
        inputs.image = ATTEST_TRY(svsm_launch(image, svsm, d.firmware_variables_size));
        return inputs;
    }
    FirmwareLaunch launch = d.firmware_description
                                ? ATTEST_TRY(described_firmware(*d.firmware_description))
                                : ATTEST_TRY(firmware_launch(ATTEST_TRY(read_input(directory / d.firmware))));
    launch.hashes = hashes;
    inputs.image = launch;
    return inputs;
}

Result<Measured> measure(const Description& description) {
    return std::visit([&](const auto& what) { return measure_description(what, description.directory); },
                      description.what);
}

}  // namespace litebox::attest::measure
