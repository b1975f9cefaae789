#include "attest/measure/snp.h"

#include "attest/base/crypto.h"
#include "attest/base/encode.h"
#include "attest/measure/elf.h"

namespace litebox::attest::measure {

namespace {

constexpr size_t page_info_size = 0x70;
constexpr uint64_t vmsa_gpa = 0xFFFFFFFFF000;  // where the firmware says that every VMSA lies

}  // namespace

void SnpLaunch::update(PageType type, uint64_t gpa, const Field<48>& contents) {
    Field<page_info_size> info{};  // PAGE_INFO: no intermediate image, no permissions for lower VMPLs
    std::copy(digest_.begin(), digest_.end(), info.begin());
    std::copy(contents.begin(), contents.end(), info.begin() + 48);
    info[96] = page_info_size;
    info[98] = static_cast<uint8_t>(type);
    for (size_t i = 0; i < 8; i++) info[104 + i] = static_cast<uint8_t>(gpa >> (8 * i));
    digest_ = sha384(info);
}

void SnpLaunch::normal(uint64_t gpa, ByteView contents) {
    for (size_t at = 0; at < contents.size(); at += page_size) {
        ByteView page = contents.subspan(at, std::min(page_size, contents.size() - at));
        if (page.size() == page_size) {
            update(PageType::normal, gpa + at, sha384(page));
            continue;
        }
        Bytes filled = to_bytes(page);
        filled.resize(page_size);
        update(PageType::normal, gpa + at, sha384(filled));
    }
}

void SnpLaunch::pages(PageType type, uint64_t gpa, uint64_t size) {
    for (uint64_t at = 0; at < size; at += page_size) update(type, gpa + at, Field<48>{});
}

void SnpLaunch::vmsa(const Field<48>& page_digest) {
    update(PageType::vmsa, vmsa_gpa, page_digest);
}

KernelHashes hash_kernel(ByteView kernel, ByteView initrd, std::string_view command_line) {
    std::string terminated(command_line);
    terminated += '\0';
    return {sha256(kernel), sha256(initrd), sha256(as_bytes(terminated))};
}

Bytes kernel_hashes_table(const KernelHashes& hashes) {
    struct Entry {
        std::string_view guid;
        const Field<32>* hash;
    };
    const Entry entries[] = {{"97d02dd8-bd20-4c94-aa78-e7714d36ab2a", &hashes.command_line},
                             {"44baf731-3a2f-4bd7-9af1-41e29169781d", &hashes.initrd},
                             {"4de79437-abd2-427f-b835-d5b172d2045b", &hashes.kernel}};
    constexpr size_t entry_size = 16 + 2 + 32;
    Bytes table;
    append(table, guid_from("9438d606-4f22-4cc9-b479-a793d411fd21"));
    append_number(table, 18 + 3 * entry_size, 2);
    for (const Entry& entry : entries) {
        append(table, guid_from(entry.guid));
        append_number(table, entry_size, 2);
        append(table, *entry.hash);
    }
    table.resize((table.size() + 15) / 16 * 16);
    return table;
}

namespace {

Bytes hashes_page(const FirmwareLaunch& launch) {
    Bytes page(page_size), table = kernel_hashes_table(*launch.hashes);
    size_t offset = launch.firmware.hashes_table.value_or(0) % page_size;
    put(page, std::min(offset, page_size - table.size()), table);
    return page;
}

Result<void> check_hashes(const FirmwareLaunch& launch) {
    if (!launch.hashes) return {};
    bool section = false;
    for (const SnpSection& each : launch.firmware.sections) section |= each.type == SnpSection::kernel_hashes;
    if (!section || !launch.firmware.hashes_table)
        return Error{
            "a kernel is given, but the firmware has no section for kernel hashes: it would not check what "
            "it "
            "loads. Use the AmdSev build of OVMF, or leave the kernel out"};
    if (*launch.firmware.hashes_table % page_size + kernel_hashes_table(*launch.hashes).size() > page_size)
        return Error{"the firmware's place for kernel hashes reaches over the end of its page"};
    return {};
}

void add_section(SnpLaunch& digest, const SnpSection& section, Vmm vmm) {
    using Type = SnpLaunch::PageType;
    switch (section.type) {
        case SnpSection::memory:
            // Google leaves this memory to the guest to validate, unmeasured.
            digest.pages(vmm == Vmm::google ? Type::unmeasured : Type::zero, section.gpa, section.size);
            break;
        case SnpSection::secrets:
            digest.pages(Type::secrets, section.gpa, section.size);
            break;
        case SnpSection::cpuid:
            digest.pages(Type::cpuid, section.gpa, section.size);
            break;
        default:
            digest.pages(Type::zero, section.gpa, section.size);
    }
}

Result<LaunchDigest> firmware_digest(const FirmwareLaunch& launch, Vmm vmm) {
    if (auto checked = check_hashes(launch); !checked) return checked.error();
    SnpLaunch digest(launch.firmware_digest);
    for (const SnpSection& section : launch.firmware.sections) {
        if (section.type == SnpSection::cpuid && vmm == Vmm::ec2) continue;  // EC2 adds it behind all others
        if (section.type == SnpSection::kernel_hashes && launch.hashes)
            digest.normal(section.gpa, hashes_page(launch));
        else
            add_section(digest, section, vmm);
    }
    if (vmm == Vmm::ec2)
        for (const SnpSection& section : launch.firmware.sections)
            if (section.type == SnpSection::cpuid) add_section(digest, section, vmm);
    return digest.digest();
}

Result<uint32_t> signature_of(const SnpInputs& inputs) {
    if (inputs.processor_signature) return *inputs.processor_signature;
    if (auto signature = processor_signature(inputs.processor_model)) return *signature;
    return Error{"unknown processor model \"" + inputs.processor_model +
                 "\": name one of QEMU's EPYC models, or give the "
                 "CPUID signature"};
}

}  // namespace

Result<FirmwareLaunch> firmware_launch(ByteView image) {
    FirmwareLaunch launch;
    launch.firmware = ATTEST_TRY(parse_snp_firmware(image));
    SnpLaunch digest;
    digest.normal(launch.firmware.gpa, image);
    launch.firmware_digest = digest.digest();
    return launch;
}

Result<SvsmLaunch> svsm_launch(ByteView firmware, ByteView svsm, uint64_t variables_size) {
    auto outer = ATTEST_TRY(parse_snp_firmware(firmware));
    if (variables_size > outer.gpa) return Error{"the firmware's variables would begin below address 0"};
    auto inner = ATTEST_TRY(parse_snp_firmware(svsm, outer.gpa - variables_size));
    if (!inner.svsm_entry) return Error{"the SVSM image does not say where it is entered"};
    SvsmLaunch launch;
    launch.sections = inner.sections;
    uint64_t entry = inner.gpa + *inner.svsm_entry;
    if (entry >= four_gib) return Error{"the SVSM's entry lies above 4 GiB"};
    launch.entry = static_cast<uint32_t>(entry);
    SnpLaunch digest;
    digest.normal(outer.gpa, firmware);
    digest.normal(inner.gpa, svsm);
    launch.digest = digest.digest();
    return launch;
}

Result<KernelLaunch> kernel_launch(ByteView image, uint32_t secrets_gpa, uint32_t cpuid_gpa) {
    auto elf = ATTEST_TRY(parse_elf(image));
    if (!elf.pvh_entry)
        return Error{"the kernel has no PVH entry note: nothing says where it is entered without firmware"};
    if (secrets_gpa % page_size || cpuid_gpa % page_size)
        return Error{"secrets and CPUID pages must lie at whole pages"};
    SnpLaunch digest;
    for (const ElfSegment& segment : elf.segments) {
        if (segment.physical_address % page_size)
            return Error{"a segment of the kernel does not begin at a whole page"};
        digest.normal(segment.physical_address, segment.contents);
        uint64_t filled = (segment.contents.size() + page_size - 1) / page_size * page_size;
        if (segment.memory_size > filled)
            digest.pages(SnpLaunch::PageType::zero, segment.physical_address + filled,
                         segment.memory_size - filled);
    }
    return KernelLaunch{digest.digest(), *elf.pvh_entry, secrets_gpa, cpuid_gpa};
}

Result<LaunchDigest> measure_snp_image(const SnpInputs& inputs) {
    if (auto launch = std::get_if<FirmwareLaunch>(&inputs.image)) return firmware_digest(*launch, inputs.vmm);
    if (inputs.vmm != Vmm::qemu)
        return Error{"an SVSM or a kernel without firmware is launched by QEMU only"};
    if (auto launch = std::get_if<SvsmLaunch>(&inputs.image)) {
        SnpLaunch digest(launch->digest);
        for (const SnpSection& section : launch->sections) add_section(digest, section, Vmm::qemu);
        return digest.digest();
    }
    const auto& launch = std::get<KernelLaunch>(inputs.image);
    SnpLaunch digest(launch.digest);
    digest.pages(SnpLaunch::PageType::secrets, launch.secrets_gpa, page_size);
    digest.pages(SnpLaunch::PageType::cpuid, launch.cpuid_gpa, page_size);
    return digest.digest();
}

Result<ProcessorPages> processor_pages(const SnpInputs& inputs) {
    uint32_t signature = ATTEST_TRY(signature_of(inputs));
    if (auto launch = std::get_if<FirmwareLaunch>(&inputs.image)) {
        if (inputs.processors > 1 && !launch->firmware.reset_eip)
            return Error{"the firmware does not say where further processors start: it can have one only"};
        return ProcessorPages{sha384(make_vmsa(reset_vector, inputs.guest_features, signature, inputs.vmm)),
                              sha384(make_vmsa(launch->firmware.reset_eip.value_or(0), inputs.guest_features,
                                               signature, inputs.vmm))};
    }
    auto svsm = std::get_if<SvsmLaunch>(&inputs.image);
    uint32_t entry = svsm ? svsm->entry : std::get<KernelLaunch>(inputs.image).entry;
    Field<48> page = sha384(make_protected_vmsa(entry, inputs.guest_features, signature));
    return ProcessorPages{page, page};
}

Result<LaunchDigest> measure_snp(const SnpInputs& inputs) {
    if (inputs.processors < 1 || inputs.processors > maximum_processors)
        return Error{"processors must be 1 to 512, not " + std::to_string(inputs.processors)};
    SnpLaunch digest(ATTEST_TRY(measure_snp_image(inputs)));
    ProcessorPages pages = ATTEST_TRY(processor_pages(inputs));
    for (uint32_t i = 0; i < inputs.processors; i++) digest.vmsa(i == 0 ? pages.first : pages.others);
    return digest.digest();
}

Result<Field<32>> measure_sev(ByteView firmware, const std::optional<KernelHashes>& hashes) {
    return measure_sev_es(firmware, hashes, 0, 0, Vmm::qemu);
}

Result<Field<32>> measure_sev_es(ByteView firmware, const std::optional<KernelHashes>& hashes,
                                 uint32_t processors, uint32_t signature, Vmm vmm) {
    if (processors > maximum_processors) return Error{"processors must be at most 512"};
    auto parsed = ATTEST_TRY(parse_snp_firmware(firmware));
    if (hashes && parsed.hashes_table.value_or(0) == 0)
        return Error{"a kernel is given, but the firmware has no place for kernel hashes"};
    if (processors > 1 && !parsed.reset_eip)
        return Error{"the firmware does not say where further processors start: it can have one only"};
    Bytes all = to_bytes(firmware);
    if (hashes) append(all, kernel_hashes_table(*hashes));
    for (uint32_t i = 0; i < processors; i++)
        append(all, make_vmsa(i == 0 ? reset_vector : *parsed.reset_eip, 0, signature, vmm));
    return sha256(all);
}

}  // namespace litebox::attest::measure
