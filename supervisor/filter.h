// The wall as data: the permitted host calls with the constraints on their arguments, and the filter
// generated from them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/process/abi/start_block.h"
#include "supervisor/supervisor.h"

namespace litebox::supervisor {

/// One condition on one 64-bit argument.
struct Condition {
    enum class Kind : uint8_t {
        equals,        // argument == values[0]
        one_of,        // argument is one of values
        bits_within,   // no bit outside values[0]
        low_equals,    // the low 32 bits equal values[0] (an int that the kernel takes)
        in_range,      // values[0] <= argument < values[1]
        high_within,   // values[0] <= argument >> 32 < values[1]
        high_outside,  // not high_within
        cpu_clock,     // clock ids 0 to 7 and 11, or a process's or thread's clock
    };
    int argument;
    Kind kind;
    std::vector<uint64_t> values;
};

/// All conditions hold.
using Alternative = std::vector<Condition>;

struct PermittedCall {
    uint32_t number;
    std::string name;
    std::vector<Alternative> alternatives;  // any of them; empty: no constraint
    std::string words;                      // the same for people
};

struct FilterParameters {
    process::Windows windows;
    bool deny_write_execute = false;
    bool threads = true;         // clone's thread word
    bool processes = true;       // clone's process word
    bool granted_files = true;   // pread64 and mappings of granted files
    bool writable_files = true;  // the second descriptor window
};

/// What these options leave of the list; the windows are for the caller to fill in.
FilterParameters filter_parameters(const RunOptions& options);

/// The list, in the order of the contract.
std::vector<PermittedCall> permitted_calls(const FilterParameters& parameters);

/// Classic BPF for seccomp(2): everything that is not from the gate traps, what is not on the list kills.
std::vector<process::FilterInstruction> make_filter(const std::vector<PermittedCall>& calls, uint64_t gate);

/// For what is ours, outside: these calls from anywhere; all else kills.
std::vector<process::FilterInstruction> make_outside_filter(std::vector<PermittedCall> calls);

/// PID 1 waits for the end of a pipe, and ends.
std::vector<process::FilterInstruction> make_idle_filter();

/// What the openers do: file calls by descriptor or by name beneath the grants, no sockets, no exec, no
/// processes. `writes`: some grant is for reading and writing.
std::vector<PermittedCall> opener_calls(bool writes);

/// Of a thread that serves the rings: it moves bytes between `input` and `output`, sleeps, and asks for
/// memory.
std::vector<process::FilterInstruction> make_ring_filter(const std::vector<uint64_t>& input,
                                                         const std::vector<uint64_t>& output);
/// Whether the kernel knows filters at all.
bool filters_available();
/// Puts a filter on the calling thread; it never comes off. False: the kernel refused.
[[nodiscard]] bool put_on_filter(const std::vector<process::FilterInstruction>& filter);

}  // namespace litebox::supervisor
