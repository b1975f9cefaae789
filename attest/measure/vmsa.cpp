// Layout: AMD64 Architecture Programmer's Manual, volume 2, appendix B, "VMCB state save area" (SEV-ES).
#include "attest/measure/vmsa.h"

#include "attest/base/encode.h"
#include "attest/measure/firmware.h"

namespace litebox::attest::measure {

namespace {

enum Offset : size_t {
    at_es = 0x00,
    at_cs = 0x10,
    at_ss = 0x20,
    at_ds = 0x30,
    at_fs = 0x40,
    at_gs = 0x50,
    at_gdtr = 0x60,
    at_ldtr = 0x70,
    at_idtr = 0x80,
    at_tr = 0x90,
    at_efer = 0xD0,
    at_cr4 = 0x148,
    at_cr0 = 0x158,
    at_dr7 = 0x160,
    at_dr6 = 0x168,
    at_rflags = 0x170,
    at_rip = 0x178,
    at_pat = 0x268,
    at_rdx = 0x310,
    at_features = 0x3B0,
    at_xcr0 = 0x3E8,
    at_mxcsr = 0x408,
    at_fcw = 0x410,
};

void segment(Bytes& page, size_t at, uint16_t selector, uint16_t attributes, uint32_t limit,
             uint64_t base = 0) {
    put_number(page, at, selector, 2);
    put_number(page, at + 2, attributes, 2);
    put_number(page, at + 4, limit, 4);
    put_number(page, at + 8, base, 8);
}

/// What is the same everywhere: KVM's reset state.
Bytes common_page(uint64_t features) {
    Bytes page(page_size);
    segment(page, at_gs, 0, 0x93, 0xFFFF);
    segment(page, at_gdtr, 0, 0, 0xFFFF);
    segment(page, at_idtr, 0, 0, 0xFFFF);
    segment(page, at_ldtr, 0, 0x82, 0xFFFF);
    put_number(page, at_efer, 0x1000, 8);  // SVME
    put_number(page, at_cr4, 0x40, 8);     // MCE
    put_number(page, at_dr7, 0x400, 8);
    put_number(page, at_dr6, 0xFFFF0FF0, 8);
    put_number(page, at_rflags, 2, 8);
    put_number(page, at_features, features, 8);
    put_number(page, at_xcr0, 1, 8);
    return page;
}

constexpr uint64_t reset_pat = 0x0007040600070406;

}  // namespace

std::string_view to_string(Vmm vmm) {
    if (vmm == Vmm::ec2) return "ec2";
    return vmm == Vmm::google ? "google" : "qemu";
}

std::optional<Vmm> vmm_from(std::string_view name) {
    for (Vmm vmm : {Vmm::qemu, Vmm::ec2, Vmm::google})
        if (name == to_string(vmm)) return vmm;
    return std::nullopt;
}

uint32_t cpuid_signature(uint32_t family, uint32_t model, uint32_t stepping) {
    uint32_t base_family = std::min(family, 15u), extended_family = family - base_family;
    return extended_family << 20 | (model >> 4) << 16 | base_family << 8 | (model & 15) << 4 | stepping;
}

const std::vector<std::pair<std::string_view, uint32_t>>& processor_models() {
    static const std::vector<std::pair<std::string_view, uint32_t>> models = {
        {"EPYC", cpuid_signature(23, 1, 2)},
        {"EPYC-Rome", cpuid_signature(23, 49, 0)},
        {"EPYC-Milan", cpuid_signature(25, 1, 1)},
        {"EPYC-Genoa", cpuid_signature(25, 17, 0)},
        {"EPYC-Turin", cpuid_signature(26, 0, 0)}};
    return models;
}

std::optional<uint32_t> processor_signature(std::string_view model) {
    // Versions ("EPYC-v4", "EPYC-Milan-v2") and "EPYC-IBPB" change features, not the signature.
    if (model == "EPYC-IBPB") model = "EPYC";
    size_t version = model.rfind("-v");
    if (version != model.npos && version + 3 == model.size() && model[version + 2] >= '1' &&
        model[version + 2] <= '9')
        model = model.substr(0, version);
    for (const auto& [name, signature] : processor_models())
        if (name == model) return signature;
    return std::nullopt;
}

Bytes make_vmsa(uint32_t eip, uint64_t features, uint32_t signature, Vmm vmm) {
    Bytes page = common_page(features);
    bool ec2 = vmm == Vmm::ec2;
    // EC2 leaves the first processor's code segment and every stack segment not yet accessed, and its task
    // not busy.
    segment(page, at_cs, 0xF000, ec2 && eip == reset_vector ? 0x9A : 0x9B, 0xFFFF, eip & 0xFFFF0000);
    segment(page, at_ss, 0, ec2 ? 0x92 : 0x93, 0xFFFF);
    segment(page, at_tr, 0, ec2 ? 0x83 : 0x8B, 0xFFFF);
    for (size_t at : {at_es, at_ds, at_fs}) segment(page, at, 0, 0x93, 0xFFFF);
    put_number(page, at_cr0, 0x10, 8);
    put_number(page, at_rip, eip & 0xFFFF, 8);
    put_number(page, at_pat, vmm == Vmm::google ? 0x00070106 : reset_pat, 8);
    put_number(page, at_rdx, vmm == Vmm::qemu ? signature : 0x600, 8);
    if (vmm == Vmm::qemu) {
        put_number(page, at_mxcsr, 0x1F80, 4);
        put_number(page, at_fcw, 0x37F, 2);
    }
    return page;
}

Bytes make_protected_vmsa(uint32_t eip, uint64_t features, uint32_t signature) {
    Bytes page = common_page(features);
    segment(page, at_cs, 8, 0xC9B, 0xFFFFFFFF);
    for (size_t at : {at_es, at_ss, at_ds, at_fs}) segment(page, at, 16, 0xC93, 0xFFFFFFFF);
    segment(page, at_tr, 0, 0x8B, 0xFFFF);
    put_number(page, at_cr0, 0x11, 8);
    put_number(page, at_rip, eip, 8);
    put_number(page, at_pat, reset_pat, 8);
    put_number(page, at_rdx, signature, 8);
    put_number(page, at_mxcsr, 0x1F80, 4);
    return page;
}

}  // namespace litebox::attest::measure
