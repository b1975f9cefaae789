// Memory that the sandbox shares with its supervisor and opener. Whoever is outside reads each field once and
// believes nothing: a guest owns every byte here.
#pragma once

#include <atomic>

#include "core/base/types.h"
#include "platform/host_files.h"
#include "platform/process/abi/start_block.h"

namespace litebox::process {

/// How it ended, told by the core.
enum StopState : u32 { running = 0, stopped = 1, broken = 2 };

struct ControlBlock {
    std::atomic<u32> stop_state;
    std::atomic<u32> stop_status;  // wait(2) format
    char reason[200];              // broken: why
    std::atomic<u64> guest_calls, host_calls;
    std::atomic<u64> first_instruction_ns;  // monotonic
    std::atomic<u64> files_lost;
    std::atomic<u32> name_lookup_failed;
    // Terminal.
    std::atomic<u32> raw_wanted, raw_active;
    std::atomic<u32> window_rows_columns;  // rows << 16 | columns, from outside
    std::atomic<u32> signals_pending;      // bit per signal for the program, set from outside, taken inside
    std::atomic<u32> system_bell;          // rung from outside: news for the system process
    /// Resident memory as the host counts it, told from outside about ten times a second for what /proc shows
    /// inside: a process's number in the sandbox's namespace << 32 | KiB, at that number modulo the size.
    static constexpr u32 resident_count = 256;
    std::atomic<u64> resident[resident_count];
};

/// Bytes going out: records of a header word (kind << 24 | length) and the bytes, padded to 4.
struct OutRing {
    static constexpr u32 size = u32{1} << 18;
    enum Kind : u32 { output = 1, error = 2, report = 3 };
    std::atomic<u32> produced;  // bytes, ever; futex of the supervisor
    std::atomic<u32> consumed;  // futex of the sandbox
    std::atomic<u32> sleeping;  // the supervisor sleeps and wants a wake-up
    u8 bytes[size];
};

/// Bytes coming in: only what was asked for.
struct InRing {
    static constexpr u32 size = u32{1} << 16;
    std::atomic<u32> asked;     // counts requests; futex of the supervisor
    std::atomic<u32> kind;      // of the last: 1 read, 2 tell when readable
    std::atomic<u32> wanted;    // bytes
    std::atomic<u32> answered;  // equals `asked` when done; futex of the sandbox
    std::atomic<u32> produced, consumed;
    std::atomic<u32> ended;     // end of file was seen
    std::atomic<u32> readable;  // there is something, not read yet
    u8 bytes[size];
};

enum class FileOperation : u32 {
    open,
    open_many,
    list,
    read_link,
    create,
    create_symlink,
    link,
    remove,
    rename,
    set_attributes,
    attributes,
    release,
    write,
    truncate,
    allocate,
    sync,
    seek,
    lock,
    get_attribute,
    list_attributes,
    set_attribute,
    remove_attribute,
    space
};

struct FileRequest {
    FileOperation operation;
    u32 grant;
    u32 flags;  // want, renameat2 flags, mode, sync kind, xattr flags
    i32 slot;
    u64 position, length;
    platform::HostIdentity directory;               // what `first` must name; inode 0: not checked
    u32 first_length, second_length, third_length;  // bytes in `data`, one after another
    u32 room;                                       // bytes of `data` that the answer may use
    platform::HostAttributeChange change;
};

struct FileReply {
    i32 error;  // 0 or errno
    u32 bytes;  // in `data`
    u64 value;
    u32 end;
    u32 padding;
    platform::HostNode node;
    platform::HostSpace space;
};

struct FileSlot {
    static constexpr u32 data_size = u32{1} << 16;
    /// `awaited`: posted, and the one who asked sleeps.
    enum State : u32 { free = 0, filling = 1, posted = 2, awaited = 3, answered = 4 };
    std::atomic<u32> state;  // futex of the one who asked
    FileRequest request;
    FileReply reply;
    u8 data[data_size];
};

/// Requests to one opener.
struct FileLane {
    static constexpr u32 slot_count = 8;
    std::atomic<u32> bell;         // futex of the opener: counts posted requests
    std::atomic<u32> sleeping;     // the opener sleeps
    std::atomic<u32> spin_wanted;  // a hint: there is a processor to wait awake on
    std::atomic<u64> requests;     // served, for --stats and tests
    /// Of the first lane: the supervisor asks for changes to be announced; futex of the supervisor.
    std::atomic<u32> drains_asked, drains_done;
    FileSlot slots[slot_count];
};

struct FileRing {
    alignas(64) platform::HostWatchWords watches[platform::host_watch_limit];
    alignas(64) FileLane lanes[most_file_lanes];
};

struct Rings {
    alignas(64) ControlBlock control;
    alignas(64) OutRing out;
    alignas(64) InRing in;
    alignas(64) FileRing files;
    std::atomic<u32> out_closed[2];  // nobody reads stdout, stderr any more
};

}  // namespace litebox::process
