#include "attest/verify.h"

#include "attest/command/attest/command.h"
#include "attest/report/report.h"
#include "attest/tls/peer.h"

namespace litebox::attest::command {

namespace {

struct Options {
    std::string evidence, collateral, policy, at, report_data, nonce, event_log, signature, chain;
    std::vector<std::string> roots;
    bool json = false, eat = false;
};

Result<Time> time_of(const std::string& text) {
    if (text.empty()) return system_now();
    return parse_time(text);
}

/// What is not in the evidence's own wrapping and given in files beside it.
Result<void> add_files(const Options& options, Evidence& evidence) {
    if (!options.event_log.empty()) evidence.event_log = ATTEST_TRY(read_file(options.event_log));
    if (options.signature.empty() && options.chain.empty()) return {};
    auto* report = std::get_if<EpidVerificationReport>(&evidence.body);
    if (!report)
        return Error{
            "--signature and --chain go with an attestation verification report of Intel's EPID service"};
    if (!options.signature.empty()) report->signature = ATTEST_TRY(read_file(options.signature));
    // Kept as the HTTP header had it: base64.
    if (auto decoded = from_base64(as_text(report->signature)); decoded && report->signature.size() > 256)
        report->signature = *decoded;
    return {};
}

struct Inputs {
    Roots roots = Roots::production();
    Collateral collateral;
    Policy policy;
    VerifyOptions verify;
};

Result<void> gather(const Options& options, Inputs& inputs) {
    inputs.policy = ATTEST_TRY(read_policy(options.policy));
    if (!options.collateral.empty())
        inputs.collateral = ATTEST_TRY(Collateral::load_directory(options.collateral));
    // As PEM, or as the HTTP header had it: URL-encoded.
    if (!options.chain.empty() && !inputs.collateral.add(ATTEST_TRY(read_file(options.chain)), options.chain))
        return Error{"--chain: " + options.chain + " holds no certificate"};
    for (const std::string& path : options.roots) ATTEST_TRY(add_root(path, inputs.roots));
    inputs.verify.now = ATTEST_TRY(time_of(options.at));
    Result<Bytes> expected = from_hex(options.report_data);
    if (!expected) return Error{"--report-data: " + expected.error().message};
    if (expected->size() > 64)
        return Error{"--report-data: " + std::to_string(expected->size()) + " bytes; report data has 64"};
    inputs.verify.expected_report_data = std::move(*expected);
    inputs.verify.roots = &inputs.roots;
    inputs.verify.collateral = &inputs.collateral;
    inputs.verify.policy = &inputs.policy;
    return {};
}

Result<Verdict> judge_certificate(const Options& options, const Bytes& der, const Inputs& inputs) {
    if (!options.report_data.empty() || !options.event_log.empty() || !options.signature.empty())
        return Error{
            "the evidence in a certificate is bound to its key: of the options about what goes with "
            "evidence, --nonce alone goes with a certificate"};
    Bytes nonce = ATTEST_TRY(from_hex(options.nonce));
    PreparedCollateral prepared(inputs.collateral);
    return tls::verify_certificate(der, {&inputs.roots, &prepared, &inputs.policy, inputs.verify.now, nonce});
}

Result<Verdict> judge(const Options& options, const Inputs& inputs) {
    Bytes bytes = ATTEST_TRY(read_evidence(options.evidence));
    if (auto der = certificate_in(bytes)) return judge_certificate(options, *der, inputs);
    if (!options.nonce.empty())
        return Error{"--nonce is for certificates; what evidence was asked for is its --report-data"};
    Result<Evidence> evidence = recognise_evidence(bytes);
    if (!evidence) return verify(bytes, inputs.verify);
    ATTEST_TRY(add_files(options, *evidence));
    return verify(*evidence, inputs.verify);
}

int run(const Options& options) {
    Inputs inputs;
    Result<void> gathered = gather(options, inputs);
    if (!gathered) return complain(gathered.error().message);
    Result<Verdict> judged = judge(options, inputs);
    if (!judged) return complain(judged.error().message);
    Verdict& verdict = *judged;
    for (const std::string& name : inputs.collateral.ignored)
        verdict.notes.push_back("collateral that was not recognised: " + name);
    if (options.eat)
        print(verdict_as_eat(verdict, {options.policy, LITEBOX_VERSION, inputs.verify.expected_report_data}));
    else
        print(options.json ? verdict_as_json(verdict) : verdict_as_text(verdict));
    if (verdict.accepted()) return exit_accepted;
    return verdict.status() == Status::malformed ? exit_malformed : exit_refused;
}

}  // namespace

void add_verify(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("verify", "judge evidence against a policy");
    command
        ->add_option(
            "evidence", options->evidence,
            "evidence in any form, a certificate that carries it, a configfs-tsm directory, or - for "
            "standard input")
        ->required();
    command->add_option("--collateral", options->collateral,
                        "directory of certificates, revocation lists, TCB info and identities");
    command->add_option("--policy", options->policy,
                        "what is accepted, in TOML; without it, the default policy");
    command->add_option("--at", options->at, "judge as of this time (2025-06-10T00:00:00Z) instead of now");
    command->add_option("--root", options->roots,
                        "trust this root certificate, too (PEM or DER; may be repeated)");
    command->add_option("--report-data", options->report_data,
                        "what report data must begin with, in hexadecimal; zeros behind it");
    command->add_option(
        "--nonce", options->nonce,
        "certificates: the nonce that the claims beside the evidence must hold, in hexadecimal");
    command->add_option("--event-log", options->event_log,
                        "CCEL or TCG2 log of the same boot, or dstack's JSON");
    command->add_option("--signature", options->signature,
                        "EPID: the signature over the verification report");
    command->add_option("--chain", options->chain,
                        "EPID: the certificates of the signature, PEM or URL-encoded PEM");
    CLI::Option* json = command->add_flag("--json", options->json, "the verdict as JSON");
    command->add_flag("--eat", options->eat, "the verdict as the claims of an EAT attestation result, JSON")
        ->excludes(json);
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace litebox::attest::command
