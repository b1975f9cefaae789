// South's streams, terminal, reports and entropy.

#include "platform/vm/host/host_side.h"

namespace litebox::platform {

using namespace vm;

Result<usize> stream_write(int stream, std::span<const u8> from, bool wait) {
    ControlChannel& control = host_side().control;
    if (control.begun()) return control.write(stream, from, wait);
    write_serial(from);
    return from.size();
}

/// Without a console nobody types.
Result<usize> stream_read(std::span<u8> to, bool wait) {
    ControlChannel& control = host_side().control;
    if (!control.begun()) return usize{0};
    return control.read(to, wait);
}

isize stream_readable() {
    ControlChannel& control = host_side().control;
    return control.begun() ? control.readable() : -1;
}

usize stream_writable(int) {
    ControlChannel& control = host_side().control;
    return control.begun() ? control.writable() : page_size;
}

bool stream_is_terminal(int stream) {
    return stream >= 0 && stream < 3 && (host_side().parameters.terminal.streams >> stream & 1) != 0;
}

WindowSize terminal_size() {
    return host_side().control.window();
}

void terminal_raw(bool raw) {
    ControlChannel& control = host_side().control;
    if (control.begun()) control.set_raw(raw);
}

void report(std::string_view line) {
    constexpr u8 end = '\n';
    std::span<const u8> bytes{reinterpret_cast<const u8*>(line.data()), line.size()};
    ControlChannel& control = host_side().control;
    if (control.begun()) {
        control.tell(ToHost::report, bytes);
        control.tell(ToHost::report, {&end, 1});
    } else {
        write_serial(bytes);
        write_serial({&end, 1});
    }
}

void tell_start() {
    ControlChannel& control = host_side().control;
    if (control.begun()) control.tell(ToHost::start, {});
}

void tell_totals(u64 guest_calls, u64 files_lost, bool name_lookup_failed) {
    ControlChannel& control = host_side().control;
    Totals totals{guest_calls, host_call_count(), files_lost, name_lookup_failed ? 1u : 0u, 0};
    if (control.begun()) control.tell(ToHost::totals, {reinterpret_cast<const u8*>(&totals), sizeof(totals)});
}

void fill_entropy(std::span<u8> out) {
    host_side().entropy.fill(out);
}

const BootParameters& boot_parameters() {
    return host_side().parameters.boot;
}

}  // namespace litebox::platform
