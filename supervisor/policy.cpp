// The list of permitted host calls. PROCESS-PLATFORM's table, row by row.

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>

#include "supervisor/filter.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace litebox::supervisor {

namespace {

using Kind = Condition::Kind;

Condition equals(int argument, uint64_t value) {
    return {argument, Kind::equals, {value}};
}
Condition one_of(int argument, std::vector<uint64_t> values) {
    return {argument, Kind::one_of, std::move(values)};
}
Condition within(int argument, uint64_t bits) {
    return {argument, Kind::bits_within, {bits}};
}
Condition in_range(int argument, uint64_t begin, uint64_t end) {
    return {argument, Kind::in_range, {begin, end}};
}

constexpr uint64_t protections = PROT_READ | PROT_WRITE | PROT_EXEC;

uint64_t high(uint64_t address) {
    return address >> 32;
}

/// Under --wx=deny one row becomes two: without write, and without execute.
std::vector<Alternative> with_protection(const Alternative& base, int argument, uint64_t bits, bool deny) {
    auto row = [&](uint64_t allowed) {
        Alternative alternative = base;
        alternative.push_back(within(argument, allowed));
        return alternative;
    };
    if (!deny || (bits & (PROT_WRITE | PROT_EXEC)) != (PROT_WRITE | PROT_EXEC)) return {row(bits)};
    return {row(bits & ~uint64_t{PROT_WRITE}), row(bits & ~uint64_t{PROT_EXEC})};
}

PermittedCall futex_row(const process::Windows& w) {
    constexpr uint64_t operations[] = {FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET};
    std::vector<uint64_t> values;
    for (uint64_t operation : operations)
        for (uint64_t flags :
             {0, FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME, FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME})
            values.push_back(operation | flags);
    Condition address{0, Kind::high_within, {high(w.rings), high(w.end)}};
    return {SYS_futex,
            "futex",
            {{address, one_of(1, values)}},
            "WAIT, WAKE, WAIT_BITSET, WAKE_BITSET; shared or private; either clock; the address inside the "
            "arena and ring windows"};
}

/// The second window only where something may be written.
uint64_t end_of_files(const FilterParameters& p) {
    return p.writable_files ? process::write_window_end : process::file_window_end;
}

PermittedCall mmap_row(const FilterParameters& p) {
    constexpr uint64_t none = ~uint64_t{0};
    PermittedCall row{
        SYS_mmap, "mmap", {}, "MAP_FIXED; anonymous private no-reserve; the arena, shared or private; "};
    if (p.granted_files) row.words += "granted files private or shared read-only; ";
    if (p.writable_files) row.words += "those opened for writing shared writable; ";
    row.words += "file mappings outside the windows, less than 4 GiB a call";
    if (p.deny_write_execute) row.words += "; never write with execute";
    auto add = [&](const Alternative& base, uint64_t bits) {
        for (auto& alternative : with_protection(base, 2, bits, p.deny_write_execute))
            row.alternatives.push_back(alternative);
    };
    add({equals(3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE), equals(4, none), equals(5, 0)},
        protections);
    Condition outside{0, Kind::high_outside, {high(p.windows.begin), high(p.windows.end)}};
    Condition short_length{1, Kind::high_within, {0, 1}};
    Condition arena = equals(4, process::arena_descriptor);
    add({outside, short_length, one_of(3, {MAP_SHARED | MAP_FIXED, MAP_PRIVATE | MAP_FIXED}), arena},
        protections);
    if (!p.granted_files) return row;
    Condition any_file = in_range(4, process::file_window_begin, end_of_files(p));
    Condition write_file = in_range(4, process::write_window_begin, process::write_window_end);
    add({outside, short_length, equals(3, MAP_PRIVATE | MAP_FIXED), any_file}, protections);
    add({outside, short_length, equals(3, MAP_SHARED | MAP_FIXED), any_file}, PROT_READ | PROT_EXEC);
    if (p.writable_files)
        add({outside, short_length, equals(3, MAP_SHARED | MAP_FIXED), write_file}, protections);
    return row;
}

PermittedCall clone_row(const FilterParameters& p) {
    constexpr uint64_t thread = 0x50f00,
                       process = 0x8411;  // VM FS FILES SIGHAND THREAD SYSVSEM; PARENT FILES SIGCHLD
    PermittedCall row{SYS_clone, "clone", {}, ""};
    if (p.threads) {
        row.alternatives.push_back({equals(0, thread)});
        row.words = "a thread: CLONE_VM|FS|FILES|SIGHAND|THREAD|SYSVSEM";
    }
    if (p.processes) {
        // Stack 0 would be required for a process; the sandbox gives it the one word that its return needs,
        // which tells nothing more.
        row.alternatives.push_back({equals(0, process)});
        row.words += std::string(p.threads ? "; or " : "") + "a process: CLONE_PARENT|CLONE_FILES|SIGCHLD";
    }
    return row;
}

}  // namespace

FilterParameters filter_parameters(const RunOptions& options) {
    auto denied = [&](uint32_t number) {
        return std::find(options.denied_calls.begin(), options.denied_calls.end(), number) !=
               options.denied_calls.end();
    };
    auto granted = [&](auto holds) {
        return std::any_of(options.grants.begin(), options.grants.end(), holds);
    };
    FilterParameters p;
    p.deny_write_execute = options.deny_write_execute;
    p.threads = !denied(SYS_clone) || !denied(SYS_clone3);
    p.processes = p.threads || !denied(SYS_fork) || !denied(SYS_vfork);
    p.granted_files = granted([](const Grant& grant) { return grant.kind != Grant::Kind::temporary; });
    p.writable_files = granted([](const Grant& grant) { return grant.kind == Grant::Kind::read_write; });
    return p;
}

std::vector<PermittedCall> permitted_calls(const FilterParameters& p) {
    const process::Windows& w = p.windows;
    std::vector<PermittedCall> calls;
    calls.push_back(futex_row(w));
    calls.push_back(mmap_row(p));
    calls.push_back({SYS_mprotect, "mprotect", with_protection({}, 2, protections, p.deny_write_execute),
                     p.deny_write_execute ? "the three protection bits, never write with execute"
                                          : "the three protection bits"});
    calls.push_back({SYS_madvise,
                     "madvise",
                     {{one_of(2, {MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
                                  MADV_POPULATE_WRITE})}},
                     "DONTNEED, FREE, REMOVE, HUGEPAGE, NOHUGEPAGE, POPULATE_WRITE"});
    Condition from{0, Kind::high_outside, {high(w.begin), high(w.end)}},
        to{4, Kind::high_outside, {high(w.begin), high(w.end)}};
    Condition short_from{1, Kind::high_within, {0, 1}}, short_to{2, Kind::high_within, {0, 1}};
    calls.push_back({SYS_mremap,
                     "mremap",
                     {{from, to, short_from, short_to, equals(3, MREMAP_MAYMOVE | MREMAP_FIXED)}},
                     "MAYMOVE with FIXED; both ranges outside the windows"});
    if (p.threads || p.processes) calls.push_back(clone_row(p));
    for (auto [number, name] : {std::pair<uint32_t, const char*>{SYS_exit, "exit"},
                                {SYS_exit_group, "exit_group"},
                                {SYS_rt_sigreturn, "rt_sigreturn"},
                                {SYS_restart_syscall, "restart_syscall"}})
        calls.push_back({number, name, {}, ""});
    constexpr uint64_t kick_signal = 10;
    calls.push_back({SYS_tgkill, "tgkill", {{equals(2, kick_signal)}}, "SIGUSR1 only"});
    calls.push_back({SYS_clock_gettime,
                     "clock_gettime",
                     {{{0, Kind::cpu_clock, {}}}},
                     "clocks 0 to 7 and 11; processes' and threads' CPU clocks, never a descriptor's"});
    calls.push_back(
        {SYS_membarrier,
         "membarrier",
         {{one_of(0, {MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE}),
           equals(1, 0), equals(2, 0)}},
         "private expedited and its core-synchronising form"});
    if (p.granted_files)
        calls.push_back({SYS_pread64,
                         "pread64",
                         {{in_range(0, process::file_window_begin, end_of_files(p))}},
                         "descriptor inside the granted-file windows"});
    return calls;
}

std::vector<PolicyRow> policy_rows() {
    FilterParameters everything;
    everything.windows.end = ~uint64_t{0};  // the words name no addresses
    std::vector<PolicyRow> rows;
    for (const PermittedCall& call : permitted_calls(everything))
        rows.push_back({call.name, call.number, call.words});
    return rows;
}

}  // namespace litebox::supervisor
