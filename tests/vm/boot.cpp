// Boots a kernel of the test's choice as `litebox run --platform=vm` boots its own:
//     vm_boot KERNEL [--rw DIR] [--ro DIR] [--memory BYTES] [--timeout MS]
// Prints how it ended; standard streams are the machine's.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "supervisor/supervisor.h"

using namespace litebox::supervisor;

namespace {

RunOptions options_of(int argc, char** argv) {
    RunOptions options;
    options.arguments = {"nothing"};
    options.memory = uint64_t{64} << 20;
    options.processors = 1;
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string name = argv[i], value = argv[i + 1];
        if (name == "--rw") options.grants.push_back({Grant::Kind::read_write, value, value});
        if (name == "--ro") options.grants.push_back({Grant::Kind::read_only, value, value});
        if (name == "--memory") options.memory = strtoull(value.c_str(), nullptr, 10);
        if (name == "--timeout") options.timeout_ms = strtoull(value.c_str(), nullptr, 10);
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    std::ifstream file(argv[1], std::ios::binary);
    std::string kernel((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    RunReport report = run_machine(options_of(argc, argv), kernel);
    fprintf(stderr, "end %d status %d after %lu ms: %s\n", static_cast<int>(report.end), report.status,
            static_cast<unsigned long>(report.wall_us / 1000), report.reason.c_str());
    return 0;
}
