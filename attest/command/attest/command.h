// What the sub-commands of `litebox attest` share: exit codes, files, messages.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "attest/evidence.h"
#include "attest/policy.h"
#include "attest/verify.h"

namespace litebox::attest::command {

enum ExitCode : int {
    exit_accepted = 0,   // accepted; for other sub-commands: done
    exit_refused = 1,    // a verdict that refuses; a policy that is wrong; nothing found
    exit_usage = 2,      // wrong options, a file that cannot be read
    exit_malformed = 3,  // the evidence is no evidence, or damaged
};

/// "litebox attest: MESSAGE" on standard error; gives `code` back.
int complain(const std::string& message, ExitCode code = exit_usage);
void print(const std::string& text);

/// The whole file, at most 4 MiB; "-" is standard input.
Result<Bytes> read_file(const std::string& path);
/// Evidence from a file, from standard input, or from a directory with configfs-tsm's files (outblob,
/// auxblob, provider).
Result<Bytes> read_evidence(const std::string& path);
/// The DER of an X.509 certificate that the bytes are, or that PEM text begins with.
std::optional<Bytes> certificate_in(ByteView bytes);
/// Evidence in any form, or in a certificate.
Result<Evidence> find_evidence(ByteView bytes);
/// The default policy where no file is named.
Result<Policy> read_policy(const std::string& path);
/// Certificates of a PEM or DER file, as roots of every vendor.
Result<void> add_root(const std::string& path, Roots& roots);

// Each adds its sub-command to `app`; what was chosen is run after parsing and leaves its exit code in
// `exit_code`.
void add_verify(CLI::App& app, int& exit_code);
void add_show(CLI::App& app, int& exit_code);
void add_fetch_urls(CLI::App& app, int& exit_code);
void add_policy(CLI::App& app, int& exit_code);
void add_explain_mismatch(CLI::App& app, int& exit_code);
void add_simulate(CLI::App& app, int& exit_code);

}  // namespace litebox::attest::command
