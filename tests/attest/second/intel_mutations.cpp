#include "mutations.h"

namespace litebox::attest::cases {

namespace {

using simulate::IntelKnobs;
using simulate::TcbLevelSpec;
constexpr int64_t day = 86400;

const std::vector<std::string> statuses = {"UpToDate",
                                           "SWHardeningNeeded",
                                           "ConfigurationNeeded",
                                           "ConfigurationAndSWHardeningNeeded",
                                           "OutOfDate",
                                           "OutOfDateConfigurationNeeded",
                                           "Revoked"};

template <size_t N>
void change(Field<N>& field, Random& r) {
    field[r.below(N)] ^= static_cast<uint8_t>(1u << r.below(8));
}

/// One more or one less, or anything.
template <typename Number>
void nudge(Number& number, Random& r) {
    uint64_t how = r.below(3);
    number = static_cast<Number>(how == 0 ? number + 1 : how == 1 ? number - 1 : r.next());
}

void shift(Time& time, Random& r) {
    static constexpr int64_t steps[] = {-400 * day, -40 * day, -day, -1, 1, day, 40 * day, 400 * day};
    time.seconds += steps[r.below(8)];
}

/// A whole table of levels, in any order.
void random_levels(IntelKnobs& k, Random& r) {
    k.tcb_info.levels.clear();
    size_t count = 1 + r.below(5);
    for (size_t i = 0; i < count; i++) {
        TcbLevelSpec level{.sgx = k.pck_extension.components,
                           .pce_svn = k.pck_extension.pce_svn,
                           .tdx = k.quote.td.tee_tcb_svn,
                           .date = "2025-0" + std::to_string(1 + r.below(9)) + "-01T00:00:00Z",
                           .status = r.pick(statuses)};
        level.tdx[1] = 0;
        for (int j = 0; j < 2; j++) {
            if (r.one_in(2)) nudge(level.sgx[r.below(16)], r);
            if (r.one_in(3)) nudge(level.tdx[r.below(16)], r);
        }
        if (r.one_in(4)) nudge(level.pce_svn, r);
        if (r.one_in(3)) level.advisories = {"INTEL-SA-00" + std::to_string(100 + r.below(900))};
        k.tcb_info.levels.push_back(level);
    }
}

void random_modules(IntelKnobs& k, Random& r) {
    auto& modules = k.tcb_info.module_identities;
    modules.clear();
    for (size_t i = r.below(3); i < 3; i++) {
        simulate::TdxModuleIdentitySpec identity{.id = "TDX_0" + std::to_string(1 + r.below(3))};
        for (uint16_t svn = static_cast<uint16_t>(3 + r.below(4)), j = 0; j < 3; j++, svn--)
            identity.levels.push_back({svn, "2025-06-01T00:00:00Z", r.pick(statuses), {}});
        bool known = false;
        for (const auto& other : modules) known |= other.id == identity.id;
        if (!known) modules.push_back(identity);
    }
}

void random_identity_levels(IntelKnobs& k, Random& r) {
    k.identity.levels.clear();
    for (size_t i = 0, count = 1 + r.below(3); i < count; i++)
        k.identity.levels.push_back(
            {static_cast<uint16_t>(5 + r.below(5)), "2025-06-01T00:00:00Z", r.pick(statuses), {}});
}

using K = IntelKnobs;
using R = Random;

const std::vector<Mutation<IntelKnobs>> list = {
    {"none", [](K&, R&) {}},
    // The body.
    {"sgx.cpu_svn", [](K& k, R& r) { change(k.quote.sgx.cpu_svn, r); }},
    {"sgx.misc_select", [](K& k, R& r) { k.quote.sgx.misc_select ^= 1u << r.below(32); }},
    {"sgx.attributes", [](K& k, R& r) { k.quote.sgx.attributes ^= uint64_t{1} << r.below(64); }},
    {"sgx.debug", [](K& k, R&) { k.quote.sgx.attributes |= sgx_attribute_debug; }},
    {"sgx.xfrm", [](K& k, R& r) { k.quote.sgx.xfrm ^= uint64_t{1} << r.below(64); }},
    {"sgx.mr_enclave", [](K& k, R& r) { change(k.quote.sgx.mr_enclave, r); }},
    {"sgx.mr_signer", [](K& k, R& r) { change(k.quote.sgx.mr_signer, r); }},
    {"sgx.report_data", [](K& k, R& r) { change(k.quote.sgx.report_data, r); }},
    {"sgx.config_id", [](K& k, R& r) { change(k.quote.sgx.config_id, r); }},
    {"sgx.isv_svn", [](K& k, R& r) { nudge(k.quote.sgx.isv_svn, r); }},
    {"td.tee_tcb_svn", [](K& k, R& r) { nudge(k.quote.td.tee_tcb_svn[r.below(16)], r); }},
    {"td.module_svn", [](K& k, R& r) { nudge(k.quote.td.tee_tcb_svn[0], r); }},
    {"td.module_version", [](K& k, R& r) { k.quote.td.tee_tcb_svn[1] = static_cast<uint8_t>(r.below(4)); }},
    {"td.tee_tcb_svn_2", [](K& k, R& r) { nudge(k.quote.td.tee_tcb_svn_2[r.below(3)], r); }},
    {"td.relaunch", [](K& k, R& r) {
         k.quote.td.tee_tcb_svn[0] = 4;
         if (r.one_in(2)) nudge(k.quote.td.tee_tcb_svn_2[r.below(3)], r);
         if (r.one_in(2)) k.tcb_info.levels[0].status = r.pick(statuses);
     }},
    {"td.mr_seam", [](K& k, R& r) { change(k.quote.td.mr_seam, r); }},
    {"td.mr_signer_seam", [](K& k, R& r) { change(k.quote.td.mr_signer_seam, r); }},
    {"td.seam_attributes", [](K& k, R& r) { k.quote.td.seam_attributes ^= uint64_t{1} << r.below(64); }},
    {"td.attributes", [](K& k, R& r) { k.quote.td.td_attributes ^= uint64_t{1} << r.below(64); }},
    {"td.debug", [](K& k, R&) { k.quote.td.td_attributes |= 1; }},
    {"td.xfam", [](K& k, R& r) { k.quote.td.xfam ^= uint64_t{1} << r.below(64); }},
    {"td.mr_td", [](K& k, R& r) { change(k.quote.td.mr_td, r); }},
    {"td.rtmr", [](K& k, R& r) { change(k.quote.td.rtmr[r.below(4)], r); }},
    {"td.mr_service_td", [](K& k, R& r) { change(k.quote.td.mr_service_td, r); }},
    // The header and the signature data.
    {"header.byte", [](K& k, R& r) { k.quote.signed_patches.push_back({r.below(48), {r.byte()}}); }},
    {"body.byte", [](K& k, R& r) { k.quote.signed_patches.push_back({48 + r.below(660), {r.byte()}}); }},
    {"qe.byte", [](K& k, R& r) { k.quote.qe_patches.push_back({r.below(320), {r.byte()}}); }},
    {"version", [](K& k, R& r) { k.quote.version = static_cast<uint16_t>(r.below(8)); }},
    {"attestation_key_type", [](K& k, R& r) { k.quote.attestation_key_type = static_cast<uint16_t>(r.below(5)); }},
    {"tee_type", [](K& k, R& r) { k.quote.tee_type = r.one_in(2) ? 0x81 - k.quote.tee_type : static_cast<uint32_t>(r.below(0x100)); }},
    {"qe_vendor_id", [](K& k, R& r) { change(k.quote.qe_vendor_id, r); }},
    {"user_data", [](K& k, R& r) { change(k.quote.user_data, r); }},
    {"body_type", [](K& k, R& r) { k.quote.body_type = static_cast<uint16_t>(r.below(5)); }},
    {"body_size", [](K& k, R& r) { k.quote.body_size = static_cast<uint32_t>(380 + r.below(300)); }},
    {"quote_signer", [](K& k, R&) { k.quote.quote_signer = "somebody"; }},
    {"attestation_key", [](K& k, R&) { k.quote.attestation_key = "somebody"; }},
    {"qe_report_signer", [](K& k, R&) { k.quote.qe_report_signer = "somebody"; }},
    {"high_s", [](K& k, R&) { k.quote.high_s = true; }},
    {"qe_report_data", [](K& k, R& r) {
         Field<64> data{};
         change(data, r);
         k.quote.qe_report_data = data;
     }},
    {"qe_auth_data", [](K& k, R& r) { k.quote.qe_auth_data.assign(r.below(100), r.byte()); }},
    {"outer_cert_type", [](K& k, R& r) { k.quote.outer_cert_type = static_cast<uint16_t>(r.below(8)); }},
    {"cert_type", [](K& k, R& r) { k.quote.cert_type = static_cast<QuoteCertType>(r.below(8)); }},
    {"cert_data", [](K& k, R& r) { k.quote.cert_data = Bytes(r.below(3) * 50, r.byte()); }},
    {"reverse_chain", [](K& k, R&) { k.quote.reverse_chain = true; }},
    {"terminate_chain", [](K& k, R&) { k.quote.terminate_chain = false; }},
    {"trailing", [](K& k, R& r) { k.quote.trailing.assign(1 + r.below(64), r.one_in(2) ? 0 : r.byte()); }},
    // The quoting enclave.
    {"qe.misc_select", [](K& k, R& r) { k.quote.qe_report.misc_select ^= 1u << r.below(32); }},
    {"qe.attributes", [](K& k, R& r) { k.quote.qe_report.attributes ^= uint64_t{1} << r.below(64); }},
    {"qe.xfrm", [](K& k, R& r) { k.quote.qe_report.xfrm ^= uint64_t{1} << r.below(64); }},
    {"qe.mr_signer", [](K& k, R& r) { change(k.quote.qe_report.mr_signer, r); }},
    {"qe.isv_prod_id", [](K& k, R& r) { nudge(k.quote.qe_report.isv_prod_id, r); }},
    {"qe.isv_svn", [](K& k, R& r) { k.quote.qe_report.isv_svn = static_cast<uint16_t>(r.below(12)); }},
    // Identities.
    {"identity.levels", random_identity_levels},
    {"identity.id", [](K& k, R& r) { k.identity.id = r.pick<std::string>({"QE", "TD_QE", "QVE", "other"}); }},
    {"identity.version", [](K& k, R& r) { k.identity.version = static_cast<int>(r.below(4)); }},
    {"identity.issue_date", [](K& k, R& r) { shift(k.identity.issue_date, r); }},
    {"identity.next_update", [](K& k, R& r) { shift(k.identity.next_update, r); }},
    {"identity.misc_mask", [](K& k, R& r) { k.identity.misc_select_mask = static_cast<uint32_t>(r.next()); }},
    {"identity.misc_select", [](K& k, R& r) { k.identity.misc_select ^= 1u << r.below(32); }},
    {"identity.attributes", [](K& k, R& r) { change(k.identity.attributes, r); }},
    {"identity.attributes_mask", [](K& k, R& r) { change(k.identity.attributes_mask, r); }},
    {"identity.mr_signer", [](K& k, R& r) { change(k.identity.mr_signer, r); }},
    {"identity.isv_prod_id", [](K& k, R& r) { nudge(k.identity.isv_prod_id, r); }},
    {"identity.signing_key", [](K& k, R&) { k.identity.signing_key = "somebody"; }},
    {"identity.status", [](K& k, R&) { k.identity.replacements.push_back({"\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"Fine\""}); }},
    {"identity.omit", [](K& k, R&) { k.omit_identity = true; }},
    {"identity.duplicate", [](K& k, R&) { k.identity.replacements.push_back({"\"isvprodid\":", "\"isvprodid\":7,\"isvprodid\":"}); }},
    {"identity.after_signing", [](K& k, R&) { k.identity.signed_replacements.push_back({"\"isvsvn\":8", "\"isvsvn\":2"}); }},
    // TCB info.
    {"tcb_info.levels", random_levels},
    {"tcb_info.levels", random_levels},
    {"tcb_info.levels", random_levels},
    {"tcb_info.modules", random_modules},
    {"tcb_info.modules", random_modules},
    {"tcb_info.omit_modules", [](K& k, R&) { k.tcb_info.omit_module_identities = true; }},
    {"tcb_info.status", [](K& k, R& r) { k.tcb_info.levels[r.below(2)].status = r.pick(statuses); }},
    {"tcb_info.unknown_status", [](K& k, R&) { k.tcb_info.levels[0].status = "Fine"; }},
    {"tcb_info.relaunch_status", [](K& k, R&) { k.tcb_info.levels[0].status = "TDRelaunchAdvised"; }},
    {"tcb_info.version_2", [](K& k, R&) { k.tcb_info.version = 2; }},
    {"tcb_info.version", [](K& k, R& r) { k.tcb_info.version = static_cast<int>(r.below(6)); }},
    {"tcb_info.id", [](K& k, R& r) { k.tcb_info.id = r.pick<std::string>({"SGX", "TDX", "other"}); }},
    {"tcb_info.issue_date", [](K& k, R& r) { shift(k.tcb_info.issue_date, r); }},
    {"tcb_info.next_update", [](K& k, R& r) { shift(k.tcb_info.next_update, r); }},
    {"tcb_info.fmspc", [](K& k, R& r) { change(k.tcb_info.fmspc, r); }},
    {"tcb_info.pce_id", [](K& k, R& r) { change(k.tcb_info.pce_id, r); }},
    {"tcb_info.tcb_type", [](K& k, R& r) { k.tcb_info.tcb_type = static_cast<int>(r.below(3)); }},
    {"tcb_info.module_mr_signer", [](K& k, R& r) { change(k.tcb_info.module_mr_signer, r); }},
    {"tcb_info.module_attributes", [](K& k, R& r) { k.tcb_info.module_attributes ^= uint64_t{1} << r.below(64); }},
    {"tcb_info.identity_mr_signer", [](K& k, R& r) {
         if (!k.tcb_info.module_identities.empty()) change(k.tcb_info.module_identities[0].mr_signer, r);
     }},
    {"tcb_info.identity_attributes", [](K& k, R& r) {
         if (!k.tcb_info.module_identities.empty()) k.tcb_info.module_identities[0].attributes ^= uint64_t{1} << r.below(64);
     }},
    {"tcb_info.lower_case", [](K& k, R&) { k.tcb_info.lower_case_hex = true; }},
    {"tcb_info.signing_key", [](K& k, R&) { k.tcb_info.signing_key = "somebody"; }},
    {"tcb_info.omit", [](K& k, R&) { k.omit_tcb_info = true; }},
    {"tcb_info.duplicate", [](K& k, R&) { k.tcb_info.replacements.push_back({"\"fmspc\":", "\"fmspc\":\"00\",\"fmspc\":"}); }},
    {"tcb_info.after_signing", [](K& k, R&) { k.tcb_info.signed_replacements.push_back({"\"UpToDate\"", "\"Revoked\""}); }},
    {"tcb_info.svn_too_large", [](K& k, R&) { k.tcb_info.replacements.push_back({"\"pcesvn\":13", "\"pcesvn\":70000"}); }},
    {"tcb_info.date", [](K& k, R&) { k.tcb_info.levels[0].date = "2025-02-30T00:00:00Z"; }},
    // Certificates.
    {"pck.components", [](K& k, R& r) { nudge(k.pck_extension.components[r.below(16)], r); }},
    {"pck.pce_svn", [](K& k, R& r) { nudge(k.pck_extension.pce_svn, r); }},
    {"pck.fmspc", [](K& k, R& r) { change(k.pck_extension.fmspc, r); }},
    {"pck.pce_id", [](K& k, R& r) { change(k.pck_extension.pce_id, r); }},
    {"pck.sgx_type", [](K& k, R& r) { k.pck_extension.sgx_type = static_cast<uint8_t>(r.below(5)); }},
    {"pck.omit_fmspc", [](K& k, R&) { k.pck_extension.omit_fmspc = true; }},
    {"pck.ppid", [](K& k, R& r) { change(k.pck_extension.ppid, r); }},
    {"pck.not_before", [](K& k, R& r) { shift(k.pck.not_before, r); }},
    {"pck.not_after", [](K& k, R& r) { k.pck.not_after.seconds = k.now.seconds + (r.one_in(2) ? -1 : 1) * day; }},
    {"pck.subject", [](K& k, R&) { k.pck.subject = "Somebody"; }},
    {"pck.issuer", [](K& k, R&) { k.pck.issuer = "Somebody"; }},
    {"pck.issuer_key", [](K& k, R&) { k.pck.issuer_key = "somebody"; }},
    {"pck.key", [](K& k, R&) { k.pck.key = "somebody"; }},
    {"pck.ca", [](K& k, R&) { k.pck.ca = true; }},
    {"pck.bad_signature", [](K& k, R&) { k.pck.bad_signature = true; }},
    {"pck.unknown_critical", [](K& k, R&) { k.pck.unknown_critical_extension = true; }},
    {"pck.duplicate_extension", [](K& k, R&) { k.pck.duplicate_extension = true; }},
    {"pck.version", [](K& k, R&) { k.pck.version = 2; }},
    {"intermediate.not_after", [](K& k, R&) { k.intermediate.not_after.seconds = k.now.seconds - day; }},
    {"intermediate.ca", [](K& k, R&) { k.intermediate.ca = false; }},
    {"intermediate.basic_constraints", [](K& k, R&) { k.intermediate.basic_constraints = false; }},
    {"intermediate.key_usage", [](K& k, R&) { k.intermediate.key_usage = simulate::key_usage_signature; }},
    {"intermediate.no_key_usage", [](K& k, R&) { k.intermediate.key_usage = 0; }},
    {"intermediate.bad_signature", [](K& k, R&) { k.intermediate.bad_signature = true; }},
    {"intermediate.unknown_critical", [](K& k, R&) { k.intermediate.unknown_critical_extension = true; }},
    {"intermediate.issuer_key", [](K& k, R&) { k.intermediate.issuer_key = "somebody"; }},
    {"root.path_length", [](K& k, R&) { k.root.path_length = uint8_t{0}; }},
    {"root.not_after", [](K& k, R&) { k.root.not_after.seconds = k.now.seconds - day; }},
    {"root.bad_signature", [](K& k, R&) { k.root.bad_signature = true; }},
    {"tcb_signing.subject", [](K& k, R&) { k.tcb_signing.subject = "Somebody"; }},
    {"tcb_signing.not_after", [](K& k, R&) { k.tcb_signing.not_after.seconds = k.now.seconds - day; }},
    {"tcb_signing.bad_signature", [](K& k, R&) { k.tcb_signing.bad_signature = true; }},
    {"tcb_signing.issuer_key", [](K& k, R&) { k.tcb_signing.issuer_key = "somebody"; }},
    {"tcb_signing.key", [](K& k, R&) { k.tcb_signing.key = "somebody"; }},
    {"processor_ca", [](K& k, R&) { k.use_processor_ca(); }},
    // Revocation.
    {"crl.revoke_leaf", [](K& k, R&) { k.pck_crl.revoked = {k.pck.serial}; }},
    {"crl.revoke_intermediate", [](K& k, R&) { k.root_crl.revoked = {k.intermediate.serial}; }},
    {"crl.revoke_tcb_signing", [](K& k, R&) { k.root_crl.revoked = {k.tcb_signing.serial}; }},
    {"crl.revoke_other", [](K& k, R& r) { k.pck_crl.revoked = {Bytes{r.byte(), 1}, Bytes{2, r.byte()}}; }},
    {"crl.root_window", [](K& k, R& r) { shift(r.one_in(2) ? k.root_crl.this_update : k.root_crl.next_update, r); }},
    {"crl.pck_window", [](K& k, R& r) { shift(r.one_in(2) ? k.pck_crl.this_update : k.pck_crl.next_update, r); }},
    {"crl.pck_issuer", [](K& k, R&) { k.pck_crl.issuer = "Somebody"; }},
    {"crl.pck_key", [](K& k, R&) { k.pck_crl.issuer_key = "somebody"; }},
    {"crl.root_bad_signature", [](K& k, R&) { k.root_crl.bad_signature = true; }},
    {"crl.unknown_critical", [](K& k, R&) { k.pck_crl.unknown_critical_extension = true; }},
    {"crl.omit_root", [](K& k, R&) { k.omit_root_crl = true; }},
    {"crl.omit_pck", [](K& k, R&) { k.omit_pck_crl = true; }},
};

}  // namespace

const std::vector<Mutation<IntelKnobs>>& intel_mutations() {
    return list;
}

IntelKnobs random_intel(Random& random) {
    switch (random.below(6)) {
        case 0:
            return IntelKnobs::sgx(3);
        case 1:
            return IntelKnobs::sgx(4);
        case 2:
            return IntelKnobs::sgx(5);
        case 3:
            return IntelKnobs::tdx(4);
        case 4:
            return IntelKnobs::tdx(5, false);
        default:
            return IntelKnobs::tdx(5, true);
    }
}

}  // namespace litebox::attest::cases
