// serve: the service itself, until a signal ends it.
#include <openssl/pem.h>
#include <signal.h>

#include <iostream>
#include <thread>

#include "attest/broker/client.h"
#include "attest/broker/server.h"
#include "attest/command/broker/commands.h"

namespace litebox::attest::broker {

namespace {

struct ServeOptions {
    StoreOptions store;
    TrustOptions trust;
    std::vector<std::string> policies, host_names = {"localhost", "127.0.0.1"};
    std::string listen = "127.0.0.1:8443", certificate, key, certificate_output, evidence_command;
    ServerOptions server;
};

struct Identity {
    std::string certificate, key;  // PEM
    std::string pin;
};

std::string pem_of(std::string_view label, ByteView der) {
    std::string text = to_base64(der), out = "-----BEGIN " + std::string(label) + "-----\n";
    for (size_t at = 0; at < text.size(); at += 64) out += text.substr(at, 64) + "\n";
    return out + "-----END " + std::string(label) + "-----\n";
}

struct BioFree {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
};

Result<SecretBytes> new_private_key() {
    tls::PrivateKey key = ATTEST_TRY(tls::make_key(false));
    std::unique_ptr<BIO, BioFree> bio(BIO_new(BIO_s_secmem()));
    char* text = nullptr;
    if (!bio || PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return Error{"no key could be made"};
    long size = BIO_get_mem_data(bio.get(), &text);
    return to_secret(as_bytes({text, static_cast<size_t>(size)}));
}

/// The broker's own key, which stays the same for as long as the store, under a certificate made at each
/// start.
Result<Identity> own_identity(Store& store, const ServeOptions& o) {
    SecretBytes pem = ATTEST_TRY(store.own_key("tls", new_private_key));
    std::unique_ptr<BIO, BioFree> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    tls::PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (!key) return Error{"the broker's TLS key in the store is damaged"};
    tls::IdentityOptions options{
        .common_name = "litebox-broker", .host_names = o.host_names, .not_before = system_now()};
    tls::Attester attester =
        o.evidence_command.empty() ? tls::Attester() : command_attester(o.evidence_command);
    Bytes der = ATTEST_TRY(tls::make_certificate(key.get(), attester, options));
    return Identity{pem_of("CERTIFICATE", der), std::string(as_text(pem)),
                    public_key_pin(tls::public_key_info(key.get()))};
}

Result<Identity> identity_from_files(const ServeOptions& o) {
    Identity identity{ATTEST_TRY(read_text(o.certificate)), "", ""};
    SecretBytes key = ATTEST_TRY(read_private_file(o.key));
    identity.key = as_text(key);
    std::unique_ptr<BIO, BioFree> bio(
        BIO_new_mem_buf(identity.certificate.data(), static_cast<int>(identity.certificate.size())));
    std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
    if (!certificate) return Error{o.certificate + ": not a certificate in PEM"};
    identity.pin = public_key_pin(tls::public_key_info(X509_get0_pubkey(certificate.get())));
    return identity;
}

Result<void> set_listen(ServeOptions& o) {
    ClientOptions parsed;
    if (!parse_url("https://" + o.listen, parsed).ok())
        return Error{"--listen wants ADDRESS:PORT, not \"" + o.listen + "\""};
    o.server.address = parsed.host;
    unsigned long port = parsed.port.size() <= 5 ? std::stoul(parsed.port) : 65536;
    if (port > 65535) return Error{"--listen: there is no port " + parsed.port};
    o.server.port = static_cast<uint16_t>(port);
    return {};
}

/// Policies of the command line: newer ones are added, those that are there already are nothing new, older
/// ones are refused.
Result<void> add_policies(Store& store, const std::vector<std::string>& files) {
    for (const std::string& file : files) {
        std::string document = ATTEST_TRY(read_text(file));
        if (ATTEST_TRY(store.has_policy(document))) continue;
        Result<BrokerPolicy> added = store.add_policy(document, system_now());
        if (!added.ok()) return Error{file + ": " + added.error().message};
    }
    return {};
}

Result<void> check_log(Store& store) {
    AuditReport report = ATTEST_TRY(store.check(std::nullopt));
    if (report.problems.empty()) return {};
    return Error{"the audit log does not hold, so nothing is served: " + report.problems.front() +
                 " ('litebox broker audit' shows all)"};
}

Result<void> load_collateral(Judge& judge, const std::string& directory) {
    if (directory.empty()) return {};
    for (const std::string& ignored : ATTEST_TRY(judge.load_collateral(directory))) {
        std::cerr << "litebox broker: " << ignored << ": no collateral of a known form, left out\n";
    }
    return {};
}

/// SIGHUP reads the collateral anew; SIGINT and SIGTERM end the service.
void wait_for_end(const sigset_t& signals, Judge& judge, const std::string& collateral) {
    int number = 0;
    while (sigwait(&signals, &number) == 0 && number == SIGHUP) {
        Result<void> loaded = load_collateral(judge, collateral);
        std::cerr << "litebox broker: collateral "
                  << (loaded.ok() ? "read anew" : "kept: " + loaded.error().message) << "\n";
    }
}

Result<void> serve(ServeOptions& o) {
    if (Result<void> set = set_listen(o); !set.ok()) return set;
    sigset_t signals;
    sigemptyset(&signals);
    for (int number : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread, which inherits it
    signal(SIGPIPE, SIG_IGN);

    std::unique_ptr<Store> store = ATTEST_TRY(o.store.open());
    if (Result<void> checked = check_log(*store); !checked.ok()) return checked;
    if (Result<void> added = add_policies(*store, o.policies); !added.ok()) return added;
    Judge judge(ATTEST_TRY(o.trust.read_roots()), system_now);
    if (Result<void> loaded = load_collateral(judge, o.trust.collateral); !loaded.ok()) return loaded;
    Identity identity = ATTEST_TRY(o.certificate.empty() ? own_identity(*store, o) : identity_from_files(o));
    auto context = ATTEST_TRY(make_server_context(identity.certificate, identity.key));
    wipe(identity.key.data(), identity.key.size());
    if (!o.certificate_output.empty()) {
        if (Result<void> written = write_output(o.certificate_output, as_bytes(identity.certificate), false);
            !written.ok())
            return written;
    }

    PolicyCache policies;
    Sessions sessions;
    TokenSigner tokens;
    auto releaser = std::make_unique<Releaser>(ATTEST_TRY(store->connect(Database::Mode::write)), system_now);
    ServiceParts parts{judge, policies, sessions, *releaser, tokens, "https://" + o.listen};
    std::unique_ptr<Server> server =
        ATTEST_TRY(Server::start(o.server, context, [&]() -> Result<std::unique_ptr<Service>> {
            return std::make_unique<Service>(parts, ATTEST_TRY(store->connect(Database::Mode::read)));
        }));
    std::cout << "serving https://" << o.server.address << ":" << server->port() << " pin " << identity.pin
              << std::endl;
    wait_for_end(signals, judge, o.trust.collateral);
    server->stop();
    releaser.reset();
    return {};
}

}  // namespace

void add_serve_command(CLI::App& app, std::vector<Command>& commands) {
    auto o = std::make_shared<ServeOptions>();
    o->server.threads = std::max(1u, std::thread::hardware_concurrency());
    CLI::App* sub = app.add_subcommand("serve", "Serve secrets over HTTPS");
    o->store.add(*sub);
    o->trust.add(*sub);
    sub->add_option("--policy", o->policies, "Signed policies to add first, where they are new")
        ->allow_extra_args(false);
    sub->add_option("--listen", o->listen, "ADDRESS:PORT (default 127.0.0.1:8443); port 0 takes a free one");
    CLI::Option* certificate = sub->add_option(
        "--cert", o->certificate, "TLS certificate chain (PEM); default: self-signed for a key in the store");
    CLI::Option* key = sub->add_option("--key", o->key, "Its private key (PEM)");
    certificate->needs(key);
    key->needs(certificate);
    sub->add_option("--host-name", o->host_names, "Names and addresses in the self-signed certificate")
        ->allow_extra_args(false);
    sub->add_option("--write-cert", o->certificate_output, "Write the certificate there, for clients");
    sub->add_option("--evidence-command", o->evidence_command,
                    "Attest the broker itself: as for 'get', run once at the start");
    sub->add_option("--threads", o->server.threads, "Threads (default: one a processor)")
        ->check(CLI::Range(1, 256));
    sub->add_option("--max-connections", o->server.maximum_connections,
                    "Connections at a time (default 1024)")
        ->check(CLI::Range(1, 100000));
    sub->add_option("--max-per-address", o->server.maximum_connections_per_address,
                    "Of one address (default 256)")
        ->check(CLI::Range(1, 100000));
    sub->add_option("--request-seconds", o->server.request_seconds,
                    "For a request to arrive whole (default 30)")
        ->check(CLI::Range(1, 3600));
    commands.push_back({sub, [o] { return serve(*o); }});
}

}  // namespace litebox::attest::broker
