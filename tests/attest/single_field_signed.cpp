// Under good signatures: what a field means decides.
#include "single_field.h"

namespace litebox::attest::single_field {

namespace {

using I = simulate::IntelKnobs;
using A = simulate::AmdKnobs;
constexpr int64_t day = 86400;
constexpr Status accepted = Status::accepted, malformed = Status::malformed,
                 unsupported = Status::unsupported, forged = Status::forged, untrusted = Status::untrusted,
                 revoked = Status::revoked, wrong = Status::wrong_collateral,
                 expired = Status::expired_collateral, policy = Status::out_of_policy;

}  // namespace

const std::vector<SignedRow<I>>& sgx_rows() {
    static const std::vector<SignedRow<I>> rows = {
        {"MRENCLAVE", [](I& k) { k.quote.sgx.mr_enclave[0] ^= 1; }, policy, "policy-mr-enclave"},
        {"MRSIGNER", [](I& k) { k.quote.sgx.mr_signer[0] ^= 1; }, policy, "policy-signer"},
        {"ISVPRODID", [](I& k) { k.quote.sgx.isv_prod_id++; }, policy, "policy-signer"},
        {"ISVSVN below", [](I& k) { k.quote.sgx.isv_svn--; }, policy, "policy-signer"},
        {"ISVSVN above", [](I& k) { k.quote.sgx.isv_svn++; }, accepted, nullptr},
        {"ATTRIBUTES.DEBUG", [](I& k) { k.quote.sgx.attributes |= sgx_attribute_debug; }, policy,
         "policy-debug"},
        {"ATTRIBUTES.PROVISIONKEY", [](I& k) { k.quote.sgx.attributes |= sgx_attribute_provision_key; },
         policy, "policy-provision-key"},
        {"CONFIGID", [](I& k) { k.quote.sgx.config_id[0] ^= 1; }, policy, "policy-config-id"},
        {"ISVFAMILYID", [](I& k) { k.quote.sgx.isv_family_id[0] ^= 1; }, policy, "policy-family-id"},
        {"ISVEXTPRODID", [](I& k) { k.quote.sgx.isv_ext_prod_id[0] ^= 1; }, policy, "policy-ext-product-id"},
        {"XFRM", [](I& k) { k.quote.sgx.xfrm ^= 4; }, policy, "policy-xfrm"},
        {"REPORTDATA", [](I& k) { k.quote.sgx.report_data[0] ^= 1; }, policy, "policy-report-data"},
        {"identity.id TD_QE", [](I& k) { k.identity.id = "TD_QE"; }, wrong, "qe-identity"},
        {"tcbInfo.id TDX", [](I& k) { k.tcb_info.id = "TDX"; }, wrong, "tcb-info"},
        {"tcbInfo.version 2", [](I& k) { k.tcb_info.version = 2; }, accepted, nullptr},
    };
    return rows;
}

const std::vector<SignedRow<I>>& tdx_rows() {
    static const std::vector<SignedRow<I>> rows = {
        {"TEE_TCB_SVN[0] old module",
         [](I& k) {
             k.quote.td.tee_tcb_svn[0] = 4;
             k.quote.td.tee_tcb_svn_2[0] = 4;
         },
         policy, "policy-tcb"},
        {"TEE_TCB_SVN[0] unrated module", [](I& k) { k.quote.td.tee_tcb_svn[0] = 1; }, policy, "tcb-level"},
        {"TEE_TCB_SVN[1] unknown module", [](I& k) { k.quote.td.tee_tcb_svn[1] = 9; }, wrong, "tdx-module"},
        {"TEE_TCB_SVN[2]", [](I& k) { k.quote.td.tee_tcb_svn[2] = 6; }, policy, "policy-tcb"},
        {"MRSIGNERSEAM", [](I& k) { k.quote.td.mr_signer_seam[0] ^= 1; }, untrusted, "tdx-module"},
        {"SEAMATTRIBUTES", [](I& k) { k.quote.td.seam_attributes = 1; }, untrusted, "tdx-module"},
        {"TDATTRIBUTES.DEBUG", [](I& k) { k.quote.td.td_attributes |= 1; }, policy, "policy-debug"},
        {"TDATTRIBUTES.TUD, a reserved bit", [](I& k) { k.quote.td.td_attributes |= 0x40; }, policy,
         "policy-debug"},
        {"TDATTRIBUTES.SEPT_VE_DISABLE", [](I& k) { k.quote.td.td_attributes = 0; }, policy,
         "policy-sept-ve-disable"},
        {"XFAM", [](I& k) { k.quote.td.xfam ^= 4; }, policy, "policy-xfam"},
        {"MRSEAM", [](I& k) { k.quote.td.mr_seam[0] ^= 1; }, policy, "policy-mr-seam"},
        {"MRTD", [](I& k) { k.quote.td.mr_td[0] ^= 1; }, policy, "policy-mr-td"},
        {"MRCONFIGID", [](I& k) { k.quote.td.mr_config_id[0] ^= 1; }, policy, "policy-mr-config-id"},
        {"MROWNER", [](I& k) { k.quote.td.mr_owner[0] ^= 1; }, policy, "policy-mr-owner"},
        {"MROWNERCONFIG", [](I& k) { k.quote.td.mr_owner_config[0] ^= 1; }, policy, "policy-mr-owner-config"},
        {"RTMR0", [](I& k) { k.quote.td.rtmr[0][0] ^= 1; }, policy, "policy-rtmr0"},
        {"RTMR1", [](I& k) { k.quote.td.rtmr[1][0] ^= 1; }, policy, "policy-rtmr1"},
        {"RTMR2", [](I& k) { k.quote.td.rtmr[2][0] ^= 1; }, policy, "policy-rtmr2"},
        {"RTMR3", [](I& k) { k.quote.td.rtmr[3][0] ^= 1; }, policy, "policy-rtmr3"},
        {"REPORTDATA", [](I& k) { k.quote.td.report_data[0] ^= 1; }, policy, "policy-report-data"},
        {"identity.id QE", [](I& k) { k.identity.id = "QE"; }, wrong, "qe-identity"},
        {"tcbInfo.id SGX", [](I& k) { k.tcb_info.id = "SGX"; }, wrong, "tcb-info"},
        {"tcbInfo.tdxModuleIdentities", [](I& k) { k.tcb_info.omit_module_identities = true; }, wrong,
         "tdx-module"},
        {"tdxModuleIdentities.mrsigner", [](I& k) { k.tcb_info.module_identities[0].mr_signer[0] = 1; },
         untrusted, "tdx-module"},
    };
    return rows;
}

const std::vector<SignedRow<I>>& quote_rows() {
    static const std::vector<SignedRow<I>> rows = {
        {"nothing", [](I&) {}, accepted, nullptr},
        // Header and signature data.
        {"QE vendor id", [](I& k) { k.quote.qe_vendor_id[0] ^= 1; }, unsupported, "quote-form"},
        {"user data", [](I& k) { k.quote.user_data[0] ^= 1; }, accepted, nullptr},
        {"attestation key type 3", [](I& k) { k.quote.attestation_key_type = 3; }, malformed, "evidence"},
        {"version 6", [](I& k) { k.quote.version = 6; }, malformed, "evidence"},
        {"quote signed by another key", [](I& k) { k.quote.quote_signer = "other"; }, forged,
         "quote-signature"},
        {"quote signature, other s", [](I& k) { k.quote.high_s = true; }, accepted, nullptr},
        {"QE report signed by another key", [](I& k) { k.quote.qe_report_signer = "other"; }, forged,
         "qe-report-signature"},
        {"QE report data", [](I& k) { k.quote.qe_report_data = Field<64>{}; }, forged, "attestation-key"},
        {"authentication data", [](I& k) { k.quote.qe_auth_data = {1}; }, accepted, nullptr},
        {"zeros behind", [](I& k) { k.quote.trailing = Bytes(16); }, accepted, nullptr},
        {"bytes behind", [](I& k) { k.quote.trailing = {1}; }, malformed, nullptr},
        {"chain in another order", [](I& k) { k.quote.reverse_chain = true; }, accepted, nullptr},
        // The quoting enclave.
        {"QE MRSIGNER", [](I& k) { k.quote.qe_report.mr_signer[0] ^= 1; }, untrusted, "qe-measurement"},
        {"QE MRENCLAVE", [](I& k) { k.quote.qe_report.mr_enclave[0] ^= 1; }, accepted, nullptr},
        {"QE ISVPRODID", [](I& k) { k.quote.qe_report.isv_prod_id = 7; }, untrusted, "qe-measurement"},
        {"QE MISCSELECT", [](I& k) { k.quote.qe_report.misc_select = 1; }, untrusted, "qe-measurement"},
        {"QE ATTRIBUTES.DEBUG", [](I& k) { k.quote.qe_report.attributes |= 2; }, untrusted, "qe-measurement"},
        {"QE ISVSVN old", [](I& k) { k.quote.qe_report.isv_svn = 7; }, policy, "policy-tcb"},
        {"QE ISVSVN unrated", [](I& k) { k.quote.qe_report.isv_svn = 1; }, policy, "qe-measurement"},
        // PCK certificate and path.
        {"PCK component", [](I& k) { k.pck_extension.components[0]--; }, policy, "policy-tcb"},
        {"PCK PCESVN", [](I& k) { k.pck_extension.pce_svn--; }, policy, "policy-tcb"},
        {"PCK FMSPC", [](I& k) { k.pck_extension.fmspc[0] ^= 1; }, wrong, "tcb-info"},
        {"PCK PCEID", [](I& k) { k.pck_extension.pce_id[0] ^= 1; }, wrong, "tcb-info"},
        {"PCK without FMSPC", [](I& k) { k.pck_extension.omit_fmspc = true; }, malformed, "pck-extension"},
        {"PCK subject", [](I& k) { k.pck.subject = "Somebody"; }, untrusted, "pck-certificate"},
        {"PCK expired", [](I& k) { k.pck.not_after = {k.now.seconds - day}; }, expired, "pck-chain"},
        {"PCK signature", [](I& k) { k.pck.bad_signature = true; }, forged, "pck-chain"},
        {"PCK unknown critical extension", [](I& k) { k.pck.unknown_critical_extension = true; }, untrusted,
         "pck-chain"},
        {"PCK revoked", [](I& k) { k.pck_crl.revoked = {k.pck.serial}; }, revoked, "pck-revocation"},
        {"intermediate not a CA", [](I& k) { k.intermediate.ca = false; }, untrusted, "pck-chain"},
        {"intermediate may not sign", [](I& k) { k.intermediate.key_usage = simulate::key_usage_signature; },
         untrusted, "pck-chain"},
        {"intermediate revoked", [](I& k) { k.root_crl.revoked = {k.intermediate.serial}; }, revoked,
         "pck-revocation"},
        {"root path length", [](I& k) { k.root.path_length = uint8_t{0}; }, untrusted, "pck-chain"},
        {"PCK revocation list missing", [](I& k) { k.omit_pck_crl = true; }, wrong, "pck-revocation"},
        {"PCK revocation list expired", [](I& k) { k.pck_crl.next_update = {k.now.seconds - 1}; }, expired,
         "pck-revocation"},
        {"PCK revocation list by another key", [](I& k) { k.pck_crl.issuer_key = "other"; }, wrong,
         "pck-revocation"},
        {"root revocation list missing", [](I& k) { k.omit_root_crl = true; }, wrong, "pck-revocation"},
        // TCB info and identity.
        {"TCB info missing", [](I& k) { k.omit_tcb_info = true; }, wrong, "tcb-info"},
        {"tcbInfo.fmspc", [](I& k) { k.tcb_info.fmspc[0] ^= 1; }, wrong, "tcb-info"},
        {"tcbInfo.pceId", [](I& k) { k.tcb_info.pce_id[0] ^= 1; }, wrong, "tcb-info"},
        {"tcbInfo.nextUpdate", [](I& k) { k.tcb_info.next_update = {k.now.seconds - 1}; }, expired,
         "tcb-info-time"},
        {"tcbInfo.issueDate", [](I& k) { k.tcb_info.issue_date = {k.now.seconds + day}; }, expired,
         "tcb-info-time"},
        {"tcbInfo signed by another key", [](I& k) { k.tcb_info.signing_key = "other"; }, forged,
         "tcb-info-signature"},
        {"tcbInfo changed after signing",
         [](I& k) {
             k.tcb_info.signed_replacements = {{"\"UpToDate\"", "\"OutOfDate\""}};
         },
         forged, "tcb-info-signature"},
        {"tcbInfo hexadecimal in lower case", [](I& k) { k.tcb_info.lower_case_hex = true; }, accepted,
         nullptr},
        {"tcbInfo key twice",
         [](I& k) {
             k.tcb_info.replacements = {{"\"pceId\":", "\"pceId\":\"0000\",\"pceId\":"}};
         },
         wrong, "tcb-info"},
        {"tcbStatus OutOfDate", [](I& k) { k.tcb_info.levels[0].status = "OutOfDate"; }, policy,
         "policy-tcb"},
        {"tcbStatus Revoked", [](I& k) { k.tcb_info.levels[0].status = "Revoked"; }, revoked, "tcb-level"},
        {"tcbStatus unknown", [](I& k) { k.tcb_info.levels[0].status = "Fine"; }, unsupported, "tcb-level"},
        {"tcbLevels in another order", [](I& k) { std::swap(k.tcb_info.levels[0], k.tcb_info.levels[2]); },
         accepted, nullptr},
        {"tcbLevels none reached",
         [](I& k) {
             k.tcb_info.levels.resize(1);
             k.tcb_info.levels[0].sgx[0]++;
         },
         policy, "tcb-level"},
        {"identity missing", [](I& k) { k.omit_identity = true; }, wrong, "qe-identity"},
        {"identity.nextUpdate", [](I& k) { k.identity.next_update = {k.now.seconds - 1}; }, expired,
         "qe-identity-time"},
        {"identity signed by another key", [](I& k) { k.identity.signing_key = "other"; }, forged,
         "qe-identity-signature"},
        {"identity.mrsigner", [](I& k) { k.identity.mr_signer[0] ^= 1; }, untrusted, "qe-measurement"},
        {"identity tcbStatus OutOfDate", [](I& k) { k.identity.levels[0].status = "OutOfDate"; }, policy,
         "policy-tcb"},
        {"identity tcbStatus Revoked", [](I& k) { k.identity.levels[0].status = "Revoked"; }, revoked,
         "tcb-level"},
        {"TCB signing certificate's name", [](I& k) { k.tcb_signing.subject = "Somebody"; }, wrong,
         "tcb-info-signature"},
        {"TCB signing certificate revoked", [](I& k) { k.root_crl.revoked = {k.tcb_signing.serial}; },
         revoked, "signing-revocation"},
        {"TCB signing certificate expired", [](I& k) { k.tcb_signing.not_after = {k.now.seconds - 1}; },
         expired, "tcb-info-time"},
    };
    return rows;
}

const std::vector<SignedRow<A>>& report_rows() {
    static const std::vector<SignedRow<A>> rows = {
        {"nothing", [](A&) {}, accepted, nullptr},
        {"VERSION 4", [](A& k) { k.report.fields.version = 4; }, unsupported, "snp-version"},
        {"GUEST_SVN below", [](A& k) { k.report.fields.guest_svn = 1; }, policy, "policy-guest-svn"},
        {"GUEST_SVN above", [](A& k) { k.report.fields.guest_svn = 9; }, accepted, nullptr},
        {"POLICY bit 17 zero", [](A& k) { k.report.fields.policy = 0x10000; }, unsupported, "snp-fields"},
        {"POLICY reserved bit", [](A& k) { k.report.fields.policy |= uint64_t{1} << 40; }, unsupported,
         "snp-fields"},
        {"POLICY.DEBUG", [](A& k) { k.report.fields.policy |= 1 << 19; }, policy, "policy-debug"},
        {"POLICY.MIGRATE_MA", [](A& k) { k.report.fields.policy |= 1 << 18; }, policy,
         "policy-migration-agent"},
        {"FAMILY_ID", [](A& k) { k.report.fields.family_id[0] ^= 1; }, policy, "policy-family-id"},
        {"IMAGE_ID", [](A& k) { k.report.fields.image_id[0] ^= 1; }, policy, "policy-image-id"},
        {"VMPL 1", [](A& k) { k.report.fields.vmpl = 1; }, policy, "policy-vmpl"},
        {"VMPL 4", [](A& k) { k.report.fields.vmpl = 4; }, unsupported, "snp-fields"},
        {"SIGNATURE_ALGO", [](A& k) { k.report.fields.signature_algorithm = 2; }, unsupported,
         "snp-signature-algorithm"},
        {"PLATFORM_INFO.ALIAS_CHECK_COMPLETE", [](A& k) { k.report.fields.platform_info &= ~uint64_t{0x20}; },
         policy, "policy-alias-check"},
        {"PLATFORM_INFO bit 6", [](A& k) { k.report.fields.platform_info |= 0x40; }, accepted, nullptr},
        {"PLATFORM_INFO bit 8", [](A& k) { k.report.fields.platform_info |= 0x100; }, unsupported,
         "snp-fields"},
        {"SIGNING_KEY none", [](A& k) { k.report.fields.flags = 7 << 2; }, unsupported, "snp-signing-key"},
        {"SIGNING_KEY reserved", [](A& k) { k.report.fields.flags = 3 << 2; }, unsupported,
         "snp-signing-key"},
        {"REPORT_DATA", [](A& k) { k.report.fields.report_data[0] ^= 1; }, policy, "policy-report-data"},
        {"MEASUREMENT", [](A& k) { k.report.fields.measurement[0] ^= 1; }, policy, "policy-measurement"},
        {"HOST_DATA", [](A& k) { k.report.fields.host_data[0] ^= 1; }, policy, "policy-host-data"},
        {"REPORT_ID", [](A& k) { k.report.fields.report_id[0] ^= 1; }, accepted, nullptr},
        {"CURRENT_TCB below committed", [](A& k) { k.report.current.snp--; }, policy, "snp-tcb-order"},
        {"REPORTED_TCB", [](A& k) { k.report.reported.snp--; }, wrong, "snp-tcb-certificate"},
        {"COMMITTED_TCB below minimum", [](A& k) { k.report.committed.snp--; }, policy,
         "policy-committed-tcb"},
        {"LAUNCH_TCB below minimum", [](A& k) { k.report.launch.snp--; }, policy, "policy-launch-tcb"},
        {"CHIP_ID", [](A& k) { k.report.fields.chip_id[0] ^= 1; }, wrong, "snp-chip-id"},
        {"COMMITTED version", [](A& k) { k.report.fields.committed_build = 20; }, policy, "policy-firmware"},
        {"reserved byte",
         [](A& k) {
             k.report.signed_patches = {{0x210, {1}}};
         },
         malformed, "snp-reserved"},
        {"byte behind the signature",
         [](A& k) {
             k.report.patches = {{0x400, {1}}};
         },
         malformed, "snp-reserved"},
        {"signature, other s", [](A& k) { k.report.high_s = true; }, accepted, nullptr},
        {"signed by another key", [](A& k) { k.report.signer = "other"; }, forged, "snp-signature"},
        {"VEK version of another TCB", [](A& k) { k.vek_extension.tcb.snp--; }, wrong, "snp-tcb-certificate"},
        {"VEK productName", [](A& k) { k.vek_extension.product_name = "Rome"; }, wrong,
         "snp-endorsement-key"},
        {"VEK HWID", [](A& k) { k.vek_extension.hardware_id[0] ^= 1; }, wrong, "snp-chip-id"},
        {"VEK HWID wrapped", [](A& k) { k.vek_extension.wrap_hardware_id = true; }, wrong,
         "snp-endorsement-key"},
        {"VEK expired", [](A& k) { k.vek.not_after = {k.now.seconds - day}; }, expired,
         "snp-certificate-path"},
        {"VEK signature", [](A& k) { k.vek.bad_signature = true; }, forged, "snp-certificate-path"},
        {"VEK unknown critical extension", [](A& k) { k.vek.unknown_critical_extension = true; }, untrusted,
         "snp-certificate-path"},
        {"VEK missing", [](A& k) { k.omit_vek = true; }, wrong, "snp-endorsement-key"},
        {"ASK revoked", [](A& k) { k.crl.revoked = {k.ask.serial}; }, revoked, "snp-revocation"},
        {"ASK not a CA", [](A& k) { k.ask.ca = false; }, untrusted, "snp-certificate-path"},
        {"revocation list missing", [](A& k) { k.omit_crl = true; }, wrong, "snp-revocation"},
        {"revocation list expired", [](A& k) { k.crl.next_update = {k.now.seconds - 1}; }, expired,
         "snp-revocation"},
    };
    return rows;
}

}  // namespace litebox::attest::single_field
