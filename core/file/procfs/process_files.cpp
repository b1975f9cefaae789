// /proc/PID: what ps, top, lsof and language runtimes read about a process.
#include "core/file/file_systems.h"
#include "core/file/procfs/procfs.h"
#include "core/kernel.h"
#include "core/task/signal_send.h"
#include "core/task/task_table.h"
#include "platform/boot_parameters.h"

namespace litebox {

namespace {

constexpr u64 ns_per_tick = 10000000;

// The thread that a file is about: a process's file speaks of its leader.
Ref<Thread> thread_of(const ProcSubject& subject) {
    if (subject.thread) return subject.thread;
    LockGuard guard(subject.process->signal_mutex);
    return Ref<Thread>(subject.process->threads.first());
}

struct Family {
    i32 parent = 0, group = 0, session = 0, terminal_group = -1;
    u32 threads = 0;
    bool zombie = false, has_terminal = false;
};

Family family_of(const ProcSubject& subject) {
    Family result;
    Process& process = *subject.process;
    LockGuard guard(tasks().mutex);
    if (process.parent != nullptr) result.parent = process.parent->pid;
    result.group = process.group_id;
    if (process.session) {
        result.session = process.session->id;
        result.has_terminal = process.session->terminal != nullptr;
        if (result.has_terminal) result.terminal_group = process.session->foreground_group;
    }
    result.zombie = process.zombie;
    result.threads = process.live_threads;
    return result;
}

void name_of(const ProcSubject& subject, char (&name)[16]) {
    memset(name, 0, sizeof(name));
    if (Ref<Thread> thread = thread_of(subject)) {
        memcpy(name, thread->name, sizeof(name) - 1);
        return;
    }
    string_view path = subject.process->executable_path.view();
    usize slash = path.rfind('/');
    if (slash != string_view::npos) path = path.substr(slash + 1);
    memcpy(name, path.data(), min(path.size(), sizeof(name) - 1));
}

string_view state_text(char state) {
    switch (state) {
        case 'R':
            return "R (running)";
        case 'D':
            return "D (disk sleep)";
        case 'T':
            return "T (stopped)";
        case 'Z':
            return "Z (zombie)";
        default:
            return "S (sleeping)";
    }
}

MemoryCounters counters_of(const ProcSubject& subject, u64* resident) {
    Ref<AddressSpace> space = space_of(subject);
    *resident = 0;
    if (!space) return {};
    *resident = platform::resident_pages(space->platform_space());
    return space->counters();
}

Result<void> write_comm(TextBuilder& to, const ProcSubject& subject) {
    char name[16];
    name_of(subject, name);
    to.text(string_view(name)).character('\n');
    return {};
}

Result<void> store_comm(string_view text, const ProcSubject& subject) {
    if (current_thread()->process != subject.process.get()) return Errno::einval;
    Ref<Thread> thread = thread_of(subject);
    if (!thread) return Errno::esrch;
    memset(thread->name, 0, sizeof(thread->name));
    memcpy(thread->name, text.data(), min(text.size(), sizeof(thread->name) - 1));
    return {};
}

// The fields of proc(5), in their order; what has no meaning here is 0.
Result<void> write_stat(TextBuilder& to, const ProcSubject& subject) {
    Process& process = *subject.process;
    Family family = family_of(subject);
    char name[16];
    name_of(subject, name);
    u64 resident;
    MemoryCounters memory = counters_of(subject, &resident);
    Ref<Thread> thread = thread_of(subject);
    Ref<AddressSpace> space = space_of(subject);
    AddressSpace::Layout layout = space ? space->layout : AddressSpace::Layout();
    u64 time = cpu_ns_of(subject) / ns_per_tick;
    i32 id = subject.thread ? subject.thread->tid : process.pid;
    i64 nice = thread ? thread->nice : 0;
    to.decimal(id).text(" (").text(string_view(name)).text(") ").character(state_of(subject));
    auto field = [&](i64 value) { to.character(' ').decimal(value); };
    auto unsigned_field = [&](u64 value) { to.character(' ').unsigned_decimal(value); };
    field(family.parent);
    field(family.group);
    field(family.session);
    field(family.has_terminal ? 34816 : 0);  // tty_nr: pts/0
    field(family.terminal_group);
    field(0x400000);  // flags: PF_RANDOMIZE
    field(thread ? static_cast<i64>(thread->minor_faults) : 0);
    for (int i = 0; i < 3; i++) field(0);  // cminflt majflt cmajflt
    unsigned_field(time);                  // utime
    field(0);                              // stime
    unsigned_field(process.dead_children.user_ns / ns_per_tick);
    unsigned_field(process.dead_children.system_ns / ns_per_tick);
    field(20 + nice);  // priority
    field(nice);
    field(family.threads);
    field(0);  // itrealvalue
    unsigned_field((max(process.start_ns, kernel().boot_ns) - kernel().boot_ns) / ns_per_tick);
    unsigned_field(memory.virtual_pages * page_size);
    unsigned_field(resident);
    unsigned_field(~u64{0});  // rsslim
    for (u64 value : {layout.code_begin, layout.code_end, layout.stack_top}) unsigned_field(value);
    for (int i = 0; i < 2; i++) field(0);  // kstkesp kstkeip
    unsigned_field(thread ? thread->pending.pending.bits & 0x7fffffff : 0);
    unsigned_field(thread ? thread->mask.bits & 0x7fffffff : 0);
    for (int i = 0; i < 5; i++) field(0);  // sigignore sigcatch wchan nswap cnswap
    field(process.exit_signal);
    field(0);  // processor
    field(0);  // rt_priority
    field(thread ? static_cast<i64>(thread->scheduling_policy) : 0);
    for (int i = 0; i < 3; i++) field(0);  // blkio ticks, guest times
    for (u64 value : {layout.data_begin, layout.data_end, u64{0}, layout.arguments_begin,
                      layout.arguments_end, layout.environment_begin, layout.environment_end})
        unsigned_field(value);
    field(family.zombie ? process.exit_status : 0);
    to.character('\n');
    return {};
}

void write_set(TextBuilder& to, string_view name, u64 bits) {
    to.text(name).character('\t').hex(bits, 16).character('\n');
}

void write_kib(TextBuilder& to, string_view name, u64 pages) {
    to.text(name).character('\t').unsigned_decimal(pages * 4, 8).text(" kB\n");
}

void write_ids(TextBuilder& to, string_view name, u32 real, u32 effective, u32 saved, u32 file) {
    to.text(name);
    for (u32 id : {real, effective, saved, file}) to.character('\t').unsigned_decimal(id);
    to.character('\n');
}

void write_signals(TextBuilder& to, const ProcSubject& subject) {
    Process& process = *subject.process;
    Ref<Thread> thread = thread_of(subject);
    u64 ignored = 0, caught = 0, pending = 0, shared = 0, mask = 0;
    Ref<SignalActions> actions;
    {
        LockGuard guard(process.signal_mutex);
        shared = process.pending.pending.bits;
        if (thread) {
            pending = thread->pending.pending.bits;
            mask = thread->mask.bits;
            actions = thread->actions;
        }
    }
    if (actions) {
        LockGuard guard(actions->mutex);
        for (int i = 0; i < signal_max; i++) {
            u64 handler = actions->actions[i].handler;
            if (handler == handler_ignore)
                ignored |= u64{1} << i;
            else if (handler != handler_default)
                caught |= u64{1} << i;
        }
    }
    to.text("SigQ:\t").unsigned_decimal(process.queued_signals).character('/');
    to.unsigned_decimal(process.limit(limit_sigpending)).character('\n');
    write_set(to, "SigPnd:", pending);
    write_set(to, "ShdPnd:", shared);
    write_set(to, "SigBlk:", mask);
    write_set(to, "SigIgn:", ignored);
    write_set(to, "SigCgt:", caught);
}

void write_memory_status(TextBuilder& to, const ProcSubject& subject) {
    u64 resident;
    MemoryCounters memory = counters_of(subject, &resident);
    write_kib(to, "VmPeak:", memory.virtual_pages);
    write_kib(to, "VmSize:", memory.virtual_pages);
    write_kib(to, "VmLck:", memory.locked_pages);
    write_kib(to, "VmPin:", 0);
    write_kib(to, "VmHWM:", resident);
    write_kib(to, "VmRSS:", resident);
    write_kib(to, "RssAnon:", resident);
    write_kib(to, "RssFile:", 0);
    write_kib(to, "RssShmem:", 0);
    write_kib(to, "VmData:", memory.data_pages);
    write_kib(to, "VmStk:", memory.stack_pages);
    write_kib(to, "VmExe:", memory.text_pages);
    write_kib(to, "VmLib:", 0);
    write_kib(to, "VmPTE:", memory.virtual_pages / 512 + 1);
    write_kib(to, "VmSwap:", 0);
}

Result<void> write_status(TextBuilder& to, const ProcSubject& subject) {
    Process& process = *subject.process;
    Family family = family_of(subject);
    char name[16];
    name_of(subject, name);
    i32 id = subject.thread ? subject.thread->tid : process.pid;
    Ref<FileContext> context = context_of(subject);
    to.text("Name:\t").text(string_view(name));
    to.text("\nUmask:\t0").octal(context ? context->umask.load() : 022, 3);
    to.text("\nState:\t").text(state_text(state_of(subject)));
    to.text("\nTgid:\t").decimal(process.pid).text("\nNgid:\t0\nPid:\t").decimal(id);
    to.text("\nPPid:\t").decimal(family.parent).text("\nTracerPid:\t0\n");
    Ref<Credentials> who = credentials_of(subject);
    if (who) {
        write_ids(to, "Uid:", who->uid, who->euid, who->suid, who->fsuid);
        write_ids(to, "Gid:", who->gid, who->egid, who->sgid, who->fsgid);
    }
    Ref<DescriptorTable> table = descriptors_of(subject);
    u64 size = 64;
    if (table)
        for (int at = table->next(0); at >= 0; at = table->next(at + 1))
            while (size <= static_cast<u64>(at)) size *= 2;
    to.text("FDSize:\t").unsigned_decimal(table ? size : 0).text("\nGroups:\t");
    if (who)
        for (u32 group : who->groups) to.unsigned_decimal(group).character(' ');
    to.text("\nNStgid:\t").decimal(process.pid).text("\nNSpid:\t").decimal(id);
    to.text("\nNSpgid:\t").decimal(family.group).text("\nNSsid:\t").decimal(family.session).character('\n');
    if (!family.zombie) write_memory_status(to, subject);
    to.text("Threads:\t").unsigned_decimal(family.threads).character('\n');
    write_signals(to, subject);
    if (who) {
        write_set(to, "CapInh:", who->inheritable);
        write_set(to, "CapPrm:", who->permitted);
        write_set(to, "CapEff:", who->effective);
        write_set(to, "CapBnd:", who->bounding);
        write_set(to, "CapAmb:", who->ambient);
        to.text("NoNewPrivs:\t").unsigned_decimal(who->no_new_privileges ? 1 : 0).character('\n');
    }
    to.text("Seccomp:\t0\nSeccomp_filters:\t0\n");
    u32 processors = platform::processor_count();
    to.text("Cpus_allowed:\t").hex(processors >= 32 ? 0xffffffff : (u64{1} << processors) - 1);
    to.text("\nCpus_allowed_list:\t0");
    if (processors > 1) to.character('-').unsigned_decimal(processors - 1);
    to.text("\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
    Ref<Thread> thread = thread_of(subject);
    to.text("voluntary_ctxt_switches:\t").unsigned_decimal(thread ? thread->voluntary_switches : 0);
    to.text("\nnonvoluntary_ctxt_switches:\t0\n");
    return {};
}

Result<void> write_statm(TextBuilder& to, const ProcSubject& subject) {
    u64 resident;
    MemoryCounters memory = counters_of(subject, &resident);
    to.unsigned_decimal(memory.virtual_pages).character(' ').unsigned_decimal(resident).character(' ');
    to.unsigned_decimal(min(memory.shared_pages, resident))
        .character(' ')
        .unsigned_decimal(memory.text_pages);
    to.text(" 0 ").unsigned_decimal(memory.data_pages + memory.stack_pages).text(" 0\n");
    return {};
}

// Arguments and environment lie in the process's memory, where it may change them.
Result<void> write_range(TextBuilder& to, const ProcSubject& subject, u64 begin, u64 end) {
    Ref<AddressSpace> space = space_of(subject);
    if (!space || end <= begin || end - begin > (u64{4} << 20)) return {};
    while (begin < end) {
        u8 piece[256];
        usize length = static_cast<usize>(min<u64>(end - begin, sizeof(piece)));
        auto done = space->read_remote(begin, {piece, length});
        if (!done.ok() || done.value() == 0) return {};
        to.text({reinterpret_cast<char*>(piece), done.value()});
        begin += done.value();
    }
    return {};
}

Result<void> write_command_line(TextBuilder& to, const ProcSubject& subject) {
    Ref<AddressSpace> space = space_of(subject);
    if (!space) return {};
    return write_range(to, subject, space->layout.arguments_begin, space->layout.arguments_end);
}
Result<void> write_environment(TextBuilder& to, const ProcSubject& subject) {
    Ref<AddressSpace> space = space_of(subject);
    if (!space) return {};
    return write_range(to, subject, space->layout.environment_begin, space->layout.environment_end);
}

Result<void> write_auxiliary(TextBuilder& to, const ProcSubject& subject) {
    LockGuard guard(subject.process->signal_mutex);
    const Vector<u64>& words = subject.process->auxiliary;
    to.text({reinterpret_cast<const char*>(words.data()), words.size() * sizeof(u64)});
    return {};
}

Result<void> write_limits(TextBuilder& to, const ProcSubject& subject) {
    struct Row {
        string_view name, unit;
        Limit limit;
    };
    constexpr Row rows[] = {{"Max cpu time              ", "seconds   ", limit_cpu},
                            {"Max file size             ", "bytes     ", limit_fsize},
                            {"Max data size             ", "bytes     ", limit_data},
                            {"Max stack size            ", "bytes     ", limit_stack},
                            {"Max core file size        ", "bytes     ", limit_core},
                            {"Max resident set          ", "bytes     ", limit_rss},
                            {"Max processes             ", "processes ", limit_nproc},
                            {"Max open files            ", "files     ", limit_nofile},
                            {"Max locked memory         ", "bytes     ", limit_memlock},
                            {"Max address space         ", "bytes     ", limit_as},
                            {"Max file locks            ", "locks     ", limit_locks},
                            {"Max pending signals       ", "signals   ", limit_sigpending},
                            {"Max msgqueue size         ", "bytes     ", limit_msgqueue},
                            {"Max nice priority         ", "          ", limit_nice},
                            {"Max realtime priority     ", "          ", limit_rtprio},
                            {"Max realtime timeout      ", "us        ", limit_rttime}};
    to.text("Limit                     Soft Limit           Hard Limit           Units     \n");
    auto value = [&](u64 number) {
        TextBuilder text;
        if (number == ~u64{0})
            text.text("unlimited");
        else
            text.unsigned_decimal(number);
        to.text(text.view());
        for (usize i = text.view().size(); i < 21; i++) to.character(' ');
    };
    for (const Row& row : rows) {
        ResourceLimit limit;
        {
            LockGuard guard(subject.process->limits_mutex);
            limit = subject.process->limits[row.limit];
        }
        to.text(row.name);
        value(limit.soft);
        value(limit.hard);
        to.text(row.unit).character('\n');
    }
    return {};
}

Result<void> write_io(TextBuilder& to, const ProcSubject&) {
    to.text(
        "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
    return {};
}

Result<void> write_oom_score(TextBuilder& to, const ProcSubject& subject) {
    to.decimal(666 + subject.process->oom_score_adjust / 3).character('\n');
    return {};
}
Result<void> write_oom_adjust(TextBuilder& to, const ProcSubject& subject) {
    to.decimal(subject.process->oom_score_adjust).character('\n');
    return {};
}
Result<void> store_oom_adjust(string_view text, const ProcSubject& subject) {
    bool negative = !text.empty() && text.front() == '-';
    if (negative) text.remove_prefix(1);
    auto parsed = parse_decimal(text);
    if (!parsed.ok() || parsed.value() > 1000) return Errno::einval;
    i32 value = negative ? -static_cast<i32>(parsed.value()) : static_cast<i32>(parsed.value());
    TRY(check_inspect(subject));
    if (value < subject.process->oom_score_adjust &&
        !current_thread()->credentials->capable(cap_sys_resource))
        return Errno::eacces;
    subject.process->oom_score_adjust = value;
    return {};
}

Result<void> write_control_group(TextBuilder& to, const ProcSubject&) {
    to.text("0::/\n");
    return {};
}
Result<void> write_wait_channel(TextBuilder& to, const ProcSubject& subject) {
    Ref<Thread> thread = thread_of(subject);
    string_view channel =
        thread && state_of(subject) != 'R' ? string_view(thread->wait_channel) : string_view();
    to.text(channel.empty() ? "0" : channel);
    return {};
}
Result<void> write_id_map(TextBuilder& to, const ProcSubject&) {
    to.text("         0          0 4294967295\n");
    return {};
}
Result<void> write_setgroups(TextBuilder& to, const ProcSubject&) {
    to.text("allow\n");
    return {};
}
Result<void> write_personality(TextBuilder& to, const ProcSubject& subject) {
    to.hex(subject.process->personality, 8).character('\n');
    return {};
}
Result<void> write_core_filter(TextBuilder& to, const ProcSubject&) {
    to.text("00000033\n");
    return {};
}
Result<void> write_login(TextBuilder& to, const ProcSubject&) {
    to.text("4294967295");
    return {};
}
Result<void> write_session(TextBuilder& to, const ProcSubject&) {
    to.text("4294967295");
    return {};
}
Result<void> write_schedule_statistics(TextBuilder& to, const ProcSubject& subject) {
    to.unsigned_decimal(cpu_ns_of(subject)).text(" 0 1\n");
    return {};
}
Result<void> write_children(TextBuilder& to, const ProcSubject& subject) {
    LockGuard guard(tasks().mutex);
    for (Process& child : subject.process->children) to.decimal(child.pid).character(' ');
    return {};
}

template <u32 number>
Result<void> write_namespace(TextBuilder& to, const ProcSubject&) {
    constexpr string_view names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
    to.text(names[number]).text(":[").unsigned_decimal(4026531835u + number).character(']');
    return {};
}

Result<Path> working_place(const ProcSubject& subject) {
    TRY(check_inspect(subject));
    Ref<FileContext> context = context_of(subject);
    if (!context) return Errno::enoent;
    return context->working();
}
Result<Path> root_place(const ProcSubject& subject) {
    TRY(check_inspect(subject));
    Ref<FileContext> context = context_of(subject);
    if (!context) return Errno::enoent;
    return context->root();
}
Result<Path> executable_place(const ProcSubject& subject) {
    TRY(check_inspect(subject));
    LockGuard guard(subject.process->signal_mutex);
    if (!subject.process->executable) return Errno::enoent;
    return subject.process->executable->path;
}

constexpr ProcEntry namespaces[] = {
    {"cgroup", ProcKind::link, 0777, write_namespace<0>}, {"ipc", ProcKind::link, 0777, write_namespace<1>},
    {"mnt", ProcKind::link, 0777, write_namespace<2>},    {"net", ProcKind::link, 0777, write_namespace<3>},
    {"pid", ProcKind::link, 0777, write_namespace<4>},    {"time", ProcKind::link, 0777, write_namespace<5>},
    {"user", ProcKind::link, 0777, write_namespace<6>},   {"uts", ProcKind::link, 0777, write_namespace<7>},
};

#define LITEBOX_TASK_ENTRIES                                                                                 \
    {"stat", ProcKind::text, 0444, write_stat}, {"status", ProcKind::text, 0444, write_status},              \
        {"statm", ProcKind::text, 0444, write_statm}, {"maps", ProcKind::text, 0444, write_maps},            \
        {"smaps", ProcKind::text, 0444, write_smaps},                                                        \
        {"smaps_rollup", ProcKind::text, 0444, write_smaps_rollup}, {"mem", ProcKind::memory, 0600},         \
        {"cmdline", ProcKind::text, 0444, write_command_line},                                               \
        {"environ", ProcKind::text, 0400, write_environment},                                                \
        {"auxv", ProcKind::text, 0400, write_auxiliary},                                                     \
        {"comm", ProcKind::text, 0644, write_comm, store_comm},                                              \
        {"exe", ProcKind::place, 0777, nullptr, nullptr, executable_place},                                  \
        {"cwd", ProcKind::place, 0777, nullptr, nullptr, working_place},                                     \
        {"root", ProcKind::place, 0777, nullptr, nullptr, root_place}, {"fd", ProcKind::descriptors, 0500},  \
        {"fdinfo", ProcKind::information, 0555}, {"limits", ProcKind::text, 0444, write_limits},             \
        {"mounts", ProcKind::text, 0444, write_mounts},                                                      \
        {"mountinfo", ProcKind::text, 0444, write_mount_information},                                        \
        {"io", ProcKind::text, 0400, write_io}, {"oom_score", ProcKind::text, 0444, write_oom_score},        \
        {"oom_score_adj", ProcKind::text, 0644, write_oom_adjust, store_oom_adjust},                         \
        {"cgroup", ProcKind::text, 0444, write_control_group},                                               \
        {"ns", ProcKind::directory, 0511, nullptr, nullptr, nullptr, namespaces, 8},                         \
        {"wchan", ProcKind::text, 0444, write_wait_channel},                                                 \
        {"uid_map", ProcKind::text, 0644, write_id_map}, {"gid_map", ProcKind::text, 0644, write_id_map},    \
        {"setgroups", ProcKind::text, 0644, write_setgroups},                                                \
        {"personality", ProcKind::text, 0400, write_personality},                                            \
        {"loginuid", ProcKind::text, 0644, write_login}, {"sessionid", ProcKind::text, 0444, write_session}, \
    {                                                                                                        \
        "schedstat", ProcKind::text, 0444, write_schedule_statistics                                         \
    }

constexpr ProcEntry process_table[] = {LITEBOX_TASK_ENTRIES,
                                       {"coredump_filter", ProcKind::text, 0644, write_core_filter},
                                       {"task", ProcKind::threads, 0555}};
constexpr ProcEntry thread_table[] = {LITEBOX_TASK_ENTRIES,
                                      {"children", ProcKind::text, 0444, write_children}};

}  // namespace

ProcTable process_entries() {
    return process_table;
}
ProcTable thread_entries() {
    return thread_table;
}

char state_of(const ProcSubject& subject) {
    {
        LockGuard guard(tasks().mutex);
        if (subject.process->zombie) return 'Z';
    }
    if (subject.process.get() == tasks().init) return 'S';  // it adopts orphans without a thread of its own
    Ref<Thread> thread = thread_of(subject);
    if (!thread) return 'Z';
    if (subject.process->stopped) return 'T';
    return thread->state.load(std::memory_order_relaxed);
}

u64 cpu_ns_of(const ProcSubject& subject) {
    if (subject.thread)
        return subject.thread->block == nullptr ? 0 : platform::thread_cpu_ns(subject.thread->block);
    ResourceUsage usage = subject.process->own_usage();
    return usage.user_ns + usage.system_ns;
}

Result<void> write_descriptor_information(TextBuilder& to, const ProcSubject& subject) {
    TRY(check_inspect(subject));
    Ref<DescriptorTable> table = descriptors_of(subject);
    if (!table) return Errno::enoent;
    int descriptor = static_cast<int>(subject.number);
    Ref<File> file = TRY(table->get(descriptor));
    u32 flags = file->flags();
    if (TRY(table->close_on_exec(descriptor))) flags |= open_close_on_exec;
    Ref<Inode> inode = file->inode();
    to.text("pos:\t").unsigned_decimal(file->position).text("\nflags:\t0").octal(flags);
    to.text("\nmnt_id:\t").unsigned_decimal(file->path.valid() ? file->path.mount()->id : 15);
    auto attributes = inode ? inode->attributes() : Result<Attributes>(Errno::enoent);
    to.text("\nino:\t").unsigned_decimal(attributes.ok() ? attributes.value().inode : 0).character('\n');
    file->describe_info(to);
    return {};
}

}  // namespace litebox
