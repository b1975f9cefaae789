// policy sign, policy add, policy list.
#include <iostream>

#include "attest/command/broker/commands.h"
#include "attest/report/report.h"

namespace litebox::attest::broker {

namespace {

struct SignOptions {
    BrokerPolicy policy;
    std::vector<std::string> bindings = {"channel"};
    std::string key, input, output = "-";
};

Result<void> sign(SignOptions& o) {
    for (const std::string& binding : o.bindings)
        (binding == "key" ? o.policy.accept_key : o.policy.accept_channel) = true;
    o.policy.policy_text = ATTEST_TRY(read_text(o.input));
    Result<Policy> parsed = Policy::parse(o.policy.policy_text);
    if (!parsed.ok()) return Error{o.input + ": " + parsed.error().message};
    SecretBytes key = ATTEST_TRY(read_private_file(o.key));
    std::string document = ATTEST_TRY(sign_policy(policy_statement(o.policy), as_text(key)));
    return write_output(o.output, as_bytes(document), false);
}

Result<void> list(const StoreOptions& o, bool explain) {
    std::unique_ptr<Store> store = ATTEST_TRY(o.open());
    for (const BrokerPolicy& policy : ATTEST_TRY(store->policies())) {
        std::string bindings = policy.accept_channel ? "channel" : "";
        if (policy.accept_key) bindings += bindings.empty() ? "key" : ", key";
        std::cout << policy.name << "  version " << policy.version << "  binding " << bindings
                  << "  releases per attestation " << policy.releases_per_attestation << "\n";
        if (explain) std::cout << policy_as_text(policy.policy) << "\n";
    }
    return {};
}

}  // namespace

void add_policy_commands(CLI::App& app, std::vector<Command>& commands) {
    CLI::App* policy = app.add_subcommand("policy", "Sign, add and list policies");
    policy->require_subcommand(1);

    auto sign_options = std::make_shared<SignOptions>();
    CLI::App* sign_app = policy->add_subcommand("sign", "Sign an attest policy (TOML) for the broker");
    sign_app->add_option("--name", sign_options->policy.name, "Its name in the store")->required();
    sign_app->add_option("--version", sign_options->policy.version, "Higher than that of the one it replaces")
        ->required();
    sign_app
        ->add_option("--binding", sign_options->bindings,
                     "What binds evidence to the release: channel, key (Confidential Containers)")
        ->check(CLI::IsMember({"channel", "key"}))
        ->allow_extra_args(false);
    sign_app->add_option("--releases", sign_options->policy.releases_per_attestation,
                         "Secrets that one attested session of the key binding may fetch (default 1)");
    sign_app->add_option("--session-seconds", sign_options->policy.session_seconds,
                         "How long such a session lasts (default 300)");
    sign_app->add_option("--key", sign_options->key, "Private key (PEM): Ed25519, P-256 or P-384")
        ->required();
    sign_app->add_option("--out", sign_options->output, "File to write (default: standard output)");
    sign_app
        ->add_option("policy", sign_options->input,
                     "The policy, as 'litebox attest verify --policy' takes it")
        ->required();
    commands.push_back({sign_app, [sign_options] { return sign(*sign_options); }});

    auto add_options = std::make_shared<StoreOptions>();
    auto file = std::make_shared<std::string>();
    CLI::App* add_app =
        policy->add_subcommand("add", "Put a signed policy into the store; an older version is refused");
    add_options->add(*add_app);
    add_app->add_option("file", *file, "What 'policy sign' wrote")->required();
    commands.push_back({add_app, [add_options, file]() -> Result<void> {
                            std::string document = ATTEST_TRY(read_text(*file));
                            std::unique_ptr<Store> store = ATTEST_TRY(add_options->open());
                            BrokerPolicy added = ATTEST_TRY(store->add_policy(document, system_now()));
                            std::cout << "policy " << added.name << " version " << added.version << "\n";
                            return {};
                        }});

    auto list_options = std::make_shared<StoreOptions>();
    auto explain = std::make_shared<bool>(false);
    CLI::App* list_app = policy->add_subcommand("list", "Show the policies in force");
    list_options->add(*list_app);
    list_app->add_flag("--explain", *explain, "In sentences, what each accepts");
    commands.push_back({list_app, [list_options, explain] { return list(*list_options, *explain); }});
}

}  // namespace litebox::attest::broker
