#include "attest/policy.h"

#include "attest/command/attest/command.h"
#include "attest/report/report.h"

namespace litebox::attest::command {

namespace {

/// Hands the policy to `use`; without a path, the default policy, which an empty file is.
template <typename Use>
int with_policy(const std::string& path, Use use) {
    Result<Bytes> bytes = path.empty() ? Bytes() : read_file(path);
    if (!bytes) return complain(bytes.error().message);
    Result<Policy> policy = Policy::parse(as_text(*bytes));
    if (!policy) return complain(path + ": " + policy.error().message, exit_refused);
    use(*policy);
    return exit_accepted;
}

int check(const std::string& path) {
    return with_policy(path, [&](const Policy& policy) {
        for (const std::string& warning : policy_warnings(policy)) print("warning: " + warning + "\n");
        print(path + ": every key is known and well formed\n");
    });
}

int explain(const std::string& path) {
    return with_policy(path, [](const Policy& policy) { print(policy_as_text(policy)); });
}

}  // namespace

void add_policy(CLI::App& app, int& exit_code) {
    auto path = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("policy", "check a policy file, or explain it");
    command->require_subcommand(1);
    CLI::App* checking = command->add_subcommand(
        "check", "every key known, every value well formed; warns of what is probably not meant");
    checking->add_option("file", *path, "the policy, TOML")->required();
    checking->callback([path, &exit_code] { exit_code = check(*path); });
    CLI::App* explaining = command->add_subcommand(
        "explain", "say in sentences what a policy accepts; without a file, the default policy");
    explaining->add_option("file", *path, "the policy, TOML");
    explaining->callback([path, &exit_code] { exit_code = explain(*path); });
}

}  // namespace litebox::attest::command
