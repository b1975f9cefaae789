#include "attest/simulate/command.h"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

#include "attest/base/crypto.h"
#include "attest/simulate/event_log.h"
#include "attest/simulate/simulate.h"
#include "attest/simulate/wrap.h"

namespace litebox::attest::simulate {

namespace {

struct Options {
    std::string out, seed = "litebox", at, report_data, measurement, wrap = "raw", revoke,
                     collateral = "current";
    bool debug = false;
    // SGX and TDX.
    int version = 0;
    bool body_1_5 = false, processor_ca = false;
    std::string tcb_status, fmspc, mr_signer, command_line;
    // SEV-SNP.
    std::string product = "milan", host_data;
    bool vlek = false;
    // EPID.
    std::string status = "OK";
    bool quote = false;
};

const std::vector<std::pair<std::string, Product>> products = {{"milan", Product::milan},
                                                               {"genoa", Product::genoa},
                                                               {"siena", Product::siena},
                                                               {"turin", Product::turin}};

constexpr std::string_view azure_runtime_data = R"({"keys":[],"vm-configuration":{"secure-boot":true}})";

void add_common(CLI::App& app, Options& o) {
    app.add_option("--out", o.out, "Directory to write evidence.bin, root.der and collateral/ to")
        ->required();
    app.add_option("--seed", o.seed, "Keys and identities derive from it");
    app.add_option("--at", o.at, "Time of the simulation, 2026-06-01T00:00:00Z (default: now)");
    app.add_option("--report-data", o.report_data, "Up to 64 bytes, hexadecimal");
    app.add_option("--measurement", o.measurement, "MRENCLAVE, MRTD or launch digest, hexadecimal");
    app.add_flag("--debug", o.debug, "A debug enclave or guest");
    app.add_option("--revoke", o.revoke, "Certificate that a revocation list names")
        ->check(CLI::IsMember({"leaf", "intermediate", "tcb-signing"}));
    app.add_option("--collateral", o.collateral, "Its window of validity")
        ->check(CLI::IsMember({"current", "stale", "future"}));
    app.add_option("--wrap", o.wrap, "Form of evidence.bin")
        ->check(CLI::IsMember({"raw", "hex", "base64", "json", "cbor", "tsm", "hcl", "table"}));
}

void add_intel(CLI::App& app, Options& o, bool tdx) {
    app.add_option("--version", o.version,
                   tdx ? "Quote version: 4 (default) or 5" : "Quote version: 3 (default), 4, 5")
        ->check(CLI::Range(tdx ? 4 : 3, 5));
    app.add_option("--tcb-status", o.tcb_status,
                   "Status to judge to: UpToDate, OutOfDate, TDRelaunchAdvised, ...");
    app.add_option("--fmspc", o.fmspc,
                   "FMSPC in the TCB info, 6 bytes: another one than the platform's is refused");
    app.add_flag("--processor-ca", o.processor_ca, "Certified by the PCK Processor CA");
    if (tdx) {
        app.add_flag("--body-1.5", o.body_1_5, "TD report body 1.5 (version 5)");
        app.add_option("--command-line", o.command_line,
                       "Log a boot with this kernel command line: ccel.bin and RTMRs");
    } else {
        app.add_option("--mr-signer", o.mr_signer, "MRSIGNER, hexadecimal");
    }
}

void add_snp(CLI::App& app, Options& o) {
    app.add_option("--version", o.version, "Report version: 2, 3 (default) or 5")
        ->check(CLI::IsMember({2, 3, 5}));
    std::vector<std::string> names;
    for (const auto& row : products) names.push_back(row.first);
    app.add_option("--product", o.product, "Processor generation")->check(CLI::IsMember(names));
    app.add_flag("--vlek", o.vlek, "Signed by the cloud's key (VLEK)");
    app.add_option("--host-data", o.host_data, "32 bytes, hexadecimal");
}

void add_epid(CLI::App& app, Options& o) {
    app.add_option("--status", o.status, "What the attestation service found: OK, GROUP_OUT_OF_DATE, ...");
    app.add_flag("--quote", o.quote, "The quote itself, which nobody can judge, not the report about it");
    app.add_option("--mr-signer", o.mr_signer, "MRSIGNER, hexadecimal");
}

/// A field from hexadecimal text of at most its size, zeros behind; untouched where the text is empty.
template <size_t N>
Result<void> set_field(Field<N>& field, const std::string& text, const char* option) {
    if (text.empty()) return {};
    Bytes bytes = ATTEST_TRY(from_hex(text));
    if (bytes.size() > N)
        return Error{std::string(option) + " takes at most " + std::to_string(N) + " bytes"};
    field.fill(0);
    std::copy(bytes.begin(), bytes.end(), field.begin());
    return {};
}

Result<Time> simulation_time(const Options& o) {
    return o.at.empty() ? system_now() : parse_time(o.at);
}

constexpr int64_t month = 30 * 86400, year = 365 * 86400;
/// How far the collateral's window is moved.
int64_t window_shift(const Options& o, int64_t window) {
    if (o.collateral == "stale") return -2 * window;
    return o.collateral == "future" ? 2 * window : 0;
}

void shift_collateral(IntelKnobs& knobs, int64_t seconds) {
    for (Time* time : {&knobs.root_crl.this_update, &knobs.root_crl.next_update, &knobs.pck_crl.this_update,
                       &knobs.pck_crl.next_update, &knobs.tcb_info.issue_date, &knobs.tcb_info.next_update,
                       &knobs.identity.issue_date, &knobs.identity.next_update})
        time->seconds += seconds;
}

Result<IntelKnobs> intel_knobs(const Options& o, bool tdx) {
    auto version = static_cast<uint16_t>(o.version ? o.version : tdx ? 4 : 3);
    IntelKnobs knobs = tdx ? IntelKnobs::tdx(version, o.body_1_5) : IntelKnobs::sgx(version);
    knobs.seed = o.seed;
    knobs.issue_at(ATTEST_TRY(simulation_time(o)));
    if (o.body_1_5 && version != 5) return Error{"--body-1.5 goes with --version 5"};
    if (o.processor_ca) knobs.use_processor_ca();
    if (!o.tcb_status.empty()) {
        TcbStatus status = tcb_status_from(o.tcb_status);
        if (status == TcbStatus::unknown)
            return Error{
                "--tcb-status " + o.tcb_status +
                ": Intel has UpToDate, SWHardeningNeeded, ConfigurationNeeded, OutOfDate, Revoked and "
                "their like; docs/ATTESTATION.md lists them"};
        if (auto done = knobs.set_tcb_status(status); !done) return done.error();
    }
    if (auto done = set_field(knobs.tcb_info.fmspc, o.fmspc, "--fmspc"); !done) return done.error();
    if (o.revoke == "leaf") knobs.pck_crl.revoked = {knobs.pck.serial};
    if (o.revoke == "intermediate") knobs.root_crl.revoked = {knobs.intermediate.serial};
    if (o.revoke == "tcb-signing") knobs.root_crl.revoked = {knobs.tcb_signing.serial};
    shift_collateral(knobs, window_shift(o, month));
    SgxReportBody& sgx = knobs.quote.sgx;
    TdReportBody& td = knobs.quote.td;
    if (o.debug) {
        sgx.attributes |= sgx_attribute_debug;
        td.td_attributes |= 1;
    }
    auto done = set_field(tdx ? td.report_data : sgx.report_data, o.report_data, "--report-data");
    if (done)
        done = tdx ? set_field(td.mr_td, o.measurement, "--measurement")
                   : set_field(sgx.mr_enclave, o.measurement, "--measurement");
    if (done) done = set_field(sgx.mr_signer, o.mr_signer, "--mr-signer");
    if (!done) return done.error();
    return knobs;
}

Result<AmdKnobs> amd_knobs(const Options& o) {
    Product product = Product::milan;
    for (const auto& row : products)
        if (row.first == o.product) product = row.second;
    AmdKnobs knobs = AmdKnobs::snp(product, o.version ? static_cast<uint32_t>(o.version) : 3, o.vlek);
    knobs.seed = o.seed;
    knobs.issue_at(ATTEST_TRY(simulation_time(o)));
    if (o.revoke == "tcb-signing") return Error{"--revoke tcb-signing goes with sgx and tdx"};
    if (o.revoke == "leaf")
        return Error{
            "--revoke leaf goes with sgx, tdx and epid: no list that AMD publishes names a chip's key"};
    if (o.revoke == "intermediate") knobs.crl.revoked = {knobs.ask.serial};
    knobs.crl.this_update.seconds += window_shift(o, year);
    knobs.crl.next_update.seconds += window_shift(o, year);
    SnpReport& fields = knobs.report.fields;
    if (o.debug) fields.policy |= uint64_t{1} << 19;
    auto done = set_field(fields.report_data, o.report_data, "--report-data");
    if (done) done = set_field(fields.measurement, o.measurement, "--measurement");
    if (done) done = set_field(fields.host_data, o.host_data, "--host-data");
    if (!done) return done.error();
    if (o.wrap == "hcl") {  // What binds the runtime data: there is no place for other report data.
        auto hash = sha256(as_bytes(azure_runtime_data));
        fields.report_data = {};
        std::copy(hash.begin(), hash.end(), fields.report_data.begin());
    }
    return knobs;
}

Result<EpidKnobs> epid_knobs(const Options& o) {
    EpidKnobs knobs = EpidKnobs::archived();
    knobs.seed = o.seed;
    knobs.issue_at(ATTEST_TRY(simulation_time(o)));
    if (!o.revoke.empty() && o.revoke != "leaf")
        return Error{"--revoke " + o.revoke + " goes with sgx and tdx: under the root is the leaf alone"};
    if (o.revoke == "leaf") knobs.crl.revoked = {knobs.signing.serial};
    knobs.crl.this_update.seconds += window_shift(o, year);
    knobs.crl.next_update.seconds += window_shift(o, year);
    knobs.report.status = o.status;
    if (o.status != "OK") knobs.report.advisories = {"INTEL-SA-00161", "INTEL-SA-00334"};
    SgxReportBody& body = knobs.quote.body;
    if (o.debug) body.attributes |= sgx_attribute_debug;
    auto done = set_field(body.report_data, o.report_data, "--report-data");
    if (done) done = set_field(body.mr_enclave, o.measurement, "--measurement");
    if (done) done = set_field(body.mr_signer, o.mr_signer, "--mr-signer");
    if (!done) return done.error();
    return knobs;
}

Bytes text_bytes(const std::string& text) {
    return to_bytes(as_bytes(text));
}

/// The evidence in the form asked for.
Result<Bytes> wrapped(const Options& o, const Simulation& made, const Bytes& log, bool snp) {
    const Bytes& bare = made.evidence;
    GhcbCertificates certificates{.ask = made.chain[1], .ark = made.chain.back()};
    (o.vlek ? certificates.vlek : certificates.vcek) = made.chain[0];
    if (o.wrap == "raw") return bare;
    if (o.wrap == "hex") return text_bytes(to_hex(bare));
    if (o.wrap == "base64") return text_bytes(to_base64(bare));
    if (o.wrap == "json")
        return text_bytes(snp ? snp_json(bare, made.chain[0]) : quote_json(bare, to_base64(log)));
    if (o.wrap == "tsm")
        return text_bytes(snp ? tsm_json(bare, ghcb_table(certificates), "sev_guest\n")
                              : tsm_json(bare, {}, "tdx_guest\n"));
    if (o.wrap == "cbor") return tagged_evidence_cbor(bare, {});
    if (!snp) return Error{"--wrap " + o.wrap + " goes with snp"};
    if (o.wrap == "table") return report_with_table(bare, ghcb_table(certificates));
    return azure_hcl_report(bare, 2, azure_runtime_data);
}

Result<void> write_bytes(const std::filesystem::path& path, ByteView contents) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(contents.data()), static_cast<std::streamsize>(contents.size()));
    file.close();
    if (!file) return Error{"cannot write " + path.string()};
    return {};
}

/// The report as the service sent it, its signature and chain beside it; or all three in one document.
Result<void> make_epid(const Options& o) {
    EpidKnobs knobs = ATTEST_TRY(epid_knobs(o));
    Simulation made = simulate(knobs);
    EpidVerificationReport report = make_epid_report(knobs);
    if (o.quote) made.evidence = make_epid_quote(knobs.quote);
    if (o.wrap == "hex" || o.wrap == "base64") {
        std::string text = o.wrap == "hex" ? to_hex(made.evidence) : to_base64(made.evidence);
        made.evidence = text_bytes(text);
    } else if (o.wrap == "raw" && !o.quote) {
        made.evidence = text_bytes(report.body);
    } else if (o.wrap != "raw" && (o.wrap != "json" || o.quote)) {
        return Error{"--wrap " + o.wrap + " does not go with epid" + (o.quote ? " --quote" : "")};
    }
    if (auto done = made.write(o.out); !done || o.quote || o.wrap != "raw") return done;
    std::filesystem::path out(o.out);
    if (auto done = write_bytes(out / "signature.txt", text_bytes(to_base64(report.signature))); !done)
        return done;
    return write_bytes(out / "chain.pem", as_bytes(report.chain));
}

Result<void> make(const Options& o, bool snp, bool tdx) {
    Bytes log;
    auto finish = [&](Simulation made) -> Result<void> {
        made.evidence = ATTEST_TRY(wrapped(o, made, log, snp));
        if (auto done = made.write(o.out); !done) return done;
        return log.empty() ? Result<void>{} : write_bytes(std::filesystem::path(o.out) / "ccel.bin", log);
    };
    if (snp) return finish(simulate(ATTEST_TRY(amd_knobs(o))));
    IntelKnobs knobs = ATTEST_TRY(intel_knobs(o, tdx));
    if (!o.command_line.empty()) {
        SimulatedLog made = make_event_log(typical_boot(o.command_line));
        log = made.bytes;
        knobs.quote.td.rtmr = made.rtmr;
    }
    return finish(simulate(knobs));
}

struct SimulateApp {
    CLI::App app{
        "Makes evidence of a simulated TEE, its collateral and its test root. Nothing accepts it that was "
        "not handed "
        "that root.",
        "litebox attest simulate"};
    Options options;
    CLI::App *sgx, *tdx, *snp, *epid;

    SimulateApp() {
        app.require_subcommand(1);
        app.footer("Exit codes: 0 done, 1 what was asked for cannot be made, 2 wrong usage.");
        sgx = app.add_subcommand("sgx", "An SGX quote");
        tdx = app.add_subcommand("tdx", "A TDX quote");
        snp = app.add_subcommand("snp", "A SEV-SNP report");
        epid = app.add_subcommand("epid",
                                  "An archived report of Intel's attestation service about an EPID quote");
        for (CLI::App* command : {sgx, tdx, snp, epid}) add_common(*command, options);
        add_intel(*sgx, options, false);
        add_intel(*tdx, options, true);
        add_snp(*snp, options);
        add_epid(*epid, options);
    }
};

}  // namespace

int run_simulate(const std::vector<std::string>& arguments) {
    SimulateApp command;
    try {
        command.app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& error) {
        return command.app.exit(error, std::cout, std::cerr) ? 2 : 0;
    }
    auto done = command.epid->parsed() ? make_epid(command.options)
                                       : make(command.options, command.snp->parsed(), command.tdx->parsed());
    if (done) return 0;
    std::cerr << "litebox attest simulate: " << done.error().message << '\n';
    return 1;
}

std::string simulate_usage() {
    return SimulateApp().app.help("", CLI::AppFormatMode::All);
}

}  // namespace litebox::attest::simulate
