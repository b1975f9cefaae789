// What an operator does at the store: new-key, init, put, list, remove, rearm, audit.
#include <iostream>

#include "attest/base/json.h"
#include "attest/broker/names.h"
#include "attest/command/broker/commands.h"

namespace litebox::attest::broker {

namespace {

constexpr size_t maximum_secret = 1 << 20;

struct PutOptions {
    StoreOptions store;
    std::string policy, name, input = "-";
    bool once = false;
};

Result<void> put(const PutOptions& o) {
    std::unique_ptr<Store> store = ATTEST_TRY(o.store.open());
    SecretBytes value = ATTEST_TRY(read_input(o.input, maximum_secret));
    if (value.empty()) return Error{"the secret is empty: give a file, or the secret on standard input"};
    Result<void> done = store->put({.name = o.name, .policy = o.policy, .once = o.once}, value, system_now());
    if (done.ok()) std::cout << "put " << o.name << "\n";
    return done;
}

struct InitOptions {
    StoreOptions store;
    std::vector<std::string> signers;
};

Result<void> init(const InitOptions& o) {
    std::unique_ptr<StoreKey> key = ATTEST_TRY(open_store_key(o.store.key));
    std::vector<Bytes> signers;
    for (const std::string& path : o.signers)
        signers.push_back(ATTEST_TRY(parse_policy_signer(ATTEST_TRY(read_text(path)))));
    std::unique_ptr<Store> store = ATTEST_TRY(Store::create(o.store.path, *key, signers, system_now()));
    std::cout << "made " << o.store.path << ", locked with a " << key->kind() << " key\n";
    return {};
}

Result<void> list(const StoreOptions& o, bool json) {
    std::unique_ptr<Store> store = ATTEST_TRY(o.open());
    std::vector<SecretInfo> secrets = ATTEST_TRY(store->list());
    if (json) std::cout << "[";
    for (size_t i = 0; i < secrets.size(); i++) {
        const SecretInfo& info = secrets[i];
        std::string state = !info.once ? "any number of times" : info.released ? "once, released" : "once";
        if (json) {
            std::cout << (i ? "," : "") << "{\"name\":" << json_quote(info.name)
                      << ",\"policy\":" << json_quote(info.policy) << ",\"version\":" << info.version
                      << ",\"once\":" << (info.once ? "true" : "false")
                      << ",\"released\":" << (info.once && info.released ? "true" : "false") << "}";
        } else {
            std::cout << info.name << "  policy " << info.policy << "  version " << info.version << "  "
                      << state << "\n";
        }
    }
    if (json) std::cout << "]\n";
    return {};
}

struct AuditOptions {
    std::string path, key, expect;
    bool show = false, json = false;
};

Result<void> show_entries(Database& database) {
    int64_t after = 0;
    for (;;) {
        std::vector<AuditLine> lines = ATTEST_TRY(audit_lines(database, after, 1000));
        for (const AuditLine& line : lines) {
            std::cout << line.sequence << " " << to_string(line.time) << " " << line.hash.substr(0, 16) << " "
                      << line.entry << "\n";
        }
        if (lines.empty()) return {};
        after = lines.back().sequence;
    }
}

Error broken_log() {
    return Error{"the audit log does not hold: do not trust this store before it is explained"};
}

Result<void> print_audit(const AuditReport& report) {
    std::string problems;
    for (const std::string& problem : report.problems)
        problems += (problems.empty() ? "" : ",") + json_quote(problem);
    std::cout << "{\"whole\":" << (report.problems.empty() ? "true" : "false")
              << ",\"entries\":" << report.head.sequence
              << ",\"newest\":" << json_quote(to_hex(report.head.hash))
              << ",\"seals_checked\":" << (report.sealed ? "true" : "false") << ",\"problems\":[" << problems
              << "]}\n";
    if (!report.problems.empty()) return broken_log();
    return {};
}

Result<void> audit(const AuditOptions& o) {
    std::optional<Bytes> expected;
    if (!o.expect.empty()) expected = ATTEST_TRY(from_hex(o.expect));
    std::unique_ptr<Store> store;
    std::unique_ptr<Database> database;
    Result<AuditReport> report = Error{};
    if (o.key.empty()) {
        database = ATTEST_TRY(Database::open(o.path, Database::Mode::read));
        report = check_audit(*database, nullptr, expected);
    } else {
        store = ATTEST_TRY(StoreOptions{o.path, o.key}.open());
        report = store->check(expected);
    }
    if (!report.ok()) return report.error();
    if (o.json) return print_audit(*report);
    if (o.show) {
        if (Result<void> shown = show_entries(store ? store->database() : *database); !shown.ok())
            return shown;
    }
    for (const std::string& problem : report->problems) std::cout << problem << "\n";
    if (!report->problems.empty()) return broken_log();
    std::cout << "whole: " << report->head.sequence << " entries, newest " << to_hex(report->head.hash)
              << (report->sealed ? ", seals checked" : ", seals not checked: give --store-key") << "\n";
    return {};
}

template <typename Options>
std::shared_ptr<Options> options_for() {
    return std::make_shared<Options>();
}

}  // namespace

void add_operator_commands(CLI::App& app, std::vector<Command>& commands) {
    auto key_path = options_for<std::string>();
    CLI::App* new_key = app.add_subcommand("new-key", "Make a key file for a store");
    new_key->add_option("path", *key_path, "File to make")->required();
    commands.push_back({new_key, [key_path] { return write_key_file(*key_path); }});

    auto init_options = options_for<InitOptions>();
    CLI::App* init_app = app.add_subcommand("init", "Make a store");
    init_options->store.add(*init_app);
    init_app
        ->add_option("--policy-signer", init_options->signers,
                     "Public key (PEM) that policies are signed with")
        ->required()
        ->allow_extra_args(false);
    commands.push_back({init_app, [init_options] { return init(*init_options); }});

    auto put_options = options_for<PutOptions>();
    CLI::App* put_app = app.add_subcommand("put", "Store a secret under a policy, or replace it");
    put_options->store.add(*put_app);
    put_app->add_option("--policy", put_options->policy, "Policy that decides who gets it")->required();
    put_app->add_flag("--once", put_options->once, "Release it at most once");
    put_app->add_option("name", put_options->name, "repository/type/tag")->required();
    put_app->add_option("file", put_options->input, "File that holds the secret (default: standard input)");
    commands.push_back({put_app, [put_options] { return put(*put_options); }});

    auto list_options = options_for<StoreOptions>();
    auto json = options_for<bool>();
    CLI::App* list_app = app.add_subcommand("list", "Show which secrets there are, never what they are");
    list_options->add(*list_app);
    list_app->add_flag("--json", *json, "As JSON");
    commands.push_back({list_app, [list_options, json] { return list(*list_options, *json); }});

    for (bool rearm : {false, true}) {
        auto store_options = options_for<StoreOptions>();
        auto name = options_for<std::string>();
        CLI::App* sub = app.add_subcommand(rearm ? "rearm" : "remove",
                                           rearm ? "Let a secret that was released once be released once more"
                                                 : "Take a secret out of the store");
        store_options->add(*sub);
        sub->add_option("name", *name, "repository/type/tag")->required();
        commands.push_back({sub, [store_options, name, rearm]() -> Result<void> {
                                std::unique_ptr<Store> store = ATTEST_TRY(store_options->open());
                                return rearm ? store->rearm(*name, system_now())
                                             : store->remove(*name, system_now());
                            }});
    }

    auto audit_options = options_for<AuditOptions>();
    CLI::App* audit_app = app.add_subcommand("audit", "Check the audit log, and the store against it");
    audit_app->add_option("--store", audit_options->path, "The store's file")->required();
    audit_app->add_option("--store-key", audit_options->key,
                          "Check the seals as well: file:PATH, passphrase, ...");
    audit_app->add_option("--expect", audit_options->expect,
                          "A hash noted down earlier, which must be in the log");
    CLI::Option* show = audit_app->add_flag("--show", audit_options->show, "Print the entries");
    audit_app->add_flag("--json", audit_options->json, "What was found as JSON")->excludes(show);
    commands.push_back({audit_app, [audit_options] { return audit(*audit_options); }});
}

}  // namespace litebox::attest::broker
