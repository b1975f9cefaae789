// litebox-broker: the key broker, its store, its client.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <iostream>

#include "attest/command/broker/commands.h"

using namespace litebox::attest;
using namespace litebox::attest::broker;

namespace {

/// No core dump and no debugger of the same user may see secrets; files are for their owner alone.
void protect_process() {
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    umask(077);
}

}  // namespace

int main(int argc, char** argv) {
    protect_process();
    CLI::App app{"Releases secrets to attested code only: store, policies, audit log, service and client",
                 "litebox broker"};
    app.require_subcommand(1);
    app.footer("Exit codes: 0 done, 1 refused or failed (the reason is on standard error), 2 wrong usage.");
    app.failure_message(CLI::FailureMessage::help);
    std::vector<Command> commands;
    add_operator_commands(app, commands);
    add_policy_commands(app, commands);
    add_serve_command(app, commands);
    add_get_command(app, commands);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::ParseError& error) {
        std::cerr << "litebox broker: " << error.what() << "\nTry 'litebox broker --help'.\n";
        return 2;
    }
    for (const Command& command : commands) {
        if (!command.app->parsed()) continue;
        Result<void> done = command.run();
        if (done.ok()) return 0;
        std::cerr << "litebox broker: " << done.error().message << "\n";
        return 1;
    }
    return 2;
}
