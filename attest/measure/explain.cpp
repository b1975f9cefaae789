#include "attest/measure/explain.h"

#include <algorithm>

#include "attest/base/crypto.h"

namespace litebox::attest::measure {

namespace {

constexpr uint64_t usual_features[] = {0x1, 0x5, 0x9, 0x11, 0x21, 0x29, 0x201, 0x221, 0x4001, 0x4021};

std::string hex_number(uint64_t value) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    do text.insert(text.begin(), digits[value & 15]);
    while (value >>= 4);
    return "0x" + text;
}

/// An image variant and what distinguishes it from what was given.
struct ImageVariant {
    SnpInputs inputs;
    std::vector<Difference> differences;
};

/// Command lines that people mean when they wrote `given`.
std::vector<std::string> likely_command_lines(const std::string& given) {
    std::vector<std::string> lines{given + " ", given + "\n", " " + given, ""};
    std::string trimmed = given;
    while (!trimmed.empty() && (trimmed.back() == ' ' || trimmed.back() == '\n')) trimmed.pop_back();
    lines.push_back(trimmed);
    size_t begin = 0;
    for (size_t i = 0; i <= trimmed.size(); i++) {  // one word left out
        if (i < trimmed.size() && trimmed[i] != ' ') continue;
        std::string line = trimmed;
        line.erase(begin ? begin - 1 : 0, i - begin + 1);
        lines.push_back(line);
        begin = i + 1;
        if (lines.size() > 128) break;
    }
    std::erase(lines, given);
    return lines;
}

/// A kernel's inputs: as given, or others.
struct BootVariant {
    Bytes kernel, initrd;
    std::string command_line;
    std::vector<Difference> differences;
};

/// What may have been booted, as far as files and texts are at hand: all combinations of what was given and
/// of the candidates, then slips of the command line.
Result<std::vector<BootVariant>> boot_variants(const std::string& kernel, const std::string& initrd,
                                               const std::string& command_line,
                                               const std::filesystem::path& directory,
                                               const Candidates& candidates) {
    using Choice = std::pair<std::string, Bytes>;  // what a person calls it, and its contents
    auto choices = [&](const std::string& given, const auto& others) -> Result<std::vector<Choice>> {
        std::vector<Choice> all{{given, given.empty() ? Bytes() : ATTEST_TRY(read_input(directory / given))}};
        for (const auto& path : others) all.emplace_back(path.string(), ATTEST_TRY(read_input(path)));
        return all;
    };
    std::vector<Choice> kernels = ATTEST_TRY(choices(kernel, candidates.kernels)),
                        initrds = ATTEST_TRY(choices(initrd, candidates.initrds));
    std::vector<BootVariant> out;
    auto add = [&](const Choice& k, const Choice& i, const std::string& line) {
        BootVariant variant{k.second, i.second, line, {}};
        auto note = [&](const char* input, const std::string& given, const std::string& found) {
            if (given != found) variant.differences.push_back({input, given.empty() ? "none" : given, found});
        };
        note("kernel", kernel, k.first);
        note("initrd", initrd, i.first);
        note("command_line", '"' + command_line + '"', '"' + line + '"');
        out.push_back(std::move(variant));
    };
    std::vector<std::string> lines{command_line};
    lines.insert(lines.end(), candidates.command_lines.begin(), candidates.command_lines.end());
    for (const std::string& line : lines)
        for (const Choice& k : kernels)
            for (const Choice& i : initrds) add(k, i, line);
    for (const std::string& line : likely_command_lines(command_line)) add(kernels[0], initrds[0], line);
    return out;
}

/// Variants of one firmware launch: with the kernel's inputs as given, changed, and left out.
Result<void> add_kernel_variants(const SnpDescription& d, const std::filesystem::path& directory,
                                 const Candidates& candidates, const SnpInputs& inputs,
                                 const std::vector<Difference>& differences, std::vector<ImageVariant>& out) {
    out.push_back({inputs, differences});
    auto launch = std::get_if<FirmwareLaunch>(&inputs.image);
    if (!launch || !launch->hashes) return {};
    auto add = [&](auto change, const std::vector<Difference>& more) {
        ImageVariant variant{inputs, differences};
        change(std::get<FirmwareLaunch>(variant.inputs.image));
        variant.differences.insert(variant.differences.end(), more.begin(), more.end());
        out.push_back(std::move(variant));
    };
    for (const BootVariant& boot :
         ATTEST_TRY(boot_variants(d.kernel, d.initrd, d.command_line, directory, candidates)))
        add(
            [&](FirmwareLaunch& l) {
                KernelHashes found = hash_kernel(boot.kernel, boot.initrd, boot.command_line);
                for (const Difference& difference : boot.differences) {
                    if (difference.input == "kernel") l.hashes->kernel = found.kernel;
                    if (difference.input == "initrd") l.hashes->initrd = found.initrd;
                    if (difference.input == "command_line") l.hashes->command_line = found.command_line;
                }
            },
            boot.differences);
    add([](FirmwareLaunch& l) { l.hashes->initrd = sha256({}); },
        {{"initrd", d.initrd.empty() ? d.initrd_sha256 : d.initrd, "none"}});
    add([](FirmwareLaunch& l) { l.hashes.reset(); },
        {{"kernel", d.kernel.empty() ? d.kernel_sha256 : d.kernel,
          "none: the firmware was started without hashes"}});
    return {};
}

/// One combination of processor inputs for an image variant: searches all processor counts.
bool search_processors(ByteView expected, const SnpInputs& inputs, const LaunchDigest& image,
                       uint32_t& processors) {
    auto pages = processor_pages(inputs);
    if (!pages) return false;
    SnpLaunch digest(image);
    for (processors = 1; processors <= maximum_processors; processors++) {
        digest.vmsa(processors == 1 ? pages->first : pages->others);
        if (equal(digest.digest(), expected)) return true;
    }
    return false;
}

void compare_processors(const SnpInputs& given, const SnpInputs& found, std::vector<Difference>& out) {
    auto note = [&](const char* input, std::string a, std::string b) {
        if (a != b) out.push_back({input, std::move(a), std::move(b)});
    };
    note("processors", std::to_string(given.processors), std::to_string(found.processors));
    note("guest_features", hex_number(given.guest_features), hex_number(found.guest_features));
    note("vmm", std::string(to_string(given.vmm)), std::string(to_string(found.vmm)));
    if (given.processor_signature && !found.processor_signature)
        note("processor_signature", hex_number(*given.processor_signature),
             "that of " + found.processor_model);
    else
        note("processor_model", given.processor_model, found.processor_model);
}

/// Processor models to try: as given first, so that it wins where several give the same page (EC2 and Google
/// look at none).
std::vector<SnpInputs> with_models(const SnpInputs& inputs) {
    std::vector<SnpInputs> all{inputs};
    for (const auto& [name, signature] : processor_models()) {
        if (!inputs.processor_signature && processor_signature(inputs.processor_model) == signature) continue;
        all.push_back(inputs);
        all.back().processor_model = name;
        all.back().processor_signature.reset();
    }
    return all;
}

bool search_variant(ByteView expected, const ImageVariant& variant, const SnpInputs& given,
                    std::vector<Difference>& out) {
    std::vector<uint64_t> features{given.guest_features};
    for (uint64_t value : usual_features)
        if (value != given.guest_features) features.push_back(value);
    for (Vmm vmm : {Vmm::qemu, Vmm::ec2, Vmm::google}) {
        SnpInputs inputs = variant.inputs;
        inputs.vmm = vmm;
        auto image = measure_snp_image(inputs);
        if (!image) continue;
        for (SnpInputs& model : with_models(inputs)) {
            for (uint64_t value : features) {
                model.guest_features = value;
                model.processors = maximum_processors;
                uint32_t processors = 0;
                if (!search_processors(expected, model, *image, processors)) continue;
                model.processors = processors;
                out = variant.differences;
                compare_processors(given, model, out);
                return true;
            }
        }
    }
    return false;
}

Result<std::vector<ImageVariant>> snp_variants(const SnpDescription& d,
                                               const std::filesystem::path& directory,
                                               const Candidates& candidates) {
    SnpInputs given = ATTEST_TRY(resolve(d, directory));
    std::vector<ImageVariant> variants;
    ATTEST_TRY(add_kernel_variants(d, directory, candidates, given, {}, variants));
    for (const auto& path : candidates.firmware) {
        Bytes image = ATTEST_TRY(read_input(path));
        FirmwareLaunch launch = ATTEST_TRY(firmware_launch(image));
        if (auto before = std::get_if<FirmwareLaunch>(&given.image)) launch.hashes = before->hashes;
        SnpInputs inputs = given;
        inputs.image = launch;
        ATTEST_TRY(add_kernel_variants(
            d, directory, candidates, inputs,
            {{"firmware", d.firmware.empty() ? "as described" : d.firmware, path.string()}}, variants));
    }
    return variants;
}

void put_in_words(Explanation& explanation, const char* tried) {
    if (explanation.matches) {
        explanation.text = "the inputs give the expected measurement: nothing differs";
        return;
    }
    if (explanation.differences.empty()) {
        explanation.text =
            std::string("no change of ") + tried +
            " gives the expected measurement. What is left is the contents of a file: the "
            "firmware, the kernel "
            "or the initrd is another one than was measured; name candidates with --firmware, --kernel and "
            "--initrd";
        return;
    }
    explanation.text = "the expected measurement comes out with";
    for (size_t i = 0; i < explanation.differences.size(); i++) {
        const Difference& difference = explanation.differences[i];
        explanation.text += (i ? ", and " : " ") + difference.input + " " + difference.found +
                            " instead of " + difference.given;
    }
}

Result<Explanation> explain(const Expected& wanted, const SnpDescription& d,
                            const std::filesystem::path& directory, const Candidates& candidates) {
    const Bytes& expected = wanted.measurement;
    if (expected.size() != 48)
        return Error{"a launch digest has 48 bytes, not " + std::to_string(expected.size())};
    SnpInputs given = ATTEST_TRY(resolve(d, directory));
    Explanation explanation;
    explanation.matches = equal(ATTEST_TRY(measure_snp(given)), expected);
    if (!explanation.matches) {
        auto variants = ATTEST_TRY(snp_variants(d, directory, candidates));
        for (const ImageVariant& variant : variants)
            if (search_variant(expected, variant, given, explanation.differences)) break;
    }
    put_in_words(
        explanation,
        "processors, features, VMM, processor model, command line, or presence of kernel and initrd");
    return explanation;
}

/// The difference in what TDVF boots, by RTMR1 and RTMR2; false where none was found.
Result<bool> explain_boot(const std::vector<Field<48>>& rtmr, const TdxDescription& d,
                          const std::filesystem::path& directory, const Candidates& candidates,
                          Explanation& explanation) {
    if (rtmr.size() != 4 || d.kernel.empty()) return true;  // nothing to compare
    for (const BootVariant& boot :
         ATTEST_TRY(boot_variants(d.kernel, d.initrd, d.command_line, directory, candidates))) {
        DirectBoot measured = ATTEST_TRY(direct_boot(boot.kernel, boot.initrd, boot.command_line));
        if (measure_rtmr(measured.rtmr1) != rtmr[1] || measure_rtmr(measured.rtmr2) != rtmr[2]) continue;
        auto& all = explanation.differences;
        all.insert(all.end(), boot.differences.begin(), boot.differences.end());
        return true;
    }
    return false;
}

Result<Explanation> explain(const Expected& expected, const TdxDescription& d,
                            const std::filesystem::path& directory, const Candidates& candidates) {
    if (expected.measurement.size() != 48)
        return Error{"MRTD has 48 bytes, not " + std::to_string(expected.measurement.size())};
    Explanation explanation;
    auto try_image = [&](const std::filesystem::path& path,
                         const std::vector<Difference>& so_far) -> Result<bool> {
        Bytes image = ATTEST_TRY(read_input(path));
        for (TdxOrder order : {TdxOrder::interleaved, TdxOrder::two_passes}) {
            if (!equal(ATTEST_TRY(measure_mrtd(image, order)), expected.measurement)) continue;
            explanation.differences = so_far;
            if (to_string(order) != d.order)
                explanation.differences.push_back({"order", d.order, std::string(to_string(order))});
            return true;
        }
        return false;
    };
    bool found = ATTEST_TRY(try_image(directory / d.firmware, {}));
    for (size_t i = 0; !found && i < candidates.firmware.size(); i++)
        found = ATTEST_TRY(
            try_image(candidates.firmware[i], {{"firmware", d.firmware, candidates.firmware[i].string()}}));
    bool booted = ATTEST_TRY(explain_boot(expected.rtmr, d, directory, candidates, explanation));
    explanation.matches = found && booted && explanation.differences.empty();
    put_in_words(explanation, "the order of adding and extending, nor of the command line,");
    if (!found && !explanation.differences.empty())
        explanation.text += "; MRTD tells of another firmware beside: name candidates with --firmware";
    if (!booted && !explanation.differences.empty())
        explanation.text +=
            "; RTMR1 and RTMR2 tell of another kernel, initrd or command line beside: name "
            "candidates with --kernel, --initrd and --command-line";
    return explanation;
}

Result<Explanation> explain(const Expected& wanted, const SgxDescription& d,
                            const std::filesystem::path& directory, const Candidates&) {
    const Bytes& expected = wanted.measurement;
    if (expected.size() != 32) return Error{"MRENCLAVE has 32 bytes, not " + std::to_string(expected.size())};
    Explanation explanation;
    Measured given = ATTEST_TRY(measure({d, directory}));
    explanation.matches = equal(given.measurement, expected);
    if (!explanation.matches && !d.image.empty()) {
        Bytes image = ATTEST_TRY(read_input(directory / d.image));
        auto vary = [&](const char* name, uint32_t EnclaveLayout::*member,
                        std::initializer_list<uint32_t> values) {
            for (uint32_t value : values) {
                EnclaveLayout layout = d.layout;
                layout.*member = value;
                auto enclave = measure_enclave(image, layout);
                if (!enclave || !equal(enclave->mr_enclave, expected) || !explanation.differences.empty())
                    continue;
                explanation.differences.push_back(
                    {name, std::to_string(d.layout.*member), std::to_string(value)});
            }
        };
        vary("threads", &EnclaveLayout::threads, {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64});
        vary("stack_pages", &EnclaveLayout::stack_pages, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024});
        vary("heap_pages", &EnclaveLayout::heap_pages,
             {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096});
        vary("ssa_frames", &EnclaveLayout::ssa_frames, {1, 2, 3, 4});
        vary("ssa_frame_pages", &EnclaveLayout::ssa_frame_pages, {1, 2, 3, 4});
    }
    put_in_words(explanation, "threads, stack, heap or SSA");
    return explanation;
}

}  // namespace

Result<Explanation> explain_mismatch(const Expected& expected, const Description& inputs,
                                     const Candidates& candidates) {
    return std::visit([&](const auto& what) { return explain(expected, what, inputs.directory, candidates); },
                      inputs.what);
}

}  // namespace litebox::attest::measure
