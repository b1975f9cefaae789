// get: ask a broker for a secret, from inside the TEE.
#include <iostream>

#include "attest/broker/client.h"
#include "attest/command/broker/commands.h"

namespace litebox::attest::broker {

namespace {

struct GetOptions {
    std::string url, name, evidence_command, output = "-", ca, broker_policy;
    ClientOptions client;
    TrustOptions trust;
};

/// How the broker itself is judged, where it must be attested.
struct BrokerJudge {
    Roots roots;
    PreparedCollateral collateral;
    Policy policy;
    tls::PeerVerifier verifier;
    BrokerJudge(Roots given, const Collateral& loaded, Policy read)
        : roots(std::move(given)),
          collateral(loaded),
          policy(std::move(read)),
          verifier({&roots, &collateral, &policy, system_now, {}}) {}
};

Result<std::unique_ptr<BrokerJudge>> judge_of(const GetOptions& o) {
    Policy policy = ATTEST_TRY(Policy::parse(ATTEST_TRY(read_text(o.broker_policy))));
    Collateral collateral;
    if (!o.trust.collateral.empty()) collateral = ATTEST_TRY(Collateral::load_directory(o.trust.collateral));
    return std::make_unique<BrokerJudge>(ATTEST_TRY(o.trust.read_roots()), collateral, std::move(policy));
}

Result<void> get(GetOptions& o) {
    if (Result<void> parsed = parse_url(o.url, o.client); !parsed.ok()) return parsed;
    std::unique_ptr<BrokerJudge> judge;
    if (!o.broker_policy.empty()) {
        judge = ATTEST_TRY(judge_of(o));
        o.client.trust.attested = &judge->verifier;
    }
    if (!o.ca.empty()) o.client.trust.ca_certificates = ATTEST_TRY(read_text(o.ca));
    std::unique_ptr<Client> client = ATTEST_TRY(Client::connect(o.client));
    SecretBytes secret = ATTEST_TRY(client->get(o.name, command_attester(o.evidence_command)));
    return write_output(o.output, secret, true);
}

}  // namespace

void add_get_command(CLI::App& app, std::vector<Command>& commands) {
    auto o = std::make_shared<GetOptions>();
    CLI::App* sub = app.add_subcommand("get", "Get a secret from a broker, from inside the TEE");
    sub->add_option("--url", o->url, "https://HOST[:PORT] of the broker")->required();
    sub->add_option("--pin", o->client.trust.pin,
                    "Trust the broker by its public key: sha256//BASE64, as it prints it");
    sub->add_option("--ca", o->ca, "Trust the broker by these CA certificates (PEM), for its host name");
    sub->add_option("--broker-policy", o->broker_policy,
                    "Trust the broker by its own evidence, under this policy");
    o->trust.add(*sub);
    sub->add_option(
           "--evidence-command", o->evidence_command,
           "Shell command that writes evidence for the report data in $LITEBOX_REPORT_DATA (hexadecimal)")
        ->required();
    sub->add_option("--timeout", o->client.timeout_seconds, "Seconds for each step (default 30)")
        ->check(CLI::Range(1, 3600));
    sub->add_option("--out", o->output, "File to write, mode 0600 (default: standard output)");
    sub->add_option("name", o->name, "repository/type/tag")->required();
    commands.push_back({sub, [o] { return get(*o); }});
}

}  // namespace litebox::attest::broker
