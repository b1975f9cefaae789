// The boot module (the monitor's initrd) in which the command tells the kernel what the invoker asked for: a
// header, then records of a header and `length` bytes, each padded to 8. What is missing is zero or empty;
// unknown kinds are refused, so that nothing asked for is left out silently. Little-endian.
#pragma once

#include "core/base/types.h"
#include "platform/host_files.h"

namespace litebox::vm {

struct ParameterHeader {
    static constexpr u64 expected_magic = 0x31307362786c'746cull;
    u64 magic;
    u64 length;  // of the whole module, this header too
};

enum class Parameter : u32 {
    argument = 1,           // text; in order, the first is the program
    environment = 2,        // text NAME=VALUE; in order
    working_directory = 3,  // text
    home_directory = 4,     // text
    user_name = 5,          // text
    host_name = 6,          // text
    identity = 7,           // u32 uid, u32 gid
    groups = 8,             // u32 ...
    grant = 9,              // GrantRecord, guest path, link target
    limits = 10,            // LimitsRecord
    flags = 11,             // u64 of ParameterFlag
    denied_calls = 12,      // u64 ...: bit map by number
    clock = 13,             // ClockRecord
    seed = 14,              // 32 to 64 bytes of entropy
    terminal = 15,          // TerminalRecord
    root_hash = 16,         // of the image's dm-verity tree, with flag_root_image: 32 bytes
};

struct ParameterRecord {
    Parameter kind;
    u32 length;
};

enum ParameterFlag : u64 {
    flag_deny_write_execute = 1,
    flag_trace = 2,
    flag_statistics = 4,
    flag_quiet = 8,
    flag_root_given = 16,
    flag_interactive = 32,
    flag_kill_on_denied = 64,
    flag_profile = 128,
    flag_root_image = 256,  // the first block device is an EROFS image, and the root
    flag_scratch = 512,     // files in memory may lie on the first block device that can be written
};

/// Grants are numbered in their order from 0; number N is what the 9P export shows as `N`.
struct GrantRecord {
    u32 kind;  // platform::GrantParameters::Kind
    u32 system;
    u64 size;
    u32 path_length, link_length;  // the two texts behind this record
    platform::HostAttributes attributes;
    /// The monitor serves a directory as its owner without being that owner: the export shows these in place
    /// of `attributes.uid` and `gid` everywhere in the grant, and the other way round. Equal: nothing is
    /// exchanged.
    u32 shown_uid, shown_gid;
};

struct LimitsRecord {
    u64 memory, temporary, cpu_seconds;
    u32 processes;
    u32 reserved;
};

struct ClockRecord {
    u64 realtime_ns;  // when the module was written
    u64 counter_hz;   // of the time stamp counter; 0: not known
};

struct TerminalRecord {
    u32 streams;  // bit per stream 0, 1, 2 that is a terminal
    u16 rows, columns;
};

}  // namespace litebox::vm
