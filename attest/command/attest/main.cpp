// litebox-attest: evidence of confidential guests judged, shown and explained.
#include "attest/command/attest/command.h"

int main(int argc, char** argv) {
    using namespace litebox::attest::command;
    CLI::App app{"Judges evidence of SGX, TDX and SEV-SNP, offline, against a policy.", "litebox attest"};
    app.require_subcommand(1);
    app.footer(
        "Exit codes: 0 accepted (or done), 1 refused, 2 wrong usage or a file that cannot be read,\n3 "
        "evidence that is malformed.");
    int exit_code = exit_accepted;
    add_verify(app, exit_code);
    add_show(app, exit_code);
    add_fetch_urls(app, exit_code);
    add_policy(app, exit_code);
    add_explain_mismatch(app, exit_code);
    add_simulate(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_accepted : exit_usage;
    }
    return exit_code;
}
