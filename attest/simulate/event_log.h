// Event logs of a measured boot, CCEL and TCG2, with the RTMRs they replay to.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "attest/evidence.h"

namespace litebox::attest::simulate {

struct LogEvent {
    uint32_t rtmr = 0;           // 0 to 3; the log says it as measurement register 1 to 4
    uint32_t type = 0x80000001;  // EV_EFI_VARIABLE_DRIVER_CONFIG and so on
    Bytes digest;                // SHA-384; empty: the digest of `data`
    Bytes data;
};

struct SimulatedLog {
    Bytes bytes;
    std::array<Field<48>, 4> rtmr{};
};

/// A TCG crypto-agile log with one SHA-384 digest per event, padded with 0xFF to `size` as firmware leaves
/// CCEL areas.
SimulatedLog make_event_log(const std::vector<LogEvent>& events, size_t size = 0);
/// A boot as TDVF, a boot loader and a kernel log it.
std::vector<LogEvent> typical_boot(std::string_view kernel_command_line = "console=ttyS0");

}  // namespace litebox::attest::simulate
