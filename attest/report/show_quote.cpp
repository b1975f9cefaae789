#include "attest/base/json.h"
#include "attest/report/shown.h"
#include "attest/x509/certificate.h"

namespace litebox::attest {

namespace {

struct Bit {
    int bit;
    std::string_view name;
};
constexpr Bit sgx_bits[] = {{0, "INIT"},          {1, "DEBUG"}, {2, "MODE64BIT"}, {4, "PROVISIONKEY"},
                            {5, "EINITTOKENKEY"}, {6, "CET"},   {7, "KSS"},       {10, "AEXNOTIFY"}};
constexpr Bit td_bits[] = {{0, "DEBUG"}, {28, "SEPT_VE_DISABLE"}, {29, "MIGRATABLE"}, {30, "PKS"},
                           {31, "KL"},   {63, "PERFMON"}};

std::string with_bits(uint64_t value, std::span<const Bit> bits) {
    std::string names;
    for (const Bit& bit : bits)
        if (value >> bit.bit & 1) names += (names.empty() ? "" : ", ") + std::string(bit.name);
    return hex_number(value) + (names.empty() ? "" : " (" + names + ")");
}

std::string cert_type_name(QuoteCertType type) {
    switch (type) {
        case QuoteCertType::ppid_clear:
            return "1: PPID in the clear";
        case QuoteCertType::ppid_rsa2048:
            return "2: PPID encrypted with RSA-2048";
        case QuoteCertType::ppid_rsa3072:
            return "3: PPID encrypted with RSA-3072";
        case QuoteCertType::pck_leaf:
            return "4: PCK certificate";
        case QuoteCertType::pck_chain:
            return "5: PCK certificate chain";
    }
    return std::to_string(static_cast<int>(type));
}

ShownGroup describe_td_body(const TdReportBody& body) {
    ShownGroup group{body.is_1_5 ? "TD report, 1.5" : "TD report, 1.0", {}};
    auto add = [&](std::string name, std::string value, std::string meaning) {
        group.fields.push_back({std::move(name), std::move(value), std::move(meaning)});
    };
    add("TEE_TCB_SVN", to_hex(body.tee_tcb_svn),
        "security versions of the TDX module and its loader, by component");
    add("MRSEAM", to_hex(body.mr_seam), "measurement of the TDX module");
    add("MRSIGNERSEAM", to_hex(body.mr_signer_seam), "signer of the TDX module; zeros: Intel");
    add("SEAMATTRIBUTES", hex_number(body.seam_attributes),
        "attributes of the TDX module; zero in production");
    add("TDATTRIBUTES", with_bits(body.td_attributes, td_bits), "how the trust domain was created");
    add("XFAM", hex_number(body.xfam), "processor state that the trust domain may use");
    add("MRTD", to_hex(body.mr_td), "measurement of the memory at launch: the firmware");
    add("MRCONFIGID", to_hex(body.mr_config_id), "configuration that the host named at launch");
    add("MROWNER", to_hex(body.mr_owner), "owner that the host named at launch");
    add("MROWNERCONFIG", to_hex(body.mr_owner_config), "owner's configuration that the host named at launch");
    constexpr const char* meanings[] = {
        "by convention: the firmware's configuration", "by convention: boot loader and kernel",
        "by convention: kernel command line, initial file system, operating system",
        "by convention: applications"};
    for (size_t i = 0; i < 4; i++) add("RTMR" + std::to_string(i), to_hex(body.rtmr[i]), meanings[i]);
    add("REPORTDATA", to_hex(body.report_data), "what the guest asked to be signed: a nonce, a key's hash");
    if (body.is_1_5) {
        add("TEE_TCB_SVN2", to_hex(body.tee_tcb_svn_2),
            "versions of the TDX module that runs now, after an update in place");
        add("MRSERVICETD", to_hex(body.mr_service_td),
            "service trust domains with access to this one; zeros: none");
    }
    return group;
}

ShownGroup describe_header(const Quote& quote) {
    ShownGroup group{quote.is_tdx() ? "Intel TDX quote" : "Intel SGX quote", {}};
    auto add = [&](std::string name, std::string value, std::string meaning) {
        group.fields.push_back({std::move(name), std::move(value), std::move(meaning)});
    };
    add("version", std::to_string(quote.version), "layout of the quote");
    add("attestation key type", std::to_string(quote.attestation_key_type), "2 is ECDSA on P-256");
    add("TEE type", hex_number(quote.tee_type), "0 is SGX, 0x81 TDX");
    if (quote.version == 3) {
        add("QE SVN", std::to_string(quote.qe_svn), "security version of the quoting enclave");
        add("PCE SVN", std::to_string(quote.pce_svn),
            "security version of the provisioning certification enclave");
    }
    add("QE vendor id", to_hex(quote.qe_vendor_id), "939a7233f79c4ca9940a0db3957f0607 is Intel");
    add("user data", to_hex(quote.user_data), "the quoting enclave's own");
    return group;
}

ShownGroup describe_signature(const Quote& quote) {
    ShownGroup group{"Signature data", {}};
    auto add = [&](std::string name, std::string value, std::string meaning) {
        group.fields.push_back({std::move(name), std::move(value), std::move(meaning)});
    };
    add("signature", to_hex(quote.signature), "r and s by the attestation key, over header and body");
    add("attestation key", to_hex(quote.attestation_key), "x and y; the quoting enclave's report binds it");
    add("QE report signature", to_hex(quote.qe_report_signature),
        "r and s by the PCK, over the quoting enclave's report");
    add("QE authentication data", to_hex(quote.qe_auth_data),
        "hashed with the attestation key into the QE's report data");
    add("certification data", cert_type_name(quote.cert_type), "how the PCK is named");
    if (quote.cert_type == QuoteCertType::pck_chain) {
        if (auto blocks = parse_pem(as_text(quote.cert_data)))
            for (const PemBlock& block : *blocks)
                if (auto certificate = Certificate::parse(block.der))
                    add("certificate", shown_text((*certificate)->common_name()),
                        to_string((*certificate)->not_before()) + " to " +
                            to_string((*certificate)->not_after()));
    } else {
        add("certification bytes", to_hex(quote.cert_data), "");
    }
    add("trailing bytes", std::to_string(quote.trailing.size()),
        all_zero(quote.trailing) ? "zeros" : "NOT zeros: refused by verification");
    return group;
}

}  // namespace

ShownGroup describe_sgx_body(const SgxReportBody& body, std::string title) {
    ShownGroup group{std::move(title), {}};
    auto add = [&](std::string name, std::string value, std::string meaning) {
        group.fields.push_back({std::move(name), std::move(value), std::move(meaning)});
    };
    add("CPUSVN", to_hex(body.cpu_svn), "security versions of the processor, encoded");
    add("MISCSELECT", hex_number(body.misc_select), "what is saved at exceptions");
    add("ISVEXTPRODID", to_hex(body.isv_ext_prod_id), "extended product id (KSS)");
    add("ATTRIBUTES", with_bits(body.attributes, sgx_bits), "how the enclave was created");
    add("XFRM", hex_number(body.xfrm), "processor state that the enclave may use");
    add("MRENCLAVE", to_hex(body.mr_enclave), "measurement of the enclave: its code");
    add("MRSIGNER", to_hex(body.mr_signer), "SHA-256 of the signer's key");
    add("CONFIGID", to_hex(body.config_id), "configuration given at creation (KSS)");
    add("ISVPRODID", std::to_string(body.isv_prod_id), "product of the signer");
    add("ISVSVN", std::to_string(body.isv_svn), "security version of the product");
    add("CONFIGSVN", std::to_string(body.config_svn), "security version of the configuration (KSS)");
    add("ISVFAMILYID", to_hex(body.isv_family_id), "product family of the signer (KSS)");
    add("REPORTDATA", to_hex(body.report_data), "what the enclave asked to be signed: a nonce, a key's hash");
    return group;
}

std::vector<ShownGroup> describe_quote(const Quote& quote) {
    std::vector<ShownGroup> groups = {describe_header(quote)};
    if (const auto* td = std::get_if<TdReportBody>(&quote.body))
        groups.push_back(describe_td_body(*td));
    else
        groups.push_back(describe_sgx_body(std::get<SgxReportBody>(quote.body), "SGX report of the enclave"));
    groups.push_back(describe_signature(quote));
    groups.push_back(describe_sgx_body(quote.qe_report, "SGX report of the quoting enclave"));
    return groups;
}

std::vector<ShownGroup> describe_epid(const EpidQuote& quote) {
    ShownGroup group{"Intel SGX quote of version " + std::to_string(quote.version) +
                         ", EPID: ended in 2025, verifiable by nobody any more",
                     {}};
    group.fields = {
        {"sign type", std::to_string(quote.sign_type), "0 unlinkable, 1 linkable"},
        {"EPID group id", to_hex(quote.group_id), "the group of platforms"},
        {"QE SVN", std::to_string(quote.qe_svn), "security version of the quoting enclave"},
        {"PCE SVN", std::to_string(quote.pce_svn),
         "security version of the provisioning certification enclave"},
        {"XEID", std::to_string(quote.xeid), "extended EPID group"},
        {"basename", to_hex(quote.basename), "what pseudonyms are made for"},
        {"signature", std::to_string(quote.encrypted_signature.size()) + " bytes",
         "encrypted to Intel's attestation service"},
    };
    return {group, describe_sgx_body(quote.body, "SGX report of the enclave")};
}

std::vector<ShownGroup> describe_epid(const EpidVerificationReport& report) {
    ShownGroup group{
        "Intel attestation verification report about an EPID quote: evidence of its own time only", {}};
    group.fields.push_back({"signature", std::to_string(report.signature.size()) + " bytes",
                            "RSA-2048 over the exact bytes of the report"});
    std::vector<ShownGroup> groups;
    if (auto json = Json::parse(report.body); json && json->is(Json::Kind::object)) {
        for (const auto& [key, value] : json->members())
            group.fields.push_back({shown_text(key), shown_text(value.raw()), ""});
        if (const Json* body = json->find("isvEnclaveQuoteBody"))
            if (auto bytes = from_base64(body->string()))
                if (auto quote = parse_epid_quote(*bytes)) groups = describe_epid(*quote);
    }
    groups.insert(groups.begin(), group);
    return groups;
}

std::vector<ShownGroup> describe_local(const LocalReport& report) {
    ByteView raw = report.raw;
    std::string note = "; a MAC binds it to one machine, which no one else can check: a quote is needed";
    if (!report.tdx) {
        if (auto body = parse_sgx_report_body(raw.first(sgx_report_body_size)))
            return {describe_sgx_body(*body, "SGX REPORT" + note)};
        return {};
    }
    ShownGroup group{"TDREPORT" + note, {}};
    auto add = [&](std::string name, size_t offset, size_t size, std::string meaning) {
        group.fields.push_back({std::move(name), to_hex(raw.subspan(offset, size)), std::move(meaning)});
    };
    add("REPORTTYPE", 0, 4, "0x81 is TDX");
    add("CPUSVN", 16, 16, "security versions of the processor, encoded");
    add("REPORTDATA", 128, 64, "what the guest asked to be bound");
    add("MAC", 224, 32, "by a key of this machine");
    add("TEE_TCB_SVN", 256 + 8, 16, "security versions of the TDX module and its loader, by component");
    add("MRSEAM", 256 + 24, 48, "measurement of the TDX module");
    add("TDATTRIBUTES", 512, 8, "how the trust domain was created");
    add("XFAM", 512 + 8, 8, "processor state that the trust domain may use");
    add("MRTD", 512 + 16, 48, "measurement of the memory at launch: the firmware");
    add("MRCONFIGID", 512 + 64, 48, "configuration that the host named at launch");
    add("MROWNER", 512 + 112, 48, "owner that the host named at launch");
    add("MROWNERCONFIG", 512 + 160, 48, "owner's configuration that the host named at launch");
    for (size_t i = 0; i < 4; i++)
        add("RTMR" + std::to_string(i), 512 + 208 + 48 * i, 48, "extended at run time");
    return {group};
}

}  // namespace litebox::attest
