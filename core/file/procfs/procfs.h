// proc and sysfs: files whose contents are generated when they are read. Tables name the files and the
// functions that write their text; a few kinds of directories make up their entries.
#pragma once

#include "core/file/file.h"
#include "core/task/process.h"

namespace litebox {

/// What a file is about: a process (and a thread of it), or a number (a processor, a descriptor), or nothing.
struct ProcSubject {
    Ref<Process> process;
    Ref<Thread> thread;
    u32 number = 0;
};

struct ProcEntry;
using ProcTable = std::span<const ProcEntry>;
using ProcText = Result<void> (*)(TextBuilder& to, const ProcSubject& subject);
using ProcStore = Result<void> (*)(string_view text, const ProcSubject& subject);
using ProcPlace = Result<Path> (*)(const ProcSubject& subject);

enum class ProcKind : u8 {
    text,         // generated
    link,         // its text
    place,        // a magic link
    directory,    // of `children`
    processes,    // the root: `children` and all processes
    threads,      // PID/task
    descriptors,  // PID/fd
    information,  // PID/fdinfo
    processors,   // `children` of sysfs' cpu directory, and cpu0 ...
    memory        // PID/mem
};

struct ProcEntry {
    string_view name;
    ProcKind kind;
    u32 mode;  // permissions
    ProcText text = nullptr;
    ProcStore store = nullptr;
    ProcPlace place = nullptr;
    const ProcEntry* children = nullptr;
    u32 child_count = 0;
};

Result<Ref<FileSystem>> make_process_file_system();
Result<Ref<FileSystem>> make_system_file_system();

// Tables, each where its generators are.
ProcTable process_entries();  // of a process: /proc/PID
ProcTable thread_entries();   // of a thread: /proc/PID/task/TID
const ProcEntry& proc_root_entry();
const ProcEntry& sysfs_root_entry();

/// References to what a process's threads share, taken safely from any thread; null when it has ended.
Ref<AddressSpace> space_of(const ProcSubject& subject);
Ref<DescriptorTable> descriptors_of(const ProcSubject& subject);
Ref<FileContext> context_of(const ProcSubject& subject);
Ref<Credentials> credentials_of(const ProcSubject& subject);

/// ptrace-like access to another process (memory, environment, descriptors): same ids or CAP_SYS_PTRACE.
Result<void> check_inspect(const ProcSubject& subject);

// Generators that other tables use too.
Result<void> write_maps(TextBuilder& to, const ProcSubject& subject);
Result<void> write_smaps(TextBuilder& to, const ProcSubject& subject);
Result<void> write_smaps_rollup(TextBuilder& to, const ProcSubject& subject);
Result<void> write_mounts(TextBuilder& to, const ProcSubject& subject);
Result<void> write_mount_information(TextBuilder& to, const ProcSubject& subject);
Result<void> write_descriptor_information(TextBuilder& to, const ProcSubject& subject);
Result<void> write_processor_information(TextBuilder& to, const ProcSubject& subject);
u64 cpu_ns_of(const ProcSubject& subject);
char state_of(const ProcSubject& subject);

}  // namespace litebox
