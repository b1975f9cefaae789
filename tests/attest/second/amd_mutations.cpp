#include "mutations.h"

namespace litebox::attest::cases {

namespace {

using simulate::AmdKnobs;
using simulate::SnpTcb;
constexpr int64_t day = 86400;

template <size_t N>
void change(Field<N>& field, Random& r) {
    field[r.below(N)] ^= static_cast<uint8_t>(1u << r.below(8));
}

void nudge(SnpTcb& tcb, Random& r) {
    uint8_t* parts[] = {&tcb.bootloader, &tcb.tee, &tcb.snp, &tcb.microcode, &tcb.fmc};
    uint8_t& part = *parts[r.below(5)];
    part = static_cast<uint8_t>(r.one_in(2) ? part + 1 : part - 1);
}

void shift(Time& time, Random& r) {
    static constexpr int64_t steps[] = {-4000 * day, -400 * day, -day, -1, 1, day, 400 * day, 4000 * day};
    time.seconds += steps[r.below(8)];
}

using K = AmdKnobs;
using R = Random;

const std::vector<Mutation<AmdKnobs>> list = {
    {"none", [](K&, R&) {}},
    {"version", [](K& k, R& r) { k.report.fields.version = static_cast<uint32_t>(r.below(8)); }},
    {"guest_svn", [](K& k, R& r) { k.report.fields.guest_svn = static_cast<uint32_t>(r.next()); }},
    {"policy", [](K& k, R& r) { k.report.fields.policy ^= uint64_t{1} << r.below(64); }},
    {"policy.low", [](K& k, R& r) { k.report.fields.policy ^= uint64_t{1} << r.below(27); }},
    {"debug", [](K& k, R&) { k.report.fields.policy |= 1u << 19; }},
    {"family_id", [](K& k, R& r) { change(k.report.fields.family_id, r); }},
    {"image_id", [](K& k, R& r) { change(k.report.fields.image_id, r); }},
    {"vmpl", [](K& k, R& r) { k.report.fields.vmpl = r.one_in(4) ? 0xFFFFFFFF : static_cast<uint32_t>(r.below(6)); }},
    {"signature_algorithm", [](K& k, R& r) { k.report.fields.signature_algorithm = static_cast<uint32_t>(r.below(4)); }},
    {"platform_info", [](K& k, R& r) { k.report.fields.platform_info ^= uint64_t{1} << r.below(64); }},
    {"platform_info.low", [](K& k, R& r) { k.report.fields.platform_info ^= uint64_t{1} << r.below(9); }},
    {"flags", [](K& k, R& r) { k.report.fields.flags ^= 1u << r.below(32); }},
    {"signing_key", [](K& k, R& r) { k.report.fields.flags = static_cast<uint32_t>(r.below(8) << 2); }},
    {"author_key_flag", [](K& k, R& r) {
         k.report.fields.flags |= 1;
         if (r.one_in(2)) change(k.report.fields.author_key_digest, r);
     }},
    {"report_data", [](K& k, R& r) { change(k.report.fields.report_data, r); }},
    {"measurement", [](K& k, R& r) { change(k.report.fields.measurement, r); }},
    {"host_data", [](K& k, R& r) { change(k.report.fields.host_data, r); }},
    {"id_key_digest", [](K& k, R& r) { change(k.report.fields.id_key_digest, r); }},
    {"author_key_digest", [](K& k, R& r) { change(k.report.fields.author_key_digest, r); }},
    {"report_id", [](K& k, R& r) { change(k.report.fields.report_id, r); }},
    {"report_id_ma", [](K& k, R& r) { change(k.report.fields.report_id_ma, r); }},
    {"current_tcb", [](K& k, R& r) { nudge(k.report.current, r); }},
    {"reported_tcb", [](K& k, R& r) { nudge(k.report.reported, r); }},
    {"committed_tcb", [](K& k, R& r) { nudge(k.report.committed, r); }},
    {"launch_tcb", [](K& k, R& r) { nudge(k.report.launch, r); }},
    {"cpuid_family", [](K& k, R& r) { k.report.fields.cpuid_family = static_cast<uint8_t>(0x17 + r.below(5)); }},
    {"cpuid_model", [](K& k, R& r) { k.report.fields.cpuid_model = r.byte(); }},
    {"cpuid_stepping", [](K& k, R& r) { k.report.fields.cpuid_stepping = r.byte(); }},
    {"chip_id", [](K& k, R& r) { change(k.report.fields.chip_id, r); }},
    {"chip_id_zero", [](K& k, R&) { k.report.fields.chip_id = {}; }},
    {"chip_id_masked", [](K& k, R&) {
         k.report.fields.chip_id = {};
         k.report.fields.flags |= 2;
     }},
    {"firmware", [](K& k, R& r) { k.report.fields.committed_build = static_cast<uint8_t>(20 + r.below(3)); }},
    {"mitigations", [](K& k, R& r) {
         k.report.fields.launch_mitigations = r.next();
         k.report.fields.current_mitigations = r.next();
     }},
    {"signed_byte", [](K& k, R& r) { k.report.signed_patches.push_back({r.below(0x2A0), {r.byte()}}); }},
    {"reserved_byte", [](K& k, R& r) { k.report.signed_patches.push_back({0x208 + r.below(0x98), {r.byte()}}); }},
    {"unsigned_byte", [](K& k, R& r) { k.report.patches.push_back({0x330 + r.below(0x170), {r.byte()}}); }},
    {"signature_byte", [](K& k, R& r) { k.report.patches.push_back({0x2A0 + r.below(0x90), {r.byte()}}); }},
    {"high_s", [](K& k, R&) { k.report.high_s = true; }},
    {"signer", [](K& k, R&) { k.report.signer = "somebody"; }},
    // Certificates.
    {"vek.tcb", [](K& k, R& r) { nudge(k.vek_extension.tcb, r); }},
    {"vek.product_name", [](K& k, R& r) { k.vek_extension.product_name = r.pick<std::string>({"Milan", "Milan-B1", "Genoa", "Turin", "Rome", ""}); }},
    {"vek.hardware_id", [](K& k, R& r) { k.vek_extension.hardware_id = Bytes(r.one_in(2) ? 64 : 8, r.byte()); }},
    {"vek.wrapped_hardware_id", [](K& k, R&) { k.vek_extension.wrap_hardware_id = true; }},
    {"vek.no_hardware_id", [](K& k, R&) { k.vek_extension.hardware_id.clear(); }},
    {"vek.csp_id", [](K& k, R& r) { k.vek_extension.csp_id = r.one_in(2) ? "" : "another cloud"; }},
    {"vek.omit_microcode", [](K& k, R&) { k.vek_extension.omit_microcode = true; }},
    {"vek.struct_version", [](K& k, R& r) { k.vek_extension.struct_version = static_cast<uint8_t>(r.below(4)); }},
    {"vek.subject", [](K& k, R& r) { k.vek.subject = r.pick<std::string>({"SEV-VCEK", "SEV-VLEK", "Somebody"}); }},
    {"vek.not_before", [](K& k, R& r) { shift(k.vek.not_before, r); }},
    {"vek.not_after", [](K& k, R& r) { shift(k.vek.not_after, r); }},
    {"vek.bad_signature", [](K& k, R&) { k.vek.bad_signature = true; }},
    {"vek.unknown_critical", [](K& k, R&) { k.vek.unknown_critical_extension = true; }},
    {"vek.duplicate_extension", [](K& k, R&) { k.vek.duplicate_extension = true; }},
    {"vek.key", [](K& k, R&) { k.vek.key = "somebody"; }},
    {"vek.p256", [](K& k, R&) { k.vek.kind = simulate::KeyKind::p256; }},
    {"vek.serial", [](K& k, R& r) { k.vek.serial = {r.byte()}; }},
    {"ask.subject", [](K& k, R& r) { k.ask.subject = k.vek.issuer = r.pick<std::string>({"SEV-Milan", "SEV-Genoa", "SEV-Turin", "SEV-VLEK-Milan", "SEV-VLEK-Genoa", "SEV-VLEK-Turin", "Somebody"}); }},
    {"ask.ca", [](K& k, R&) { k.ask.ca = false; }},
    {"ask.key_usage", [](K& k, R&) { k.ask.key_usage = simulate::key_usage_signature; }},
    {"ask.not_after", [](K& k, R&) { k.ask.not_after.seconds = k.now.seconds - day; }},
    {"ask.bad_signature", [](K& k, R&) { k.ask.bad_signature = true; }},
    {"ark.subject", [](K& k, R& r) { k.ark.subject = k.ark.issuer = k.ask.issuer = k.crl.issuer = r.pick<std::string>({"ARK-Milan", "ARK-Genoa", "ARK-Turin", "Somebody"}); }},
    {"ark.not_after", [](K& k, R&) { k.ark.not_after.seconds = k.now.seconds - day; }},
    {"crl.revoke_ask", [](K& k, R&) { k.crl.revoked = {k.ask.serial}; }},
    {"crl.revoke_vek", [](K& k, R&) { k.crl.revoked = {k.vek.serial}; }},
    {"crl.window", [](K& k, R& r) { shift(r.one_in(2) ? k.crl.this_update : k.crl.next_update, r); }},
    {"crl.issuer_key", [](K& k, R&) { k.crl.issuer_key = "amd-ask"; }},
    {"crl.bad_signature", [](K& k, R&) { k.crl.bad_signature = true; }},
    {"crl.omit", [](K& k, R&) { k.omit_crl = true; }},
    {"omit_vek", [](K& k, R&) { k.omit_vek = true; }},
    {"omit_ask", [](K& k, R&) { k.omit_ask = true; }},
};

}  // namespace

const std::vector<Mutation<AmdKnobs>>& amd_mutations() {
    return list;
}

AmdKnobs random_amd(Random& random) {
    static constexpr simulate::Product products[] = {simulate::Product::milan, simulate::Product::genoa,
                                                     simulate::Product::siena, simulate::Product::turin};
    static constexpr uint32_t versions[] = {2, 3, 5};
    simulate::Product product = products[random.below(4)];
    uint32_t version = versions[random.below(3)];
    return AmdKnobs::snp(product, version, random.one_in(3));
}

}  // namespace litebox::attest::cases
