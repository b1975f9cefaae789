// execve(2): from a name to a running image.
#pragma once

#include "core/file/walk.h"
#include "linux/elf.h"

namespace litebox {

/// Zero-terminated strings one after another: arguments first, then the environment.
struct ExecStrings {
    Vector<char> bytes;
    u32 argument_count = 0, environment_count = 0;
    u64 argument_bytes = 0;

    Result<void> add_argument(string_view text);
    Result<void> add_environment(string_view text);
    /// For scripts: replaces the first argument by these.
    Result<void> replace_first(std::span<const string_view> texts);
};

/// Runs the program in the current thread's process; on success the guest frame points at the new image's
/// first instruction (or, for a vfork child, the current thread is the parent again). Errors leave the
/// process as it was.
Result<void> execute(Thread& thread, int directory, string_view name, u32 flags, ExecStrings strings);

/// The same for the first process of the sandbox, whose space is empty.
Result<void> execute_first(Thread& thread, string_view path, ExecStrings strings);

}  // namespace litebox
