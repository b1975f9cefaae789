// AMD's hierarchy and SEV-SNP reports (AMD 56860; VCEK certificate specification 57230).
#include "attest/simulate/amd.h"

#include "attest/base/encode.h"
#include "attest/simulate/der.h"
#include "attest/simulate/simulate.h"

namespace litebox::attest::simulate {

namespace {

constexpr int64_t day = 86400;
constexpr Time simulated_now{1780272000};   // 2026-06-01T00:00:00Z
constexpr Time hierarchy_made{1603387385};  // 2020-10-22
constexpr std::string_view default_seed = "litebox";

/// The name in the ARK's and ASK's common names: Siena's chain is Genoa's.
std::string chain_name(Product product) {
    if (product == Product::milan) return "Milan";
    return product == Product::turin ? "Turin" : "Genoa";
}

/// Certificates are RSA-4096 in the field. The keys are the same for every product, since finding one takes a
/// second.
void fill_hierarchy(AmdKnobs& knobs) {
    std::string name = chain_name(knobs.product), ark = "ARK-" + name;
    std::string ask = (knobs.vlek ? "SEV-VLEK-" : "SEV-") + name;
    std::string url =
        std::string("https://kdsintf.amd.com/") + (knobs.vlek ? "vlek" : "vcek") + "/v1/" + name + "/crl";
    knobs.ark = {.style = NameStyle::amd,
                 .subject = ark,
                 .issuer = ark,
                 .kind = KeyKind::rsa4096,
                 .issuer_kind = KeyKind::rsa4096,
                 .key = "amd-ark",
                 .issuer_key = "amd-ark",
                 .serial = {1, 0, 0},
                 .not_before = hierarchy_made,
                 .not_after = {2392392185},
                 .ca = true,
                 .key_usage = key_usage_cert_sign | key_usage_crl_sign,
                 .crl_url = url};
    knobs.ask = knobs.ark;
    knobs.ask.subject = ask;
    knobs.ask.key = knobs.vlek ? "amd-asvk" : "amd-ask";
    knobs.ask.serial = {1, 0, 1};
    knobs.ask.path_length = uint8_t{0};
    knobs.ask.key_usage = key_usage_cert_sign;
    knobs.vek = {.style = NameStyle::amd,
                 .subject = knobs.vlek ? "SEV-VLEK" : "SEV-VCEK",
                 .issuer = ask,
                 .kind = KeyKind::p384,
                 .issuer_kind = KeyKind::rsa4096,
                 .key = "vek",
                 .issuer_key = knobs.ask.key,
                 .serial = {0},
                 .basic_constraints = false,
                 .key_identifiers = false};
    knobs.crl = {
        .style = NameStyle::amd, .issuer = ark, .issuer_kind = KeyKind::rsa4096, .issuer_key = "amd-ark"};
}

void fill_processor(AmdKnobs& knobs, SnpTcb tcb) {
    VekExtensionSpec& extension = knobs.vek_extension;
    bool turin = knobs.product == Product::turin;
    extension.struct_version = turin ? 1 : 0;
    extension.product_name = knobs.product == Product::milan ? "Milan-B0" : chain_name(knobs.product);
    extension.tcb = tcb;
    if (knobs.vlek)
        extension.csp_id = "litebox-simulator";
    else
        extension.hardware_id = derive_bytes(default_seed, "chip", turin ? 8 : 64);
}

void fill_report(AmdKnobs& knobs, uint32_t version, SnpTcb tcb) {
    SnpReportSpec& report = knobs.report;
    SnpReport& fields = report.fields;
    report.current = report.reported = report.committed = report.launch = tcb;
    fields.version = version;
    fields.policy = 0x30000;
    fields.signature_algorithm = 1;
    fields.platform_info = 0x25;  // SMT, ECC, alias check complete
    fields.flags = knobs.vlek ? 1u << 2 : 0;
    fields.measurement = derive_field<48>(default_seed, "launch digest");
    fields.report_id = derive_field<32>(default_seed, "report id");
    fields.report_id_ma.fill(0xFF);  // no migration agent
    if (version >= 3) {
        fields.cpuid_family = knobs.product == Product::turin ? 0x1A : 0x19;
        static constexpr uint8_t models[] = {0x01, 0x11, 0xA0, 0x02};
        fields.cpuid_model = models[static_cast<size_t>(knobs.product)];
        fields.cpuid_stepping = 1;
    }
    const Bytes& chip = knobs.vek_extension.hardware_id;
    std::copy(chip.begin(), chip.end(), fields.chip_id.begin());
    fields.current_build = fields.committed_build = 21;
    fields.current_minor = fields.committed_minor = 55;
    fields.current_major = fields.committed_major = 1;
}

ExtensionSpec vek_member(const std::string& below, Bytes value) {
    return {"1.3.6.1.4.1.3704.1" + below, false, std::move(value)};
}

}  // namespace

uint64_t SnpTcb::encode(Product product) const {
    auto at = [](uint8_t value, unsigned byte) { return uint64_t{value} << (8 * byte); };
    if (product == Product::turin)
        return at(fmc, 0) | at(bootloader, 1) | at(tee, 2) | at(snp, 3) | at(microcode, 7);
    return at(bootloader, 0) | at(tee, 1) | at(snp, 6) | at(microcode, 7);
}

AmdKnobs AmdKnobs::snp(Product product, uint32_t version, bool vlek) {
    AmdKnobs knobs;
    knobs.product = product;
    knobs.vlek = vlek;
    SnpTcb tcb{.bootloader = 4, .tee = 0, .snp = 24, .microcode = 219};
    if (product == Product::genoa || product == Product::siena)
        tcb = {.bootloader = 10, .snp = 23, .microcode = 84};
    if (product == Product::turin) tcb = {.fmc = 1, .bootloader = 1, .tee = 1, .snp = 4, .microcode = 81};
    fill_hierarchy(knobs);
    fill_processor(knobs, tcb);
    fill_report(knobs, version, tcb);
    knobs.issue_at(simulated_now);
    return knobs;
}

void AmdKnobs::issue_at(Time time) {
    now = time;
    vek.not_before = {time.seconds - 100 * day};
    vek.not_after = {time.seconds + 2455 * day};
    crl.this_update = {time.seconds - day};
    crl.next_update = {time.seconds + 364 * day};
}

std::vector<ExtensionSpec> encode_vek_extensions(const VekExtensionSpec& spec, Product product) {
    auto level = [](unsigned value) { return der::integer(uint64_t{value}); };
    bool turin = product == Product::turin;
    std::vector<ExtensionSpec> list{vek_member(".1", level(spec.struct_version)),
                                    vek_member(".2", der::ia5_string(spec.product_name))};
    if (turin) list.push_back(vek_member(".3.9", level(spec.tcb.fmc)));
    list.push_back(vek_member(".3.1", level(spec.tcb.bootloader)));
    list.push_back(vek_member(".3.2", level(spec.tcb.tee)));
    list.push_back(vek_member(".3.3", level(spec.tcb.snp)));
    for (unsigned i = turin ? 5 : 4; i <= 7; i++)
        list.push_back(vek_member(".3." + std::to_string(i), level(0)));
    if (!spec.omit_microcode) list.push_back(vek_member(".3.8", level(spec.tcb.microcode)));
    if (!spec.hardware_id.empty())
        list.push_back(
            vek_member(".4", spec.wrap_hardware_id ? der::octet_string(spec.hardware_id) : spec.hardware_id));
    if (!spec.csp_id.empty()) list.push_back(vek_member(".5", der::ia5_string(spec.csp_id)));
    return list;
}

namespace {

Bytes encode_report(const SnpReportSpec& spec, Product product) {
    const SnpReport& f = spec.fields;
    Bytes out(snp_report_size);
    put_number(out, 0x000, f.version, 4);
    put_number(out, 0x004, f.guest_svn, 4);
    put_number(out, 0x008, f.policy, 8);
    put(out, 0x010, f.family_id);
    put(out, 0x020, f.image_id);
    put_number(out, 0x030, f.vmpl, 4);
    put_number(out, 0x034, f.signature_algorithm, 4);
    put_number(out, 0x038, spec.current.encode(product), 8);
    put_number(out, 0x040, f.platform_info, 8);
    put_number(out, 0x048, f.flags, 4);
    put(out, 0x050, f.report_data);
    put(out, 0x090, f.measurement);
    put(out, 0x0C0, f.host_data);
    put(out, 0x0E0, f.id_key_digest);
    put(out, 0x110, f.author_key_digest);
    put(out, 0x140, f.report_id);
    put(out, 0x160, f.report_id_ma);
    put_number(out, 0x180, spec.reported.encode(product), 8);
    put(out, 0x188, Bytes{f.cpuid_family, f.cpuid_model, f.cpuid_stepping});
    put(out, 0x1A0, f.chip_id);
    put_number(out, 0x1E0, spec.committed.encode(product), 8);
    put(out, 0x1E8, Bytes{f.current_build, f.current_minor, f.current_major});
    put(out, 0x1EC, Bytes{f.committed_build, f.committed_minor, f.committed_major});
    put_number(out, 0x1F0, spec.launch.encode(product), 8);
    put_number(out, 0x1F8, f.launch_mitigations, 8);
    put_number(out, 0x200, f.current_mitigations, 8);
    return out;
}

}  // namespace

Bytes make_snp_report(const SnpReportSpec& spec, Product product, std::string_view seed) {
    Bytes out = encode_report(spec, product);
    apply(spec.signed_patches, out);
    Bytes raw = SigningKey::derive(KeyKind::p384, seed, spec.signer)
                    .sign_raw(ByteView(out).first(snp_signed_size), spec.high_s);
    // r and s stand in 72 bytes each, little-endian.
    for (size_t i = 0; i < 48; i++) {
        out[0x2A0 + i] = raw[47 - i];
        out[0x2E8 + i] = raw[95 - i];
    }
    apply(spec.patches, out);
    return out;
}

Simulation simulate(const AmdKnobs& knobs) {
    Simulation made;
    made.now = knobs.now;
    CertificateSpec vek = knobs.vek;
    for (ExtensionSpec& extension : encode_vek_extensions(knobs.vek_extension, knobs.product))
        vek.extensions.push_back(std::move(extension));
    made.root = make_certificate(knobs.ark, knobs.seed);
    made.roots.amd = {made.root};
    Bytes ask = make_certificate(knobs.ask, knobs.seed);
    made.chain = {make_certificate(vek, knobs.seed), ask, made.root};
    made.evidence = make_snp_report(knobs.report, knobs.product, knobs.seed);

    auto add = [&](const char* name, const Bytes& certificate) {
        made.collateral.certificates.push_back(certificate);
        made.files.push_back({name, certificate});
    };
    if (!knobs.omit_vek) add(knobs.vlek ? "vlek.der" : "vcek.der", made.chain[0]);
    if (!knobs.omit_ask) add(knobs.vlek ? "asvk.der" : "ask.der", ask);
    add("ark.der", made.root);
    if (!knobs.omit_crl) {
        made.collateral.revocation_lists = {make_revocation_list(knobs.crl, knobs.seed)};
        made.files.push_back({"crl.der", made.collateral.revocation_lists[0]});
    }
    return made;
}

}  // namespace litebox::attest::simulate
