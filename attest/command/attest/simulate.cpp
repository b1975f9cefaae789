#include "attest/simulate/command.h"

#include "attest/command/attest/command.h"

namespace litebox::attest::command {

void add_simulate(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("simulate", "make evidence and collateral of a simulated TEE, under a test root");
    command->set_help_flag();
    // The simulator reads its own words, help included.
    command->prefix_command();
    command->callback([command, &exit_code] { exit_code = simulate::run_simulate(command->remaining()); });
}

}  // namespace litebox::attest::command
