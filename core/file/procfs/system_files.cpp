// /proc beside the processes: machine, kernel and network files.
#include "core/file/file_systems.h"
#include "core/file/procfs/procfs.h"
#include "core/kernel.h"
#include "core/memory/memory_object.h"
#include "core/net/network.h"
#include "core/task/task_table.h"
#include "platform/boot_parameters.h"

namespace litebox {

namespace {

constexpr u64 ns_per_second = 1000000000, ns_per_tick = 10000000;

u64 uptime_ns() {
    return platform::monotonic_ns() - kernel().boot_ns;
}

struct Busy {
    u64 cpu_ns = 0;
    u32 running = 0, total = 0, processes = 0;
    i32 last_pid = 0;
};

Busy busy() {
    Busy result;
    LockGuard guard(tasks().mutex);
    for (Process& process : tasks().processes) {
        if (process.zombie) continue;
        result.processes++;
        result.last_pid = max(result.last_pid, process.pid);
        LockGuard process_guard(process.signal_mutex);
        for (Thread& thread : process.threads) {
            result.total++;
            if (thread.state.load(std::memory_order_relaxed) == 'R') result.running++;
            if (thread.block != nullptr) result.cpu_ns += platform::thread_cpu_ns(thread.block);
        }
    }
    return result;
}

Result<void> write_uptime(TextBuilder& to, const ProcSubject&) {
    u64 up = uptime_ns();
    u64 idle = up * platform::processor_count() - min(busy().cpu_ns, up * platform::processor_count());
    auto seconds = [&](u64 ns) {
        to.unsigned_decimal(ns / ns_per_second)
            .character('.')
            .unsigned_decimal(ns / ns_per_tick % 100, 2, '0');
    };
    seconds(up);
    to.character(' ');
    seconds(idle);
    to.character('\n');
    return {};
}

Result<void> write_load(TextBuilder& to, const ProcSubject&) {
    Busy now = busy();
    to.text("0.00 0.00 0.00 ").unsigned_decimal(now.running).character('/').unsigned_decimal(now.total);
    to.character(' ').decimal(now.last_pid).character('\n');
    return {};
}

Result<void> write_stat(TextBuilder& to, const ProcSubject&) {
    Busy now = busy();
    u32 processors = platform::processor_count();
    u64 used = now.cpu_ns / ns_per_tick, all = uptime_ns() / ns_per_tick * processors;
    auto line = [&](u64 user, u64 idle) {
        to.character(' ').unsigned_decimal(user).text(" 0 0 ").unsigned_decimal(idle).text(" 0 0 0 0 0 0\n");
    };
    to.text("cpu ");
    line(used, all - min(all, used));
    for (u32 i = 0; i < processors; i++) {
        to.text("cpu").unsigned_decimal(i);
        line(used / processors, (all - min(all, used)) / processors);
    }
    u64 boot = (platform::realtime_ns() - uptime_ns()) / ns_per_second;
    to.text("intr 0\nctxt 0\nbtime ")
        .unsigned_decimal(boot)
        .text("\nprocesses ")
        .unsigned_decimal(tasks().forks);
    to.text("\nprocs_running ").unsigned_decimal(max(now.running, 1u)).text("\nprocs_blocked 0\n");
    to.text("softirq 0 0 0 0 0 0 0 0 0 0 0\n");
    return {};
}

Result<void> write_memory(TextBuilder& to, const ProcSubject&) {
    u64 total = platform::boot_parameters().memory_limit / page_size, used = 0;
    if (kernel().memory_quota != nullptr) used = kernel().memory_quota->used();
    u64 files = static_cast<u64>(0);
    if (Mount* memory = kernel().files->memory_mount) {
        auto status = memory->file_system->status();
        if (status.ok()) files = status.value().blocks - status.value().free_blocks;
    }
    u64 anonymous = 0;
    {
        LockGuard guard(tasks().mutex);
        for (Process& process : tasks().processes) {
            LockGuard process_guard(process.signal_mutex);
            Thread* first = process.threads.first();
            if (first != nullptr && first->space)
                anonymous += platform::resident_pages(first->space->platform_space());
        }
    }
    used = min(total, max(used, files + anonymous));
    auto told = platform::free_pages();
    u64 free = told.ok() ? min(total, told.value()) : total - used;
    auto line = [&](string_view name, u64 pages) {
        to.text(name).character(':');
        for (usize i = name.size(); i < 15; i++) to.character(' ');
        to.unsigned_decimal(pages * 4, 8).text(" kB\n");
    };
    line("MemTotal", total);
    line("MemFree", free);
    line("MemAvailable", free);
    line("Buffers", 0);
    line("Cached", files);
    line("SwapCached", 0);
    line("Active", anonymous);
    line("Inactive", files);
    line("SwapTotal", 0);
    line("SwapFree", 0);
    line("Dirty", 0);
    line("Writeback", 0);
    line("AnonPages", anonymous);
    line("Mapped", 0);
    line("Shmem", files);
    line("KReclaimable", 0);
    line("Slab", 0);
    line("SReclaimable", 0);
    line("SUnreclaim", 0);
    line("PageTables", 0);
    line("CommitLimit", total);
    line("Committed_AS", used);
    line("VmallocTotal", u64{34359738367} / 4);
    line("VmallocUsed", 0);
    line("AnonHugePages", 0);
    to.text(
        "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:       "
        " 0\n");
    to.text("Hugepagesize:       2048 kB\n");
    return {};
}

Result<void> write_version(TextBuilder& to, const ProcSubject&) {
    to.text("Linux version 6.1.0-litebox (litebox) (gcc) #1 SMP LiteBox\n");
    return {};
}
Result<void> write_file_systems(TextBuilder& to, const ProcSubject&) {
    to.text(
        "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\nnodev\tdevpts\nnodev\tpipefs\nnodev\tsockf"
        "s\n");
    to.text("nodev\toverlay\nnodev\thostfs\n");
    return {};
}
Result<void> write_self(TextBuilder& to, const ProcSubject&) {
    to.decimal(current_thread()->process->pid);
    return {};
}
Result<void> write_thread_self(TextBuilder& to, const ProcSubject&) {
    to.decimal(current_thread()->process->pid).text("/task/").decimal(current_thread()->tid);
    return {};
}
Result<void> write_self_mounts(TextBuilder& to, const ProcSubject&) {
    to.text("self/mounts");
    return {};
}
Result<void> write_command_line(TextBuilder& to, const ProcSubject&) {
    to.text("litebox\n");
    return {};
}
Result<void> write_devices(TextBuilder& to, const ProcSubject&) {
    to.text(
        "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n\nBlock "
        "devices:\n");
    return {};
}
Result<void> write_swaps(TextBuilder& to, const ProcSubject&) {
    to.text("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return {};
}
Result<void> write_nothing(TextBuilder&, const ProcSubject&) {
    return {};
}
Result<void> write_partitions(TextBuilder& to, const ProcSubject&) {
    to.text("major minor  #blocks  name\n\n");
    return {};
}
Result<void> write_vm_statistics(TextBuilder& to, const ProcSubject&) {
    to.text("nr_free_pages 0\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault 0\npgmajfault 0\n");
    return {};
}

template <typename Text>
Result<void> kernel_text(TextBuilder& to, Text text) {
    to.text(text).character('\n');
    return {};
}
Result<void> write_host_name(TextBuilder& to, const ProcSubject&) {
    return kernel_text(to, kernel().host_name.view());
}
Result<void> write_domain_name(TextBuilder& to, const ProcSubject&) {
    string_view name = kernel().domain_name.view();
    return kernel_text(to, name.empty() ? "(none)"sv : name);
}

#define LITEBOX_CONSTANT(name, value)                        \
    Result<void> name(TextBuilder& to, const ProcSubject&) { \
        to.text(value "\n");                                 \
        return {};                                           \
    }
LITEBOX_CONSTANT(write_os_release, "6.1.0-litebox")
LITEBOX_CONSTANT(write_os_type, "Linux")
LITEBOX_CONSTANT(write_os_version, "#1 SMP LiteBox")
LITEBOX_CONSTANT(write_pid_max, "32768")
LITEBOX_CONSTANT(write_groups_max, "65536")
LITEBOX_CONSTANT(write_last_capability, "40")
LITEBOX_CONSTANT(write_zero, "0")
LITEBOX_CONSTANT(write_one, "1")
LITEBOX_CONSTANT(write_two, "2")
LITEBOX_CONSTANT(write_core_pattern, "core")
LITEBOX_CONSTANT(write_map_count, "65530")
LITEBOX_CONSTANT(write_map_lowest, "65536")
LITEBOX_CONSTANT(write_file_max, "9223372036854775807")
LITEBOX_CONSTANT(write_open_max, "1048576")
LITEBOX_CONSTANT(write_pipe_max, "1048576")
LITEBOX_CONSTANT(write_pipe_soft, "16384")
LITEBOX_CONSTANT(write_file_count, "0\t0\t9223372036854775807")
LITEBOX_CONSTANT(write_entropy, "256")
LITEBOX_CONSTANT(write_backlog, "4096")
LITEBOX_CONSTANT(write_port_range, "32768\t60999")
LITEBOX_CONSTANT(write_message_max, "10")
LITEBOX_CONSTANT(write_shared_max, "18446744073692774399")
LITEBOX_CONSTANT(write_semaphores, "32000\t1024000000\t500\t32000")
LITEBOX_CONSTANT(write_buffer_max, "212992")
LITEBOX_CONSTANT(write_tcp_memory, "4096\t131072\t6291456")
LITEBOX_CONSTANT(write_overcommit_ratio, "50")
LITEBOX_CONSTANT(write_swappiness, "60")
#undef LITEBOX_CONSTANT

Result<void> write_thread_max(TextBuilder& to, const ProcSubject&) {
    to.unsigned_decimal(platform::boot_parameters().process_limit).character('\n');
    return {};
}

void write_uuid(TextBuilder& to, const u8 (&bytes)[16]) {
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) to.character('-');
        u8 byte = bytes[i];
        if (i == 6) byte = static_cast<u8>((byte & 0x0f) | 0x40);
        if (i == 8) byte = static_cast<u8>((byte & 0x3f) | 0x80);
        to.hex(byte, 2);
    }
    to.character('\n');
}
Result<void> write_random_uuid(TextBuilder& to, const ProcSubject&) {
    u8 bytes[16];
    platform::fill_entropy(bytes);
    write_uuid(to, bytes);
    return {};
}
Result<void> write_boot_id(TextBuilder& to, const ProcSubject&) {
    // The same for the whole life of the sandbox: taken from where its state lies and when it began.
    u64 seed = kernel().boot_ns ^ reinterpret_cast<u64>(&kernel());
    u8 bytes[16];
    for (u8& byte : bytes) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        byte = static_cast<u8>(seed >> 56);
    }
    write_uuid(to, bytes);
    return {};
}

Result<void> store_nothing(string_view, const ProcSubject&) {
    return current_thread()->credentials->fsuid == 0 ? Result<void>() : Errno::eperm;
}

constexpr ProcEntry text(string_view name, ProcText generate) {
    return {name, ProcKind::text, 0444, generate};
}
constexpr ProcEntry knob(string_view name, ProcText generate) {
    return {name, ProcKind::text, 0644, generate, store_nothing};
}
template <usize count>
constexpr ProcEntry folder(string_view name, const ProcEntry (&entries)[count]) {
    return {name, ProcKind::directory, 0555, nullptr, nullptr, nullptr, entries, static_cast<u32>(count)};
}

constexpr ProcEntry random_entries[] = {text("boot_id", write_boot_id), text("uuid", write_random_uuid),
                                        text("entropy_avail", write_entropy),
                                        text("poolsize", write_entropy)};
constexpr ProcEntry kernel_entries[] = {
    knob("hostname", write_host_name),      knob("domainname", write_domain_name),
    text("osrelease", write_os_release),    text("ostype", write_os_type),
    text("version", write_os_version),      knob("pid_max", write_pid_max),
    text("ngroups_max", write_groups_max),  text("cap_last_cap", write_last_capability),
    knob("threads-max", write_thread_max),  knob("core_pattern", write_core_pattern),
    knob("core_uses_pid", write_zero),      knob("randomize_va_space", write_two),
    knob("perf_event_paranoid", write_two), knob("kptr_restrict", write_one),
    knob("dmesg_restrict", write_one),      knob("unprivileged_userns_clone", write_zero),
    knob("msgmni", write_message_max),      knob("shmmax", write_shared_max),
    knob("shmall", write_shared_max),       knob("sem", write_semaphores),
    folder("random", random_entries),
};
constexpr ProcEntry memory_entries[] = {
    knob("overcommit_memory", write_zero),  knob("overcommit_ratio", write_overcommit_ratio),
    knob("max_map_count", write_map_count), knob("mmap_min_addr", write_map_lowest),
    knob("swappiness", write_swappiness),   knob("nr_hugepages", write_zero)};
constexpr ProcEntry file_entries[] = {knob("file-max", write_file_max),
                                      knob("nr_open", write_open_max),
                                      text("file-nr", write_file_count),
                                      knob("pipe-max-size", write_pipe_max),
                                      knob("pipe-user-pages-soft", write_pipe_soft),
                                      knob("pipe-user-pages-hard", write_zero),
                                      knob("protected_symlinks", write_zero),
                                      knob("protected_hardlinks", write_zero)};
constexpr ProcEntry core_entries[] = {
    knob("somaxconn", write_backlog), knob("rmem_max", write_buffer_max), knob("wmem_max", write_buffer_max),
    knob("rmem_default", write_buffer_max), knob("wmem_default", write_buffer_max)};
constexpr ProcEntry ipv4_entries[] = {knob("ip_local_port_range", write_port_range),
                                      knob("tcp_rmem", write_tcp_memory), knob("tcp_wmem", write_tcp_memory),
                                      knob("tcp_max_syn_backlog", write_backlog),
                                      knob("ip_unprivileged_port_start", write_zero)};
constexpr ProcEntry network_settings[] = {folder("core", core_entries), folder("ipv4", ipv4_entries)};
constexpr ProcEntry settings[] = {folder("kernel", kernel_entries), folder("vm", memory_entries),
                                  folder("fs", file_entries), folder("net", network_settings)};

Result<void> write_interfaces(TextBuilder& to, const ProcSubject&) {
    to.text("Inter-|   Receive                                                |  Transmit\n");
    to.text(
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo "
        "colls "
        "carrier compressed\n");
    to.text(
        "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0   "
        "  0 "
        "      0          0\n");
    return {};
}
Result<void> write_route(TextBuilder& to, const ProcSubject&) {
    to.text("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
    return {};
}
/// tcp, udp and their kin for IPv6; protocol 0: none of ours.
template <int protocol, int family>
Result<void> write_ports(TextBuilder& to, const ProcSubject&) {
    to.text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
    if (protocol != 0) network().list_ports(to, protocol, family);
    return {};
}
Result<void> write_unix(TextBuilder& to, const ProcSubject&) {
    to.text("Num       RefCount Protocol Flags    Type St Inode Path\n");
    return {};
}
Result<void> write_address6(TextBuilder& to, const ProcSubject&) {
    to.text("00000000000000000000000000000001 01 80 10 80       lo\n");
    return {};
}

constexpr ProcEntry network_entries[] = {text("dev", write_interfaces),
                                         text("route", write_route),
                                         text("tcp", write_ports<6, family_inet>),
                                         text("tcp6", write_ports<6, family_inet6>),
                                         text("udp", write_ports<17, family_inet>),
                                         text("udp6", write_ports<17, family_inet6>),
                                         text("unix", write_unix),
                                         text("if_inet6", write_address6),
                                         text("netlink", write_nothing),
                                         text("packet", write_nothing),
                                         text("raw", write_ports<0, 0>)};

constexpr ProcEntry root_entries[] = {
    {"self", ProcKind::link, 0777, write_self},
    {"thread-self", ProcKind::link, 0777, write_thread_self},
    {"mounts", ProcKind::link, 0777, write_self_mounts},
    text("cmdline", write_command_line),
    text("cpuinfo", write_processor_information),
    text("devices", write_devices),
    text("diskstats", write_nothing),
    text("filesystems", write_file_systems),
    text("loadavg", write_load),
    text("locks", write_nothing),
    text("meminfo", write_memory),
    text("modules", write_nothing),
    folder("net", network_entries),
    text("partitions", write_partitions),
    text("stat", write_stat),
    text("swaps", write_swaps),
    folder("sys", settings),
    text("uptime", write_uptime),
    text("version", write_version),
    text("vmstat", write_vm_statistics),
};
constexpr ProcEntry root_entry{"",           ProcKind::processes,
                               0555,         nullptr,
                               nullptr,      nullptr,
                               root_entries, static_cast<u32>(std::size(root_entries))};

}  // namespace

const ProcEntry& proc_root_entry() {
    return root_entry;
}

}  // namespace litebox
