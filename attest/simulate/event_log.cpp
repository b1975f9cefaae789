// The TCG crypto-agile log format (TCG PC Client Platform Firmware Profile), as in a TD's CCEL area.
#include "attest/simulate/event_log.h"

#include "attest/base/crypto.h"
#include "attest/base/encode.h"

namespace litebox::attest::simulate {

namespace {

constexpr uint16_t algorithm_sha384 = 0x000C;
constexpr uint32_t ev_no_action = 3;

/// The first event, in the old format: names the log's version and its one algorithm.
Bytes specification_event() {
    Bytes data = to_bytes(as_bytes(std::string_view("Spec ID Event03\0", 16)));
    append_number(data, 0, 4);        // platform class: client
    append(data, Bytes{0, 2, 0, 2});  // version 2.0, errata 0, UINTN of 64 bits
    append_number(data, 1, 4);        // one algorithm
    append_number(data, algorithm_sha384, 2);
    append_number(data, 48, 2);
    data.push_back(0);  // no vendor information
    Bytes out;
    append_number(out, 1, 4);
    append_number(out, ev_no_action, 4);
    out.resize(out.size() + 20);
    append_number(out, data.size(), 4);
    append(out, data);
    return out;
}

}  // namespace

SimulatedLog make_event_log(const std::vector<LogEvent>& events, size_t size) {
    SimulatedLog log;
    log.bytes = specification_event();
    for (const LogEvent& event : events) {
        Bytes digest = event.digest;
        if (digest.empty()) {
            auto hash = sha384(event.data);
            digest.assign(hash.begin(), hash.end());
        }
        append_number(log.bytes, event.rtmr + 1, 4);
        append_number(log.bytes, event.type, 4);
        append_number(log.bytes, 1, 4);
        append_number(log.bytes, algorithm_sha384, 2);
        append(log.bytes, digest);
        append_number(log.bytes, event.data.size(), 4);
        append(log.bytes, event.data);
        if (event.type == ev_no_action || event.rtmr >= log.rtmr.size()) continue;
        Bytes both = to_bytes(log.rtmr[event.rtmr]);
        append(both, digest);
        log.rtmr[event.rtmr] = sha384(both);
    }
    if (log.bytes.size() < size) log.bytes.resize(size, 0xFF);
    return log;
}

std::vector<LogEvent> typical_boot(std::string_view kernel_command_line) {
    auto text = [](std::string_view words) { return to_bytes(as_bytes(words)); };
    constexpr uint32_t handoff_tables = 0x8000000B, firmware_blob = 0x8000000A, variable_config = 0x80000001,
                       separator = 4, boot_services_application = 0x80000003, action = 0x80000007, ipl = 0x0D,
                       event_tag = 6;
    std::string loader_line = "kernel_cmdline: " + std::string(kernel_command_line);
    return {{0, handoff_tables, {}, text("TdxTable")},
            {0, firmware_blob, {}, text("Fv(XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX)")},
            {0, variable_config, {}, text("SecureBoot")},
            {0, separator, {}, Bytes{0, 0, 0, 0}},
            {1, boot_services_application, {}, text("grubx64.efi")},
            {1, action, {}, text("Calling EFI Application from Boot Option")},
            {2, ipl, {}, text(loader_line)},
            {2, event_tag, {}, text("LOADED_IMAGE::LoadOptions")},
            {3, ev_no_action, {}, text("StartupLocality")}};
}

}  // namespace litebox::attest::simulate
