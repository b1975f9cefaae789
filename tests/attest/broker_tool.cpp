// The broker's counterpart in tests and measurements: simulated TEEs in one process, that prepare what a
// broker needs, attest on demand, and fetch secrets alone or by the thousand.
//
//   broker_tool prepare TEE DIRECTORY              root.der, collateral/ and policy.toml of the simulated TEE
//   broker_tool attest TEE [MEASUREMENT]           for each line of report data in hexadecimal, one of
//   evidence in base64 broker_tool take TEE URL PIN NAME...           each secret once: "got NAME VALUE",
//   "refused NAME WHY" or "lost NAME WHY" broker_tool load TEE URL PIN NAME CONNECTIONS SECONDS
//   {"releases":..,"seconds":..,"failures":..}
#include <stdio.h>
#include <string.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <thread>

#include "attest/broker/client.h"
#include "tests/attest/simulated_tee.h"

using namespace litebox::attest;
using namespace litebox::attest::broker;

namespace {

int fail(const std::string& why) {
    std::cerr << "broker_tool: " << why << "\n";
    return 1;
}

int prepare(const std::string& name, const std::filesystem::path& directory) {
    SimulatedTee tee(name);
    Result<void> written = tee.simulation().write(directory);
    if (!written.ok()) return fail(written.error().message);
    std::ofstream(directory / "policy.toml") << SimulatedTee::policy(name);
    return 0;
}

int attest_lines(const std::string& name, int measurement) {
    SimulatedTee tee(name, static_cast<uint8_t>(measurement));
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        Result<Bytes> report_data = from_hex(line);
        if (!report_data.ok() || report_data->size() > 64) return fail("report data: " + line);
        std::cout << to_base64(tee.evidence(*report_data)) << std::endl;
    }
    return 0;
}

Result<std::unique_ptr<Client>> connect(const std::string& url, const std::string& pin) {
    ClientOptions options;
    options.trust.pin = pin;
    if (Result<void> parsed = parse_url(url, options); !parsed.ok()) return parsed.error();
    return Client::connect(options);
}

int take(const std::string& name, const std::string& url, const std::string& pin, char** secrets, int count) {
    SimulatedTee tee(name);
    std::unique_ptr<Client> client;
    for (int i = 0; i < count; i++) {
        if (!client) {
            Result<std::unique_ptr<Client>> connected = connect(url, pin);
            if (!connected.ok()) {
                std::cout << "lost " << secrets[i] << " " << connected.error().message << std::endl;
                continue;
            }
            client = std::move(*connected);
        }
        Result<SecretBytes> secret =
            client->get(secrets[i], [&](ByteView data) -> Result<Bytes> { return tee.evidence(data); });
        if (secret.ok()) {
            std::cout << "got " << secrets[i] << " " << as_text(*secret) << std::endl;
        } else {
            bool refused = secret.error().message.find("refuses") != std::string::npos;
            std::cout << (refused ? "refused " : "lost ") << secrets[i] << " " << secret.error().message
                      << std::endl;
            if (!refused) client.reset();
        }
    }
    return 0;
}

int load(const std::string& name, const std::string& url, const std::string& pin, const std::string& secret,
         int connections, double seconds) {
    SimulatedTee tee(name);
    std::atomic<bool> stop = false;
    std::atomic<int64_t> releases = 0, failures = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < connections; i++) {
        threads.emplace_back([&] {
            Result<std::unique_ptr<Client>> client = connect(url, pin);
            while (client.ok() && !stop) {
                auto got = (*client)->get(secret,
                                          [&](ByteView data) -> Result<Bytes> { return tee.evidence(data); });
                (got.ok() ? releases : failures)++;
                if (!got.ok()) return fail(got.error().message);
            }
            if (!client.ok()) failures++, fail(client.error().message);
            return 0;
        });
    }
    auto begin = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    stop = true;
    for (auto& thread : threads) thread.join();
    double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    printf("{\"releases\":%ld,\"seconds\":%.3f,\"failures\":%ld}\n", static_cast<long>(releases), took,
           static_cast<long>(failures));
    return failures ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::string mode = argc > 2 ? argv[1] : "";
    if (mode == "prepare" && argc == 4) return prepare(argv[2], argv[3]);
    if (mode == "attest") return attest_lines(argv[2], argc > 3 ? atoi(argv[3]) : 0x11);
    if (mode == "take" && argc > 5) return take(argv[2], argv[3], argv[4], argv + 5, argc - 5);
    if (mode == "load" && argc == 8)
        return load(argv[2], argv[3], argv[4], argv[5], atoi(argv[6]), atof(argv[7]));
    return fail("prepare, attest, take or load: see the source");
}
