#include "attest/simulate/patch.h"

#include <algorithm>

namespace litebox::attest::simulate {

void apply(const std::vector<Patch>& patches, Bytes& target) {
    for (const Patch& patch : patches)
        for (size_t i = 0; i < patch.bytes.size() && patch.offset + i < target.size(); i++)
            target[patch.offset + i] = patch.bytes[i];
}

void apply(const std::vector<Replacement>& replacements, std::string& target) {
    for (const Replacement& replacement : replacements) {
        size_t at = target.find(replacement.from);
        if (at != std::string::npos) target.replace(at, replacement.from.size(), replacement.to);
    }
}

}  // namespace litebox::attest::simulate
