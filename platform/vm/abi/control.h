// What goes over the control port between the kernel and whoever runs the machine: frames of a header and
// `length` bytes, in either direction, on one byte stream (virtio-console, port name `control_port_name`).
// All integers are little-endian. Either side believes nothing of the other: an unknown kind, a length above
// the limit or of the wrong size ends the machine.
#pragma once

#include "core/base/types.h"

namespace litebox::vm {

inline constexpr char control_port_name[] = "litebox.control";
inline constexpr u32 longest_control_frame = u32{1} << 16;

struct ControlHeader {
    u32 kind;    // ToHost or ToKernel
    u32 length;  // of what follows
};
static_assert(sizeof(ControlHeader) == 8);

enum class ToHost : u32 {
    output = 1,   // bytes of the program's standard output
    error = 2,    // of its standard error
    report = 3,   // lines for the person outside (trace, statistics)
    ask = 4,      // AskInput
    raw = 5,      // u32: the terminal is to be raw (1) or as it was (0)
    start = 6,    // nothing: the program's first instruction is next
    totals = 7,   // Totals
    stopped = 8,  // u32: the first process's wait(2) status; the last frame
    broken = 9,   // text: the kernel cannot go on; the last frame
};

enum class ToKernel : u32 {
    input = 1,       // bytes, at most as many as were asked for unless the terminal is raw
    input_end = 2,   // nothing: end of file was read
    readable = 3,    // nothing: there is input, not read yet (answer to AskInput::tell)
    raw_active = 4,  // u32: the terminal is raw (1) or as it was (0) from here on
    window = 5,      // u16 rows, u16 columns
    signal = 6,      // u32: a signal for the program
    closed = 7,      // u32: nobody reads this stream (1, 2) any more
};

/// A wish for input; the next replaces the last, and a read outdoes the wish to be told.
struct AskInput {
    enum Kind : u32 { read = 1, tell = 2 };
    u32 kind;
    u32 wanted;  // bytes
};

struct Totals {
    u64 guest_calls, host_calls, files_lost;
    u32 name_lookup_failed;
    u32 reserved;
};

}  // namespace litebox::vm
