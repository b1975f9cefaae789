#include "attest/base/json.h"
#include "attest/command/attest/command.h"
#include "attest/measure/explain.h"

namespace litebox::attest::command {

namespace {

struct Options {
    std::string expected, inputs;
    std::vector<std::string> firmware, kernels, initrds, command_lines;
    bool json = false;
};

/// A measurement in hexadecimal, or evidence that has one.
Result<measure::Expected> expected_of(const std::string& text) {
    if (Result<Bytes> bytes = from_hex(text); bytes && (bytes->size() == 32 || bytes->size() == 48))
        return measure::Expected{std::move(*bytes)};
    Bytes file = ATTEST_TRY(read_evidence(text));
    Evidence evidence = ATTEST_TRY(find_evidence(file));
    if (const auto* report = std::get_if<SnpReport>(&evidence.body))
        return measure::Expected{to_bytes(report->measurement)};
    const auto* quote = std::get_if<Quote>(&evidence.body);
    if (!quote) return Error{text + " has no launch measurement"};
    if (const auto* td = std::get_if<TdReportBody>(&quote->body))
        return measure::Expected{to_bytes(td->mr_td), {td->rtmr.begin(), td->rtmr.end()}};
    return measure::Expected{to_bytes(std::get<SgxReportBody>(quote->body).mr_enclave)};
}

std::string as_json(const measure::Explanation& explanation) {
    std::string rows;
    for (const measure::Difference& one : explanation.differences)
        rows += (rows.empty() ? "" : ",") + ("{\"input\":" + json_quote(one.input)) +
                ",\"given\":" + json_quote(one.given) + ",\"found\":" + json_quote(one.found) + "}";
    return std::string("{\"matches\":") + (explanation.matches ? "true" : "false") + ",\"differences\":[" +
           rows + "],\"text\":" + json_quote(explanation.text) + "}";
}

int run(const Options& options) {
    Result<measure::Expected> expected = expected_of(options.expected);
    if (!expected) return complain("--expected: " + expected.error().message);
    Result<measure::Description> inputs = measure::read_description(options.inputs);
    if (!inputs) return complain(inputs.error().message);
    measure::Candidates candidates{.firmware = {options.firmware.begin(), options.firmware.end()},
                                   .kernels = {options.kernels.begin(), options.kernels.end()},
                                   .initrds = {options.initrds.begin(), options.initrds.end()},
                                   .command_lines = options.command_lines};
    Result<measure::Explanation> explanation = measure::explain_mismatch(*expected, *inputs, candidates);
    if (!explanation) return complain(explanation.error().message);
    std::string text = options.json ? as_json(*explanation) : explanation->text;
    if (!text.ends_with('\n')) text += '\n';
    print(text);
    return explanation->matches || !explanation->differences.empty() ? exit_accepted : exit_refused;
}

}  // namespace

void add_explain_mismatch(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "explain-mismatch", "search for the input whose change gives the measurement that evidence has");
    command
        ->add_option("--expected", options->expected,
                     "the measurement in hexadecimal, or evidence that has it")
        ->required();
    command->add_option("--inputs", options->inputs, "the launch as you believe it to be: measure.toml")
        ->required();
    command->add_option("--firmware", options->firmware,
                        "firmware that may have been started instead (may be repeated)");
    command->add_option("--kernel", options->kernels,
                        "kernel that may have been started instead (may be repeated)");
    command->add_option("--initrd", options->initrds,
                        "initial RAM disk that may have been started instead (may be repeated)");
    command->add_option("--command-line", options->command_lines,
                        "command line that may have been given instead (may be repeated)");
    command->add_flag("--json", options->json, "what was found as JSON");
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace litebox::attest::command
