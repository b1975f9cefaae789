// Knobs that verify as they are, and the simulation they give.
#include "attest/simulate/intel.h"

#include "attest/base/encode.h"
#include "attest/simulate/simulate.h"

namespace litebox::attest::simulate {

namespace {

constexpr int64_t day = 86400;
constexpr Time simulated_now{1780272000};   // 2026-06-01T00:00:00Z
constexpr Time hierarchy_made{1526897410};  // 2018-05-21
constexpr Time far_future{2524607999};      // 2049-12-31T23:59:59Z
constexpr std::string_view default_seed = "litebox";

/// A positive 20-byte serial number.
Bytes serial(std::string_view name) {
    Bytes bytes = derive_bytes(default_seed, name, 20);
    bytes[0] = static_cast<uint8_t>((bytes[0] & 0x3F) | 0x40);
    return bytes;
}

void fill_hierarchy(IntelKnobs& knobs) {
    constexpr const char *root_name = "Intel SGX Root CA", *platform_name = "Intel SGX PCK Platform CA";
    knobs.root = {.subject = root_name,
                  .issuer = root_name,
                  .key = "intel-root",
                  .issuer_key = "intel-root",
                  .serial = serial("root serial"),
                  .not_before = hierarchy_made,
                  .not_after = far_future,
                  .ca = true,
                  .path_length = uint8_t{1},
                  .key_usage = key_usage_cert_sign | key_usage_crl_sign,
                  .crl_url = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"};
    knobs.intermediate = knobs.root;
    knobs.intermediate.subject = platform_name;
    knobs.intermediate.key = "pck-ca";
    knobs.intermediate.serial = serial("intermediate serial");
    knobs.intermediate.not_after = {2000289010};  // 2033-05-21
    knobs.intermediate.path_length = uint8_t{0};
    knobs.pck = {
        .subject = "Intel SGX PCK Certificate",
        .issuer = platform_name,
        .key = "pck",
        .issuer_key = "pck-ca",
        .serial = serial("pck serial"),
        .key_usage = key_usage_signature | key_usage_non_repudiation,
        .crl_url =
            "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=platform&encoding=der"};
    knobs.tcb_signing = knobs.pck;
    knobs.tcb_signing.subject = "Intel SGX TCB Signing";
    knobs.tcb_signing.issuer = root_name;
    knobs.tcb_signing.key = "tcb-signing";
    knobs.tcb_signing.issuer_key = "intel-root";
    knobs.tcb_signing.serial = serial("tcb signing serial");
    knobs.tcb_signing.crl_url = knobs.root.crl_url;
    knobs.root_crl = {.issuer = root_name, .issuer_key = "intel-root"};
    knobs.pck_crl = {.issuer = platform_name, .issuer_key = "pck-ca"};
}

void fill_platform(IntelKnobs& knobs) {
    PckExtensionSpec& pck = knobs.pck_extension;
    pck.ppid = derive_field<16>(default_seed, "ppid");
    pck.components = {7, 7, 3, 3, 5, 5, 1, 2};
    pck.pce_svn = 13;
    pck.fmspc = {0x00, 0x5A, 0x6F, 0x00, 0x00, 0x00};
    pck.platform_instance_id = derive_field<16>(default_seed, "platform instance");
    TcbInfoSpec& info = knobs.tcb_info;
    info.fmspc = pck.fmspc;
    TcbLevelSpec newest{
        .sgx = pck.components, .pce_svn = pck.pce_svn, .date = "2025-11-12T00:00:00Z", .status = "UpToDate"};
    TcbLevelSpec older = newest;
    older.sgx = {6, 6, 3, 3, 5, 5, 1, 2};
    older.date = "2025-05-14T00:00:00Z";
    older.status = "OutOfDate";
    older.advisories = {"INTEL-SA-01192", "INTEL-SA-01245"};
    TcbLevelSpec oldest = older;
    oldest.sgx = {};
    oldest.pce_svn = 5;
    oldest.date = "2018-01-04T00:00:00Z";
    oldest.advisories = {"INTEL-SA-00161", "INTEL-SA-01192", "INTEL-SA-01245"};
    info.levels = {newest, older, oldest};
}

void fill_quoting_enclave(IntelKnobs& knobs, bool tdx) {
    EnclaveIdentitySpec& identity = knobs.identity;
    identity.id = tdx ? "TD_QE" : "QE";
    identity.attributes = {0x11};
    identity.attributes_mask = {0xFB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    identity.mr_signer = derive_field<32>(default_seed, "quoting enclave signer");
    identity.isv_prod_id = tdx ? 2 : 1;
    identity.levels = {{8, "2025-11-12T00:00:00Z", "UpToDate", {}},
                       {6, "2021-11-10T00:00:00Z", "OutOfDate", {"INTEL-SA-00615"}}};
    SgxReportBody& report = knobs.quote.qe_report;
    report.cpu_svn = knobs.pck_extension.components;
    report.attributes = sgx_attribute_init | sgx_attribute_mode64 | sgx_attribute_provision_key;
    report.xfrm = 0xE7;
    report.mr_enclave = derive_field<32>(default_seed, "quoting enclave");
    report.mr_signer = identity.mr_signer;
    report.isv_prod_id = identity.isv_prod_id;
    report.isv_svn = 8;
    QuoteSpec& quote = knobs.quote;
    quote.qe_vendor_id = {0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9,
                          0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07};
    quote.user_data = derive_field<20>(default_seed, "quote user data");
    for (uint8_t i = 0; i < 32; i++) quote.qe_auth_data.push_back(i);  // what Intel's QE writes
}

}  // namespace

IntelKnobs IntelKnobs::sgx(uint16_t quote_version) {
    IntelKnobs knobs;
    fill_hierarchy(knobs);
    fill_platform(knobs);
    fill_quoting_enclave(knobs, false);
    knobs.issue_at(simulated_now);
    knobs.quote.version = quote_version;
    SgxReportBody& body = knobs.quote.sgx;
    body.cpu_svn = knobs.pck_extension.components;
    body.attributes = sgx_attribute_init | sgx_attribute_mode64;
    body.xfrm = 0xE7;
    body.mr_enclave = derive_field<32>(default_seed, "enclave");
    body.mr_signer = derive_field<32>(default_seed, "enclave signer");
    body.isv_prod_id = 1;
    body.isv_svn = 2;
    return knobs;
}

IntelKnobs IntelKnobs::tdx(uint16_t quote_version, bool body_1_5) {
    IntelKnobs knobs;
    fill_hierarchy(knobs);
    fill_platform(knobs);
    fill_quoting_enclave(knobs, true);
    knobs.issue_at(simulated_now);
    knobs.quote.version = quote_version;
    knobs.quote.tee_type = 0x81;
    knobs.quote.tdx = true;
    TdReportBody& body = knobs.quote.td;
    body.is_1_5 = quote_version >= 5 && body_1_5;
    body.tee_tcb_svn = {5, 1, 7};  // module 1, its SVN 5, microcode 7
    if (body.is_1_5) body.tee_tcb_svn_2 = body.tee_tcb_svn;
    body.mr_seam = derive_field<48>(default_seed, "TDX module");
    body.td_attributes = uint64_t{1} << 28;  // SEPT_VE_DISABLE
    body.xfam = 0x602E7;
    body.mr_td = derive_field<48>(default_seed, "MRTD");
    for (size_t i = 0; i < 4; i++) body.rtmr[i] = derive_field<48>(default_seed, "RTMR" + std::to_string(i));
    TcbInfoSpec& info = knobs.tcb_info;
    info.id = "TDX";
    info.levels[0].tdx = {5, 0, 7};
    info.levels[1].tdx = {4, 0, 7};
    info.module_identities = {{.id = "TDX_01",
                               .levels = {{5, "2025-11-12T00:00:00Z", "UpToDate", {}},
                                          {4, "2025-05-14T00:00:00Z", "OutOfDate", {"INTEL-SA-01245"}}}}};
    return knobs;
}

void IntelKnobs::use_processor_ca() {
    intermediate.subject = pck.issuer = pck_crl.issuer = "Intel SGX PCK Processor CA";
    pck.crl_url =
        "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=processor&encoding=der";
    pck_extension.platform = false;
    pck_extension.sgx_type = 0;
}

void IntelKnobs::issue_at(Time time) {
    now = time;
    pck.not_before = tcb_signing.not_before = {time.seconds - 300 * day};
    pck.not_after = tcb_signing.not_after = {time.seconds + 2250 * day};
    Time issued{time.seconds - 3600}, next{issued.seconds + 30 * day};
    root_crl.this_update = pck_crl.this_update = tcb_info.issue_date = identity.issue_date = issued;
    root_crl.next_update = pck_crl.next_update = tcb_info.next_update = identity.next_update = next;
}

Result<void> IntelKnobs::set_tcb_status(TcbStatus status) {
    TcbLevelSpec& newest = tcb_info.levels.at(0);
    std::string name(to_string(status));
    switch (status) {
        case TcbStatus::unknown:
            return Error{"no evidence has the TCB status \"Unknown\""};
        case TcbStatus::up_to_date:
            return {};
        case TcbStatus::not_supported:
            tcb_info.levels.resize(1);
            newest.sgx[0] = static_cast<uint8_t>(pck_extension.components[0] + 1);
            return {};
        case TcbStatus::td_relaunch_advised:
        case TcbStatus::td_relaunch_advised_configuration_needed:
            if (!quote.tdx || !quote.td.is_1_5)
                return Error{name + " is told only by TDX quotes of version 5 with body 1.5"};
            // Launched under module SVN 4, which is out of date; the platform has been updated to 5 since.
            quote.td.tee_tcb_svn[0] = 4;
            newest.tdx[0] = 5;
            if (status == TcbStatus::td_relaunch_advised) return {};
            name = to_string(TcbStatus::configuration_needed);
            break;
        default:
            break;
    }
    newest.status = name;
    newest.advisories = {"INTEL-SA-00615"};
    return {};
}

Simulation simulate(const IntelKnobs& knobs) {
    Simulation made;
    made.now = knobs.now;
    CertificateSpec pck = knobs.pck;
    pck.extensions.push_back({"1.2.840.113741.1.13.1", false, encode_pck_extension(knobs.pck_extension)});
    made.root = make_certificate(knobs.root, knobs.seed);
    made.roots.intel = {made.root};
    Bytes intermediate = make_certificate(knobs.intermediate, knobs.seed);
    Bytes signing = make_certificate(knobs.tcb_signing, knobs.seed);
    made.chain = {make_certificate(pck, knobs.seed), intermediate, made.root};
    made.evidence = make_quote(knobs.quote, made.chain, knobs.seed, knobs.pck_extension);

    auto add_chain = [&](const char* name, std::vector<Bytes> certificates) {
        std::string text;
        for (const Bytes& certificate : certificates) {
            text += to_pem(certificate);
            made.collateral.certificates.push_back(certificate);
        }
        made.files.push_back({name, to_bytes(as_bytes(text))});
    };
    auto add_crl = [&](const char* name, const RevocationListSpec& spec) {
        made.collateral.revocation_lists.push_back(make_revocation_list(spec, knobs.seed));
        made.files.push_back({name, made.collateral.revocation_lists.back()});
    };
    auto add_document = [&](const char* name, std::string text, std::vector<SignedDocument>& list) {
        made.files.push_back({name, to_bytes(as_bytes(text))});
        list.push_back({std::move(text), name});
    };
    add_chain("tcb_signing_chain.pem", {signing, made.root});
    if (knobs.quote.cert_type != QuoteCertType::pck_chain) add_chain("pck_chain.pem", made.chain);
    if (!knobs.omit_root_crl) add_crl("root_ca_crl.der", knobs.root_crl);
    if (!knobs.omit_pck_crl) add_crl("pck_crl.der", knobs.pck_crl);
    if (!knobs.omit_tcb_info)
        add_document("tcb_info.json", make_tcb_info(knobs.tcb_info, knobs.seed), made.collateral.tcb_infos);
    if (!knobs.omit_identity)
        add_document("qe_identity.json", make_enclave_identity(knobs.identity, knobs.seed),
                     made.collateral.identities);
    return made;
}

}  // namespace litebox::attest::simulate
