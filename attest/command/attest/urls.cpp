// The addresses at which the vendors give out what evidence needs to be verified offline.
#include "attest/amd/urls.h"

#include "attest/amd/vek.h"
#include "attest/base/json.h"
#include "attest/command/attest/command.h"
#include "attest/intel/pck.h"

namespace litebox::attest::command {

namespace {

constexpr std::string_view pcs = "https://api.trustedservices.intel.com/";
constexpr std::string_view intel_root_crl =
    "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

struct Wanted {
    std::string url, file, what;
};

/// The product line: by the processor, or where version 2 does not tell, by the key's certificate beside the
/// report.
SnpProduct product_of(const SnpReport& report, const Evidence& evidence) {
    if (report.version >= 3) return snp_product_from_cpuid(report.cpuid_family, report.cpuid_model);
    for (const Bytes& der : evidence.certificates) {
        auto certificate = Certificate::parse(der);
        if (!certificate || !looks_like_vek(der)) continue;
        if (VekCertificate vek = parse_vek(*certificate); vek.fault.empty()) return vek.product;
    }
    return SnpProduct::unknown;
}

void add_snp(SnpProduct product, const SnpReport& report, std::vector<Wanted>& out) {
    bool vlek = snp_signing_key(report) == static_cast<uint8_t>(SnpSigningKey::vlek);
    std::string name(to_string(product));
    if (!vlek && !all_zero(report.chip_id))
        out.push_back({snp_vcek_url(report, product), "vcek.der", "the chip's certificate"});
    out.push_back({snp_chain_url(product, vlek), "chain-" + name + ".pem", "the issuers' certificates"});
    out.push_back({snp_crl_url(product, vlek), "crl-" + name + ".der", "the revocation list"});
}

std::vector<Wanted> urls_of(const SnpReport& report, const Evidence& evidence) {
    std::vector<Wanted> out;
    SnpProduct product = product_of(report, evidence);
    if (product != SnpProduct::unknown) {
        add_snp(product, report, out);
        return out;
    }
    // A version 2 report does not name its product; Turin has none of that version.
    for (SnpProduct guess : {SnpProduct::milan, SnpProduct::genoa}) add_snp(guess, report, out);
    return out;
}

Result<std::vector<Wanted>> urls_of(const Quote& quote, const Evidence& evidence) {
    std::vector<Bytes> certificates = evidence.certificates;
    if (auto blocks = parse_pem(as_text(quote.cert_data)))
        for (PemBlock& block : *blocks) certificates.push_back(std::move(block.der));
    for (const Bytes& der : certificates) {
        auto certificate = Certificate::parse(der);
        if (!certificate) continue;
        auto platform = pck_extension_of(**certificate);
        if (!platform) continue;
        std::string tee = quote.is_tdx() ? "tdx" : "sgx", fmspc = to_hex(platform->fmspc);
        bool processor = (*certificate)->issuer_common_name().find("Processor") != std::string::npos;
        std::string ca = processor ? "processor" : "platform", base(pcs);
        std::vector<Wanted> out;
        out.push_back({base + tee + "/certification/v4/tcb?fmspc=" + fmspc, "tcb-info-" + fmspc + ".json",
                       "TCB info; its signers come in the header TCB-Info-Issuer-Chain"});
        out.push_back({base + tee + "/certification/v4/qe/identity", tee + "-qe-identity.json",
                       "the quoting enclave's identity; its signers come in the header "
                       "SGX-Enclave-Identity-Issuer-Chain"});
        out.push_back({base + "sgx/certification/v4/pckcrl?ca=" + ca + "&encoding=der",
                       "pck-crl-" + ca + ".der", "revocation list of PCK certificates"});
        out.push_back({std::string(intel_root_crl), "root-crl.der", "revocation list of the root"});
        return out;
    }
    return Error{
        "the quote carries no PCK certificate: its platform registers with Intel (PCS /pckcert) or a PCCS "
        "has the certificate"};
}

int run(const std::string& path, bool json) {
    Result<Bytes> bytes = read_evidence(path);
    if (!bytes) return complain(bytes.error().message);
    Result<Evidence> evidence = find_evidence(*bytes);
    if (!evidence) return complain(evidence.error().message, exit_malformed);
    std::vector<Wanted> wanted;
    if (const auto* report = std::get_if<SnpReport>(&evidence->body)) {
        wanted = urls_of(*report, *evidence);
    } else if (const auto* quote = std::get_if<Quote>(&evidence->body)) {
        Result<std::vector<Wanted>> urls = urls_of(*quote, *evidence);
        if (!urls) return complain(urls.error().message, exit_refused);
        wanted = std::move(*urls);
    } else {
        return complain("this evidence needs no collateral, or cannot be verified remotely", exit_refused);
    }
    if (json) {
        std::string rows;
        for (const Wanted& one : wanted)
            rows += (rows.empty() ? "[" : ",\n ") + ("{\"url\":" + json_quote(one.url)) +
                    ",\"file\":" + json_quote(one.file) + ",\"what\":" + json_quote(one.what) + "}";
        print(rows + "]\n");
        return exit_accepted;
    }
    print(
        "# Fetch these into one directory, and name it with --collateral. Keep headers, too: curl "
        "--dump-header FILE.headers\n");
    for (const Wanted& one : wanted) print("# " + one.what + "\n" + one.url + " " + one.file + "\n");
    return exit_accepted;
}

}  // namespace

void add_fetch_urls(CLI::App& app, int& exit_code) {
    auto path = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand(
        "fetch-urls", "the vendors' addresses of the collateral that evidence needs; nothing is fetched");
    command->add_option("evidence", *path, "evidence in any form, or - for standard input")->required();
    auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "the addresses as JSON");
    command->callback([path, json, &exit_code] { exit_code = run(*path, *json); });
}

}  // namespace litebox::attest::command
