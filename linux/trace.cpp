#include "linux/trace.h"

#include "arch/x86_64/registers.h"
#include "core/file/file.h"
#include "core/kernel.h"
#include "core/memory/user.h"
#include "core/task/process.h"
#include "linux/errno_names.h"
#include "linux/table.h"
#include "platform/boot_parameters.h"

namespace litebox {

namespace {

constexpr usize shown_text = 64;

/// A program's bytes on the invoker's terminal: control characters and quotes as escapes.
void put_escaped(TextBuilder& line, string_view text) {
    line.character('"');
    for (char c : text) {
        auto byte = static_cast<u8>(c);
        if (c == '\n')
            line.text("\\n"sv);
        else if (c == '"' || c == '\\')
            line.character('\\').character(c);
        else if (byte < 0x20 || byte >= 0x7f)
            line.text("\\x"sv).hex(byte, 2);
        else
            line.character(c);
    }
    line.character('"');
}

void put_text(TextBuilder& line, u64 address, usize length, bool cut) {
    char bytes[shown_text];
    length = min(length, sizeof(bytes));
    usize copied = address == 0 ? 0 : platform::copy_in(bytes, address, length);
    if (copied == 0 && length > 0) {
        line.text("0x"sv).hex(address);
        return;
    }
    put_escaped(line, {bytes, copied});
    if (cut) line.text("..."sv);
}

void put_path(TextBuilder& line, u64 address) {
    char bytes[256];
    isize length = address == 0 ? -1 : platform::copy_in_string(bytes, address, sizeof(bytes));
    if (length < 0) {
        line.text(address == 0 ? "NULL"sv : "0x"sv);
        if (address != 0) line.hex(address);
        return;
    }
    put_escaped(line, {bytes, min(static_cast<usize>(length), sizeof(bytes))});
}

void put_open_flags(TextBuilder& line, u32 flags) {
    struct Name {
        u32 bits;
        string_view name;
    };
    constexpr Name names[] = {{open_create, "O_CREAT"sv},
                              {open_exclusive, "O_EXCL"sv},
                              {open_no_controlling_terminal, "O_NOCTTY"sv},
                              {open_truncate, "O_TRUNC"sv},
                              {open_append, "O_APPEND"sv},
                              {open_non_blocking, "O_NONBLOCK"sv},
                              {open_directory, "O_DIRECTORY"sv},
                              {open_no_follow, "O_NOFOLLOW"sv},
                              {open_close_on_exec, "O_CLOEXEC"sv},
                              {open_path, "O_PATH"sv}};
    u32 mode = flags & open_access_mode;
    line.text(mode == open_read_only ? "O_RDONLY"sv : mode == open_write_only ? "O_WRONLY"sv : "O_RDWR"sv);
    flags &= ~u32{open_access_mode};
    for (const Name& name : names) {
        if ((flags & name.bits) == 0) continue;
        line.character('|').text(name.name);
        flags &= ~name.bits;
    }
    if (flags != 0) line.text("|0x"sv).hex(flags);
}

/// One argument as its type in the table says. `length`: what a buffer's size argument says.
void put_argument(TextBuilder& line, string_view type, u64 value, u64 length) {
    if (type == "path"sv) {
        put_path(line, value);
    } else if (type == "in"sv) {
        put_text(line, value, length, length > shown_text);
    } else if (type == "fd"sv || type == "int"sv || type == "pid"sv || type == "signal"sv ||
               type == "clock"sv) {
        line.decimal(static_cast<i32>(value));
    } else if (type == "dirfd"sv) {
        if (static_cast<i32>(value) == -100)
            line.text("AT_FDCWD"sv);
        else
            line.decimal(static_cast<i32>(value));
    } else if (type == "size"sv || type == "uint"sv || type == "offset"sv || type == "uid"sv ||
               type == "gid"sv) {
        line.unsigned_decimal(value);
    } else if (type == "openflags"sv) {
        put_open_flags(line, static_cast<u32>(value));
    } else if (type == "mode"sv) {
        line.character('0').octal(value);
    } else if (value == 0) {
        line.text(type == "flags"sv || type == "hex"sv || type == "prot"sv ? "0"sv : "NULL"sv);
    } else {
        line.text("0x"sv).hex(value);
    }
}

void put_arguments(TextBuilder& line, string_view specification, const arch::RegisterFrame& frame) {
    for (int index = 0; index < 6 && !specification.empty(); index++) {
        usize end = min(specification.find(' '), specification.size());
        string_view pair = specification.substr(0, end);
        specification.remove_prefix(min(end + 1, specification.size()));
        usize colon = min(pair.find(':'), pair.size() - 1);
        if (index > 0) line.text(", "sv);
        put_argument(line, pair.substr(colon + 1), frame.argument(index),
                     index < 5 ? frame.argument(index + 1) : 0);
    }
}

void put_result(TextBuilder& line, const Result<u64>& result) {
    line.text(") = "sv);
    if (!result.ok()) {
        line.text("-1 "sv).text(errno_name(result.error()));
        return;
    }
    constexpr u64 small = 1 << 24;
    if (result.value() < small)
        line.unsigned_decimal(result.value());
    else
        line.text("0x"sv).hex(result.value());
}

Result<u64> run_call(Thread& thread, u64 number, const arch::RegisterFrame& frame, CallHandler handler) {
    const auto& parameters = platform::boot_parameters();
    u64 word = number / 64;
    bool denied =
        word < parameters.denied_calls.size() && (parameters.denied_calls[word] >> number % 64 & 1) != 0;
    if (!denied) return handler(thread, number, frame);
    if (parameters.kill_on_denied) {
        const CallRow* row = call_row(number);
        TextBuilder line;
        line.text("denied call "sv).text(row != nullptr ? row->name : "?");
        platform::report(line.view());
        platform::stop(31);  // as if by SIGSYS
    }
    return Errno::eperm;
}

/// --profile: what was opened, one line each; the supervisor keeps each once.
void tell_opened(Thread& thread, u64 number, const Result<u64>& result) {
    constexpr u64 nr_open = 2, nr_openat = 257, nr_openat2 = 437;
    if (!result.ok() || (number != nr_open && number != nr_openat && number != nr_openat2)) return;
    auto file = thread.files->get(static_cast<int>(result.value()));
    if (!file.ok() || !file.value()->path.valid()) return;
    auto path = file.value()->path.text(thread.directory->root());
    if (!path.ok()) return;
    TextBuilder line;
    line.text(
            "\x01"
            "open "sv)
        .text(path.value().view());
    platform::report(line.view());
}

void count_call(Thread& thread, u64 number, const Result<u64>& result) {
    TraceState* trace = kernel().trace;
    if (trace == nullptr || number >= call_count) return;
    if (!result.ok() && result.error() < Errno::restartsys)
        trace->errors[number].fetch_add(1, std::memory_order_relaxed);
    if (platform::boot_parameters().profile) tell_opened(thread, number, result);
}

}  // namespace

Result<void> start_tracing(const platform::BootParameters& parameters, Thread& thread) {
    bool denies = false;
    for (u64 word : parameters.denied_calls) denies |= word != 0;
    if (!parameters.trace && !parameters.statistics && !parameters.profile && !denies) return {};
    kernel().trace = TRY(make_own<TraceState>()).release();
    kernel().trace->lines = parameters.trace;
    thread.work.fetch_or(work_notify);
    return {};
}

void report_counts() {
    TraceState* trace = kernel().trace;
    if (trace == nullptr || trace->lines) return;
    for (u32 number = 0; number < call_count; number++) {
        u64 count = trace->counts[number].load(std::memory_order_relaxed);
        if (count == 0) continue;
        TextBuilder line;
        line.text(
                "\x01"
                "call "sv)
            .decimal(number)
            .character(' ')
            .unsigned_decimal(count)
            .character(' ');
        line.unsigned_decimal(trace->errors[number].load(std::memory_order_relaxed));
        platform::report(line.view());
    }
}

Result<u64> traced_call(Thread& thread, u64 number, const arch::RegisterFrame& frame, CallHandler handler) {
    TraceState* trace = kernel().trace;
    if (trace != nullptr && number < call_count)
        trace->counts[number].fetch_add(1, std::memory_order_relaxed);
    if (trace == nullptr || !trace->lines) {
        auto result = run_call(thread, number, frame, handler);
        count_call(thread, number, result);
        return result;
    }
    const CallRow* row = call_row(number);
    TextBuilder line;
    line.character('[').decimal(thread.tid).text("] "sv).text(row != nullptr ? row->name : "unknown");
    line.character('(');
    if (row != nullptr && row->arguments[0] != '\0')
        put_arguments(line, row->arguments, frame);
    else
        line.text("0x"sv).hex(frame.rdi).text(", 0x"sv).hex(frame.rsi).text(", 0x"sv).hex(frame.rdx);
    bool leaves = number == 60 || number == 231 || number == 59 || number == 322;
    if (leaves) {
        line.character(')');
        platform::report(line.view());
    }
    auto result = run_call(thread, number, frame, handler);
    if (leaves) return result;
    put_result(line, result);
    platform::report(line.view());
    return result;
}

}  // namespace litebox
