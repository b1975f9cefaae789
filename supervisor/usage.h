// What host processes use, as the host counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace litebox::supervisor {

/// A file of /proc, whole; empty if it cannot be read.
std::string read_file(const std::string& path);
/// One write to a file of /proc or of a cgroup; false where it is refused.
bool write_file(const std::string& path, const std::string& text);

/// Of a child in a new user namespace, as root: all ids as they are, so that files show their owners; the
/// sandbox's own id is none of them that owns anything.
bool write_identity_maps(pid_t child);

/// Our own children, those that ended and were not waited for included. Every host process of a sandbox is
/// one, whoever made it.
std::vector<pid_t> children();

struct Use {
    uint64_t cpu_us = 0;
    uint64_t memory = 0;  // bytes: resident and swapped anonymous memory, and page tables
};

/// What one process has resident: its own memory and pages of files.
struct Resident {
    uint32_t number;  // as its own PID namespace has it
    uint32_t kib;
};

/// The sum over `processes`; those that are gone count nothing. `residents` gets a row for each of them.
Use use_of(const std::vector<pid_t>& processes, std::vector<Resident>& residents);

/// Bytes that the host has left without swapping.
uint64_t free_memory();

}  // namespace litebox::supervisor
