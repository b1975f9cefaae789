#include "attest/command/attest/command.h"
#include "attest/eventlog/eventlog.h"
#include "attest/report/report.h"

namespace litebox::attest::command {

namespace {

struct Options {
    std::string evidence;
    bool json = false;
};

int run(const Options& options) {
    Result<Bytes> bytes = read_evidence(options.evidence);
    if (!bytes) return complain(bytes.error().message);
    std::vector<ShownGroup> groups;
    Result<Evidence> evidence = find_evidence(*bytes);
    if (evidence) {
        groups = describe_evidence(*evidence);
    } else if (Result<EventLog> log = parse_event_log(*bytes)) {
        groups = describe_event_log(*log);
    } else {
        return complain(evidence.error().message, exit_malformed);
    }
    print(options.json ? shown_as_json(groups) : shown_as_text(groups));
    return exit_accepted;
}

}  // namespace

void add_show(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "show", "name and explain every field of evidence or of an event log; nothing is judged");
    command
        ->add_option("evidence", options->evidence,
                     "evidence or an event log in any form, or - for standard input")
        ->required();
    command->add_flag("--json", options->json, "the fields as JSON");
    command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace litebox::attest::command
