// The table of options of `litebox run`.
#include "cli/run_options.h"

namespace litebox::cli {

namespace {

using enum ValueKind;

constexpr OptionSpec specs[] = {
    {opt_ro, "ro", 0, required, "PATH[:INSIDE]", "src",
     "show a host directory or file read-only; writes to it stay in memory and vanish"},
    {opt_rw, "rw", 0, required, "PATH[:INSIDE]", "out",
     "show a host directory whose files may be changed on the host"},
    {opt_tmpfs, "tmpfs", 0, required, "PATH[:SIZE]", "/scratch:256M", "an empty directory in memory"},
    {opt_root, "root", 0, required, "DIR", "rootfs",
     "this directory is the root; nothing else of the host is shown. Writes stay in memory"},
    {opt_image, "image", 0, required, "FILE", "root.img",
     "this EROFS image, made by `litebox image build`, is the root of the virtual machine. Writes stay in "
     "memory"},
    {opt_root_hash, "root-hash", 0, required, "HASH|none", "none",
     "of the image's hash tree: nothing else passes for its contents; none: take the image as it is, "
     "unverified"},
    {opt_scratch, "scratch", 0, required, "SIZE", "4G",
     "what the virtual machine writes and does not keep may be so much, on a disk of its own, and not only "
     "half of its memory; the disk is a file in TMPDIR, or /var/tmp, that vanishes with the machine"},
    {opt_cwd, "cwd", 0, required, "DIR", "/srv", "directory to start in, as seen inside"},
    {opt_env, "env", 'e', required, "NAME=VALUE", "LANG=C", "set an environment variable"},
    {opt_env_pass, "env-pass", 0, required, "NAME", "EDITOR", "pass a variable of yours; NAME may end in *"},
    {opt_user, "user", 'u', required, "USER[:GROUP]", "root",
     "identity inside, a name or a number; default: yours"},
    {opt_hostname, "hostname", 0, required, "NAME", "build", "host name inside; default litebox"},
    {opt_platform, "platform", 0, required, "process|vm", "vm",
     "what confines the program: host processes behind a system-call filter, or a virtual machine whose "
     "kernel "
     "is LiteBox; default process"},
    {opt_cpus, "cpus", 0, required, "N", "2",
     "processors of the virtual machine; default as many as you may use"},
    {opt_memory, "memory", 'm', required, "SIZE", "512M",
     "limit of memory, in bytes or with K, M, G or %; default half of the machine's"},
    {opt_processes, "processes", 0, required, "N", "100",
     "limit of processes and threads together; default 1024, or half of what the user has left"},
    {opt_timeout, "timeout", 0, required, "TIME", "30s", "end the sandbox after this time (s, m, h or ms)"},
    {opt_cpu_time, "cpu-time", 0, required, "TIME", "10s",
     "end the sandbox after this much processor time in all"},
    {opt_wx, "wx", 0, required, "allow|deny", "deny",
     "whether memory may be writable and executable; default allow"},
    {opt_deny_calls, "deny-calls", 0, required, "FILE", "deny.txt",
     "system calls that are refused inside, one name a line, as `litebox profile` writes them"},
    {opt_deny_action, "deny-action", 0, required, "eperm|kill", "kill",
     "what a refused call does: answer EPERM, or end the program; default eperm"},
    {opt_allow_slow_fs, "allow-slow-fs", 0, none, "", "",
     "allow granted directories on FUSE, network or automounted file systems"},
    {opt_interactive, "interactive", 'i', none, "", "",
     "accepted for habit: standard input is always passed"},
    {opt_terminal, "terminal", 't', none, "", "",
     "insist on a terminal: complain when standard input is none"},
    {opt_trace, "trace", 0, optional, "FILE", "", "print every system call of the program, decoded"},
    {opt_stats, "stats", 0, none, "", "", "sum up system calls, host calls, memory and time at the end"},
    {opt_json, "json", 0, optional, "FILE", "", "a report of the run as one line of JSON"},
    {opt_quiet, "quiet", 'q', none, "", "", "no notes about what is not granted or not kept; errors remain"},
    {opt_help, "help", 'h', none, "", "", "this text"},
};

}  // namespace

std::span<const OptionSpec> run_options() {
    return specs;
}

}  // namespace litebox::cli
