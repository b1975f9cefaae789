// Real evidence and its verdicts lie outside the project: beside it, in ../shared/vectors, or where
// LITEBOX_VECTORS says.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "attest/base/bytes.h"

namespace litebox::attest {

/// Empty where there are no vectors.
inline std::filesystem::path vectors_directory() {
    const char* named = std::getenv("LITEBOX_VECTORS");
    std::filesystem::path directory = named ? named : LITEBOX_SOURCE_DIR "/../shared/vectors";
    return std::filesystem::exists(directory / "expected.json") ? directory : std::filesystem::path{};
}

/// A vector's bytes by its name in expected.json; a test that asks for one that is not there fails.
inline Bytes read_vector(const std::string& name) {
    std::ifstream file(vectors_directory() / name, std::ios::binary);
    EXPECT_TRUE(file.good()) << "no vector " << name;
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace litebox::attest

/// Ends a test that has nothing to judge, and says so.
#define REQUIRE_VECTORS()                             \
    if (litebox::attest::vectors_directory().empty()) \
    GTEST_SKIP() << "no vectors: set LITEBOX_VECTORS to the folder that holds expected.json"
