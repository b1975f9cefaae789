// Evidence of real hardware, which is not part of the project: the folder named by LITEBOX_VECTORS, or
// shared/vectors beside the project. Tests that need it say plainly that it is not there and are skipped.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "attest/base/bytes.h"

namespace litebox::attest::tests {

/// Empty where the vectors are not there.
inline std::filesystem::path vectors() {
    if (const char* named = std::getenv("LITEBOX_VECTORS")) return named;
    std::filesystem::path beside =
        std::filesystem::path(LITEBOX_SOURCE_DIR).parent_path() / "shared" / "vectors";
    return std::filesystem::exists(beside / "expected.json") ? beside : std::filesystem::path();
}

/// The file's bytes; a test that names a file which is not there is wrong, and fails.
inline Bytes vector_file(const std::string& name) {
    std::ifstream file(vectors() / name, std::ios::binary);
    EXPECT_TRUE(file.good()) << "no vector " << name;
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace litebox::attest::tests

/// At the start of a test: skips it, with the reason, where the vectors are not there.
#define NEEDS_VECTORS()                                                                                      \
    if (litebox::attest::tests::vectors().empty())                                                           \
    GTEST_SKIP() << "the vectors of real hardware are not there (LITEBOX_VECTORS, or shared/vectors beside " \
                    "the project)"
