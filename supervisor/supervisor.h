// The host side of the process and the VM platform, as the command line sees it. Everything here is ordinary
// hosted C++; nothing of it is visible to a guest. Not thread-safe: one sandbox for each host process of
// `litebox`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace litebox::supervisor {

struct Grant {
    enum class Kind : uint8_t { read_only, read_write, temporary };
    Kind kind;
    std::string
        host;  // absolute, symbolic links resolved; a directory or a regular file; empty when temporary
    std::string guest;    // absolute and clean; "/" with --root
    uint64_t size = 0;    // temporary: limit in bytes, 0 = default
    bool system = false;  // read as an unprivileged identity; others are read as their owner
};

struct RunOptions {
    std::vector<Grant> grants;  // in the order of mounting: a later one covers an earlier one
    bool root_given = false;
    std::string image;               // EROFS, the root of a virtual machine; empty: none
    std::vector<uint8_t> root_hash;  // of its dm-verity tree, 32 bytes; empty: it is not verified
    uint64_t scratch = 0;            // bytes of a virtual machine's scratch disk; 0: none
    bool allow_slow_fs = false;

    std::vector<std::string> arguments;    // the program first: a path, or a name to look up in PATH
    std::vector<std::string> environment;  // NAME=VALUE
    std::string working_directory, home, user_name, host_name;
    uint32_t uid = 0, gid = 0;  // inside
    std::vector<uint32_t> groups;

    uint32_t processors = 0;   // of a virtual machine; 0 = as many as the invoker may use
    uint64_t memory = 0;       // bytes; 0 = half of the machine's
    uint64_t processes = 0;    // processes and threads together; 0 = 1,024, or half of what the user has left
    uint64_t timeout_ms = 0;   // 0 = none
    uint64_t cpu_time_ms = 0;  // 0 = none; summed over the sandbox
    bool deny_write_execute = false;
    bool interactive = false;
    bool quiet = false;
    bool statistics = false;
    bool profile = false;
    bool trace = false;
    int trace_descriptor = 2;            // where decoded calls go
    std::vector<uint32_t> denied_calls;  // numbers
    bool kill_on_denied = false;
};

struct CallCount {
    uint32_t number;
    uint64_t count, errors;
    uint64_t nanoseconds = 0;  // 0 when not measured
};

struct RunReport {
    enum class End : uint8_t {
        exited,        // the program ended by itself; `status` is its exit code
        signalled,     // by a signal; `status` is its number
        limit,         // a limit of the sandbox was hit; `reason` says which
        failed,        // fail-stop or no start; `reason` says why and what to do
        not_found,     // no such program (127)
        not_runnable,  // the program cannot be run (126)
    };
    End end = End::failed;
    int status = 0;
    std::string reason;

    uint64_t start_us = 0;  // from run_sandbox's call to the program's first instruction
    uint64_t wall_us = 0, cpu_us = 0;
    uint64_t guest_calls = 0, host_calls = 0;  // 0 unless statistics, profile or a report was asked for
    uint64_t file_requests = 0;                // that the openers served
    uint64_t peak_memory = 0;                  // bytes, of the whole sandbox
    uint64_t processes = 0;                    // made in all
    uint64_t files_lost = 0;                   // written in the current directory, not kept
    bool name_lookup_failed = false;           // something asked for a name and there is no network
    std::vector<CallCount> calls;
    std::vector<std::string> files;  // profile: what was opened, each once
};

/// Runs one program to its end. The terminal is as before afterwards; nothing of the sandbox is left.
RunReport run_sandbox(const RunOptions& options);

/// A command that begins as if it were to run something makes a process for that first of all. It ends here
/// if nothing was run.
void drop_unused_opener();

/// The same in a virtual machine, which `kernel`, an ELF file, boots.
RunReport run_machine(const RunOptions& options, std::string_view kernel);

/// The kernel of the VM platform that this program carries.
std::string_view embedded_kernel();

struct PolicyRow {
    std::string name;  // of the host system call
    uint32_t number;
    std::string constraint;  // in words, as the list of the contract has it; empty when there is none
};

/// The whole list of permitted host system calls; what an option makes unneeded is not in the filter of its
/// run.
std::vector<PolicyRow> policy_rows();

struct Probe {
    enum class State : uint8_t { good, limited, missing };
    std::string name;
    State state;
    std::string found;      // what was found
    std::string remedy;     // how to get it; empty when good
    bool required = false;  // without it LiteBox refuses to run
};

/// Looks at what the host offers, by trying. Leaves nothing behind.
std::vector<Probe> probe_host();

}  // namespace litebox::supervisor
