#include "cli/report.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "cli/json.h"
#include "cli/syscall_names.h"

namespace litebox::cli {

namespace {

using supervisor::CallCount;
using supervisor::RunReport;

/// What every start needs, whatever the program did in this run: without these a deny list would be brittle.
constexpr std::string_view always[] = {"exit", "exit_group", "rt_sigreturn", "restart_syscall", "execve"};

std::string name_of(uint32_t number) {
    const CallName* call = call_by_number(number);
    return call ? std::string(call->name) : "number " + std::to_string(number);
}

__attribute__((format(printf, 2, 3))) void add(std::string& out, const char* format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    out += line;
}

std::vector<CallCount> by_count(const RunReport& report) {
    std::vector<CallCount> calls = report.calls;
    std::sort(calls.begin(), calls.end(), [](const CallCount& a, const CallCount& b) {
        return a.count != b.count ? a.count > b.count : a.number < b.number;
    });
    return calls;
}

const char* end_word(RunReport::End end) {
    switch (end) {
        case RunReport::End::exited:
            return "exited";
        case RunReport::End::signalled:
            return "signalled";
        case RunReport::End::limit:
            return "limit";
        case RunReport::End::failed:
            return "failed";
        case RunReport::End::not_found:
            return "not found";
        case RunReport::End::not_runnable:
            return "not runnable";
    }
    return "failed";
}

}  // namespace

std::string statistics_text(const RunReport& report) {
    std::string out;
    add(out,
        "litebox: started in %.2f ms, ran %.3f s (%.3f s of processor time), %llu processes, at most %.1f "
        "MiB\n",
        report.start_us / 1e3, report.wall_us / 1e6, report.cpu_us / 1e6,
        (unsigned long long)report.processes, report.peak_memory / 1048576.0);
    add(out,
        "litebox: %llu system calls served inside, %llu host system calls made, %llu requests about granted "
        "files\n",
        (unsigned long long)report.guest_calls, (unsigned long long)report.host_calls,
        (unsigned long long)report.file_requests);
    if (report.calls.empty()) return out;
    add(out, "%12s %10s  %s\n", "calls", "errors", "system call");
    for (const CallCount& call : by_count(report))
        add(out, "%12llu %10llu  %s\n", (unsigned long long)call.count, (unsigned long long)call.errors,
            name_of(call.number).c_str());
    return out;
}

std::string deny_list(const RunReport& report) {
    std::string out =
        "# system calls that the profiled run did not use; for litebox run --deny-calls FILE\naction eperm\n";
    for (const CallName& call : call_names()) {
        if (call.support == Support::absent)
            continue;  // answers ENOSYS anyway, which programs know how to take
        bool used = std::any_of(report.calls.begin(), report.calls.end(),
                                [&](const CallCount& c) { return c.number == call.number && c.count; });
        if (!used && std::find(std::begin(always), std::end(always), call.name) == std::end(always))
            out += std::string(call.name) + "\n";
    }
    return out;
}

std::string profile_text(const RunCommand& command, const RunReport& report) {
    std::string out = statistics_text(report);
    add(out, "\nfiles opened: %zu\n", report.files.size());
    for (const std::string& file : report.files) out += "  " + printable(file) + "\n";
    out += "\na deny list that would still let it run (the same input given):\n\n" + deny_list(report);
    add(out, "\n# try it: litebox run --deny-calls FILE -- %s\n", printable(command.arguments[0]).c_str());
    return out;
}

std::string report_json(const RunCommand& command, const RunReport& report, int exit_code) {
    JsonWriter json;
    json.begin_object()
        .member("program", std::string_view(command.arguments[0]))
        .member("end", end_word(report.end));
    json.member("exit_code", static_cast<uint64_t>(exit_code));
    if (report.end == RunReport::End::signalled) json.member("signal", static_cast<uint64_t>(report.status));
    json.key("reason");
    if (report.reason.empty())
        json.null();
    else
        json.value(std::string_view(report.reason));
    json.member("start_us", report.start_us)
        .member("wall_us", report.wall_us)
        .member("cpu_us", report.cpu_us);
    json.member("guest_calls", report.guest_calls).member("host_calls", report.host_calls);
    json.member("file_requests", report.file_requests);
    json.member("peak_memory", report.peak_memory).member("processes", report.processes);
    json.member("files_lost", report.files_lost).member("name_lookup_failed", report.name_lookup_failed);
    json.key("calls").begin_array();
    for (const CallCount& call : by_count(report))
        json.begin_object()
            .member("name", std::string_view(name_of(call.number)))
            .member("number", uint64_t{call.number})
            .member("count", call.count)
            .member("errors", call.errors)
            .end_object();
    json.end_array();
    if (command.profile) {
        json.key("files").begin_array();
        for (const std::string& file : report.files) json.value(std::string_view(file));
        json.end_array().member("deny_list", std::string_view(deny_list(report)));
    }
    return json.end_object().text();
}

}  // namespace litebox::cli
