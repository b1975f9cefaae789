#include "attest/policy.h"

#include "attest/base/json.h"
#include "attest/command/attest/command.h"
#include "attest/report/report.h"

namespace litebox::attest::command {

namespace {

struct Options {
    std::string path;
    bool json = false;
};

/// Hands the policy to `use`; without a path, the default policy, which an empty file is.
template <typename Use>
int with_policy(const Options& options, Use use) {
    Result<Bytes> bytes = options.path.empty() ? Bytes() : read_file(options.path);
    if (!bytes) return complain(bytes.error().message);
    Result<Policy> policy = Policy::parse(as_text(*bytes));
    if (!policy && options.json)
        print("{\"valid\":false,\"error\":" + json_quote(policy.error().message) + "}\n");
    if (!policy) return complain(options.path + ": " + policy.error().message, exit_refused);
    use(*policy);
    return exit_accepted;
}

int check(const Options& options) {
    return with_policy(options, [&](const Policy& policy) {
        if (options.json) {
            std::string warnings;
            for (const std::string& warning : policy_warnings(policy))
                warnings += (warnings.empty() ? "" : ",") + json_quote(warning);
            return print("{\"valid\":true,\"warnings\":[" + warnings + "]}\n");
        }
        for (const std::string& warning : policy_warnings(policy)) print("warning: " + warning + "\n");
        print(options.path + ": every key is known and well formed\n");
    });
}

int explain(const Options& options) {
    return with_policy(options, [&](const Policy& policy) {
        print(options.json ? policy_as_json(policy) : policy_as_text(policy));
    });
}

}  // namespace

void add_policy(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("policy", "check a policy file, or explain it");
    command->require_subcommand(1);
    CLI::App* checking = command->add_subcommand(
        "check", "every key known, every value well formed; warns of what is probably not meant");
    checking->add_option("file", options->path, "the policy, TOML")->required();
    checking->add_flag("--json", options->json, "the answer as JSON");
    checking->callback([options, &exit_code] { exit_code = check(*options); });
    CLI::App* explaining = command->add_subcommand(
        "explain", "say in sentences what a policy accepts; without a file, the default policy");
    explaining->add_option("file", options->path, "the policy, TOML");
    explaining->add_flag("--json", options->json, "the sentences as JSON");
    explaining->callback([options, &exit_code] { exit_code = explain(*options); });
}

}  // namespace litebox::attest::command
