// Versions of AMD's secure firmware, "1.55.21": major, minor, build.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace litebox::attest {

using FirmwareVersion = std::array<uint8_t, 3>;  // compares in the order of its parts
std::optional<FirmwareVersion> parse_firmware(std::string_view text);

}  // namespace litebox::attest
