// Event logs of measured boot: the ACPI CCEL table's log of a TD and the TCG2 log of a TPM (both
// crypto-agile, TCG PC Client Platform Firmware Profile), and the JSON list that dstack keeps. A log is only
// a claim: what it says counts once its digests, replayed, give the registers of verified evidence.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attest/base/crypto.h"
#include "attest/evidence.h"
#include "attest/policy.h"

namespace litebox::attest {

struct LoggedEvent {
    uint32_t
        index;  // as logged: in a CCEL 0 is MRTD and 1 to 4 are RTMR0 to RTMR3, in a TPM's log it is the PCR
    uint32_t type;
    std::vector<std::pair<uint16_t, Bytes>> digests;  // by TCG algorithm id
    Bytes data;
    std::string name;  // dstack: the event's own name

    /// EV_NO_ACTION informs and extends nothing.
    bool extends() const { return type != 3; }
    /// The SHA-384 digest; null if this event has none.
    const Bytes* sha384() const;
};

struct EventLog {
    enum class Form : uint8_t { tcg, dstack } form = Form::tcg;
    std::vector<LoggedEvent> events;
};

/// A binary log (padding of zeros or ones behind it allowed) or dstack's JSON. Truncated, damaged and
/// over-long logs are refused: at most 1 MiB and 16,384 events.
Result<EventLog> parse_event_log(ByteView bytes);

/// "EV_EFI_VARIABLE_DRIVER_CONFIG"; "EV_0x1234" for a type that has no name.
std::string event_type_name(uint32_t type);
/// What this event says happened: a variable, an action, an image's path. One line, safe to print.
std::string describe_event(const LoggedEvent& event);
/// The bytes that the digest must be the hash of, where the type defines it; empty: the digest is of
/// something else (an image, a table) that the log does not carry.
std::optional<Bytes> event_preimage(const LoggedEvent& event);

using Rtmrs = std::array<Field<48>, 4>;
/// The registers that a TD's log leads to. An event for no register of a TD, or without a SHA-384 digest, is
/// an error.
Result<Rtmrs> replay_rtmrs(const EventLog& log);
/// PCR 0 to 23 of a TPM's log in one bank; absent: nothing extended it. An event without a digest of the bank
/// is an error.
Result<std::array<std::optional<Bytes>, 24>> replay_pcrs(const EventLog& log, Hash bank);

/// Why `log` is not covered by the allow-lists of `policy`; empty: covered. Each event that extends a
/// register which the policy does not pin by value must be listed under its type's name or its own, with its
/// digest; each list must be met once.
std::string judge_events(const EventLog& log, const Policy::Tdx& policy);

}  // namespace litebox::attest
