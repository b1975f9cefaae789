// litebox run and litebox profile: from the command to the supervisor, and from its report to words and an
// exit code.
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/program_check.h"
#include "cli/report.h"
#include "cli/run_command.h"
#include "supervisor/supervisor.h"

namespace litebox::cli {

namespace {

using supervisor::RunOptions;
using supervisor::RunReport;

RunOptions options_of(const RunCommand& command) {
    RunOptions options;
    for (const Grant& grant : command.grants)
        options.grants.push_back({static_cast<supervisor::Grant::Kind>(grant.kind), grant.host, grant.guest,
                                  grant.size, grant.system});
    options.root_given = command.root_given;
    options.image = command.image;
    options.root_hash = command.root_hash;
    options.scratch = command.scratch;
    options.allow_slow_fs = command.allow_slow_fs;
    options.arguments = command.arguments;
    options.environment = command.environment;
    options.working_directory = command.working_directory;
    options.home = command.home;
    options.user_name = command.user_name;
    options.host_name = command.host_name;
    options.uid = command.uid;
    options.gid = command.gid;
    options.groups = command.groups;
    options.processors = command.processors;
    options.memory = command.memory;
    options.processes = command.processes;
    options.timeout_ms = command.timeout_ms;
    options.cpu_time_ms = command.cpu_time_ms;
    options.deny_write_execute = command.deny_write_execute;
    options.interactive = command.interactive;
    options.quiet = command.quiet;
    options.statistics = command.statistics || command.json;
    options.profile = command.profile;
    options.trace = command.trace;
    for (size_t i = 0; i < command.denied_calls.size(); i++)
        if (command.denied_calls.test(i)) options.denied_calls.push_back(static_cast<uint32_t>(i));
    options.kill_on_denied = command.kill_on_denied;
    return options;
}

int exit_code(const RunReport& report) {
    switch (report.end) {
        case RunReport::End::exited:
            return report.status & 0xff;
        case RunReport::End::signalled:
            return 128 + report.status;
        case RunReport::End::limit:
            return report.status ? report.status : 128 + 9;
        case RunReport::End::not_found:
            return exit_not_found;
        case RunReport::End::not_runnable:
            return exit_not_runnable;
        case RunReport::End::failed:
            break;
    }
    return exit_litebox;
}

int open_output(const std::string& path, std::string_view option) {
    int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) complain("--" + std::string(option) + "=" + path + ": " + strerror(errno));
    return descriptor;
}

void write_text(int descriptor, std::string_view text) {
    while (!text.empty()) {
        ssize_t written = write(descriptor, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<size_t>(written));
    }
}

void closing_notes(const RunCommand& command, const RunReport& report) {
    if (!report.reason.empty() && report.end != RunReport::End::exited) complain(report.reason);
    if (command.quiet) return;
    if (report.files_lost)
        complain(std::to_string(report.files_lost) + (report.files_lost == 1 ? " file" : " files") +
                 " written in " + command.working_directory +
                 " vanished with the sandbox; to keep them: --rw " + command.working_directory);
    if (report.name_lookup_failed)
        complain("a name look-up failed: the network is not granted, only loopback inside the sandbox");
}

/// An interrupt typed at the terminal must end the shell's loop around us too, which looks at how we ended,
/// not at a number.
void pass_interrupt(const RunReport& report) {
    if (report.end != RunReport::End::signalled || (report.status != SIGINT && report.status != SIGQUIT) ||
        !isatty(STDIN_FILENO))
        return;
    signal(report.status, SIG_DFL);
    raise(report.status);
}

int run_command(Words words, bool profile) {
    for (const char* word : words) {
        if (word == std::string_view("--")) break;
        if (word == std::string_view("--help") || word == std::string_view("-h")) {
            print(run_usage(profile));
            return 0;
        }
        if (word[0] != '-') break;
    }
    auto parsed = parse_run(words, host_surroundings(), profile);
    if (auto* complaint = std::get_if<Complaint>(&parsed)) return fail(*complaint);
    auto& command = std::get<RunCommand>(parsed);
    if (auto problem = check_program(command)) return fail(*problem);
    RunOptions options = options_of(command);
    int json_output = STDERR_FILENO;
    if (!command.trace_file.empty() &&
        (options.trace_descriptor = open_output(command.trace_file, "trace")) < 0)
        return exit_litebox;
    if (!command.json_file.empty() && (json_output = open_output(command.json_file, "json")) < 0)
        return exit_litebox;
    if (!command.quiet)
        for (const std::string& note : command.notes) complain(note);
    RunReport report = command.virtual_machine
                           ? supervisor::run_machine(options, supervisor::embedded_kernel())
                           : supervisor::run_sandbox(options);
    closing_notes(command, report);
    int code = exit_code(report);
    if (command.profile)
        write_text(STDERR_FILENO, profile_text(command, report));
    else if (command.statistics)
        write_text(STDERR_FILENO, statistics_text(report));
    if (command.json) write_text(json_output, report_json(command, report, code) + "\n");
    pass_interrupt(report);
    return code;
}

}  // namespace

int command_run(Words words) {
    return run_command(words, false);
}

int command_profile(Words words) {
    return run_command(words, true);
}

}  // namespace litebox::cli
