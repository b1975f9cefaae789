// The sub-commands of `litebox broker`: each adds itself to the application, and gives what to do when it is
// the one.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

#include "attest/broker/store.h"
#include "attest/tls/identity.h"
#include "attest/verify.h"

namespace litebox::attest::broker {

using Run = std::function<Result<void>()>;
struct Command {
    CLI::App* app;
    Run run;
};

void add_operator_commands(CLI::App& app, std::vector<Command>& commands);
void add_policy_commands(CLI::App& app, std::vector<Command>& commands);
void add_serve_command(CLI::App& app, std::vector<Command>& commands);
void add_get_command(CLI::App& app, std::vector<Command>& commands);

/// --store and --store-key, as every command that opens the store has them.
struct StoreOptions {
    std::string path, key;
    void add(CLI::App& app);
    Result<std::unique_ptr<Store>> open() const;
};

/// Whose evidence is trusted: --root (test roots), --production-roots, --collateral.
struct TrustOptions {
    std::vector<std::string> roots;
    bool production = false;
    std::string collateral;
    void add(CLI::App& app);
    Result<Roots> read_roots() const;
};

/// At most `limit` bytes; "-" is standard input.
Result<SecretBytes> read_input(const std::string& path, size_t limit);
Result<std::string> read_text(const std::string& path);
Result<void> write_output(const std::string& path, ByteView bytes, bool secret);
/// Runs `command` by the shell with LITEBOX_REPORT_DATA set (hexadecimal); what it writes is the evidence.
tls::Attester command_attester(const std::string& command);

}  // namespace litebox::attest::broker
