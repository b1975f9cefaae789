#include "attest/simulate/simulate.h"

#include <fstream>

namespace litebox::attest::simulate {

VerifyOptions Simulation::options(const Policy& policy) const {
    VerifyOptions options;
    options.now = now;
    options.roots = &roots;
    options.collateral = &collateral;
    options.policy = &policy;
    return options;
}

namespace {

Result<void> write_file(const std::filesystem::path& path, ByteView contents) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(contents.data()), static_cast<std::streamsize>(contents.size()));
    file.close();
    if (!file) return Error{"cannot write " + path.string()};
    return {};
}

}  // namespace

Result<void> Simulation::write(const std::filesystem::path& directory) const {
    std::error_code failure;
    std::filesystem::create_directories(directory / "collateral", failure);
    if (failure)
        return Error{"cannot make " + (directory / "collateral").string() + ": " + failure.message()};
    if (auto done = write_file(directory / "evidence.bin", evidence); !done) return done;
    if (auto done = write_file(directory / "root.der", root); !done) return done;
    for (const NamedFile& file : files)
        if (auto done = write_file(directory / "collateral" / file.name, file.contents); !done) return done;
    return {};
}

Policy any_code_policy() {
    Policy policy;
    policy.require_identity = false;
    return policy;
}

}  // namespace litebox::attest::simulate
