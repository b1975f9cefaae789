// Changes to bytes and text that no knob names.
#pragma once

#include <string>
#include <vector>

#include "attest/base/bytes.h"

namespace litebox::attest::simulate {

/// Bytes put over what is there; what would reach past the end is dropped.
struct Patch {
    size_t offset = 0;
    Bytes bytes;
};
void apply(const std::vector<Patch>& patches, Bytes& target);

/// The first occurrence of `from` becomes `to`; nothing happens where there is none.
struct Replacement {
    std::string from, to;
};
void apply(const std::vector<Replacement>& replacements, std::string& target);

}  // namespace litebox::attest::simulate
