// What the invoker asked for, as the core sees it. The platform fills it in at boot from what its host side
// handed over.
#pragma once

#include <span>
#include <string_view>

#include "platform/host_files.h"
#include "platform/platform.h"

namespace litebox::platform {

/// One entry of the view: where it shows inside, and what it shows.
struct GrantParameters {
    enum class Kind : u8 { read_only, read_write, temporary };
    Kind kind;
    bool system;                  // part of the default view's system directories, not named by the user
    std::string_view guest_path;  // absolute; "/" with --root
    u32 grant;                    // the platform's id for requests (host_files.h); unused for temporary
    u64 size;                     // temporary: limit in bytes, 0 = default
    std::string_view link;        // it is a symbolic link with this target: shown as one
    HostAttributes attributes;    // of what it shows, as it was at start; unused for temporary
};

struct BootParameters {
    std::span<const std::string_view> arguments;  // argv of the program
    std::span<const std::string_view> environment;
    std::string_view program;  // path or name to look up in PATH
    std::string_view working_directory;
    std::string_view home_directory;
    std::string_view user_name;
    std::string_view host_name;
    u32 uid, gid;  // inside
    std::span<const u32> groups;
    std::span<const GrantParameters> grants;
    u64 memory_limit;     // bytes
    u64 temporary_limit;  // bytes of tmpfs
    u32 process_limit;
    u64 cpu_seconds;          // RLIMIT_CPU; 0 = none
    bool deny_write_execute;  // --wx=deny
    bool trace, statistics;
    bool quiet;
    bool root_given;                    // --root: no default view beneath
    bool root_image;                    // the root is the EROFS image on block device 0
    std::span<const u8> root_hash;      // of its dm-verity tree, 32 bytes; empty: the image is not verified
    bool scratch;                       // files in memory may lie on the first disk that can be written
    bool interactive;                   // -it
    std::span<const u64> denied_calls;  // bit map by number (--deny-calls)
    bool kill_on_denied;
    bool profile;
};

}  // namespace litebox::platform
