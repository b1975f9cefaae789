// What the host offers, found out by trying.

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>

#include "supervisor/cgroup.h"
#include "supervisor/filter.h"
#include "supervisor/limits.h"
#include "supervisor/opener_plan.h"
#include "supervisor/supervisor.h"
#include "supervisor/vm/probe_machine.h"

namespace litebox::supervisor {

namespace {

/// Runs `attempt` in a child; true if it returned true.
bool try_in_child(const std::function<bool()>& attempt) {
    pid_t child = fork();
    if (child == 0) _exit(attempt() ? 0 : 1);
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// As run does it: root's sandboxes are made by an identity without privileges, too.
bool can_unshare(int kinds) {
    return try_in_child([kinds] {
        const uint32_t id = unprivileged_identity(static_cast<uint32_t>(getpid()));
        if (geteuid() == 0 && (setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0)) return false;
        return unshare(CLONE_NEWUSER | kinds) == 0;
    });
}

Probe probe_namespace(const char* name, int kind, const char* remedy) {
    bool works = can_unshare(kind);
    return {name, works ? Probe::State::good : Probe::State::missing, works ? "available" : "refused",
            works ? "" : remedy, true};
}

Probe probe_filter() {
    bool works = filters_available() && try_in_child([] { return put_on_filter(make_idle_filter()); });
    return {"system-call filter", works ? Probe::State::good : Probe::State::missing,
            works ? "available" : "not available",
            works ? "" : "a kernel with CONFIG_SECCOMP_FILTER, and a container that lets seccomp(2) through",
            true};
}

Probe probe_children() {
    std::string self = std::to_string(getpid());
    bool works = access(("/proc/" + self + "/task/" + self + "/children").c_str(), R_OK) == 0;
    return {
        "list of child processes", works ? Probe::State::good : Probe::State::missing,
        works ? "available" : "not in /proc",
        works ? ""
              : "mount /proc, on a kernel with CONFIG_PROC_CHILDREN: the limits of memory are watched by it",
        true};
}

Probe probe_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    bool works = limit.rlim_max >= needed_descriptors;
    return {
        "open files", works ? Probe::State::good : Probe::State::missing,
        "at most " + std::to_string(limit.rlim_max),
        works ? "" : "a hard limit of " + std::to_string(needed_descriptors) + " (ulimit -Hn, limits.conf)",
        true};
}

Probe probe_tasks() {
    uint64_t tasks = default_tasks();
    constexpr uint64_t comfortable = 256;
    return {"processes and threads", tasks >= comfortable ? Probe::State::good : Probe::State::limited,
            std::to_string(tasks) + " for a sandbox without --processes",
            tasks >= comfortable ? "" : "a higher limit of processes for this user (ulimit -u)", false};
}

Probe probe_processor() {
    std::ifstream file("/proc/cpuinfo");
    std::string line;
    bool fsgsbase = false, fsrm = false;
    while (std::getline(file, line)) {
        if (line.rfind("flags", 0) != 0) continue;
        fsgsbase = line.find(" fsgsbase") != std::string::npos;
        fsrm = line.find(" fsrm") != std::string::npos || line.find(" erms") != std::string::npos;
        break;
    }
    if (!fsgsbase)
        return {"processor", Probe::State::missing, "no FSGSBASE",
                "a processor of 2012 or later and Linux 5.9 or later", true};
    return {"processor", fsrm ? Probe::State::good : Probe::State::limited,
            fsrm ? "FSGSBASE, fast string copies" : "FSGSBASE, slow string copies", "", true};
}

Probe probe_kernel() {
    utsname names{};
    uname(&names);
    int major = 0, minor = 0;
    sscanf(names.release, "%d.%d", &major, &minor);
    bool good = major > 5 || (major == 5 && minor >= 14);
    return {"kernel", good ? Probe::State::good : Probe::State::missing, names.release,
            good ? "" : "Linux 5.14 or later", true};
}

Probe probe_cgroup() {
    int version = 0;
    std::string place = MemoryCgroup::place(version);
    if (place.empty())
        return {"memory cgroup", Probe::State::limited,
                "none that may be used: the supervisor's watch limits memory",
                "as root, or in a cgroup with the memory controller that is delegated to you", false};
    return {"memory cgroup", Probe::State::good, "version " + std::to_string(version) + " below " + place, "",
            false};
}

}  // namespace

std::vector<Probe> probe_host() {
    const char* namespaces =
        "allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1, "
        "user.max_user_namespaces=10000";
    std::vector<Probe> probes = {probe_kernel(),
                                 probe_processor(),
                                 probe_namespace("user namespace", 0, namespaces),
                                 probe_namespace("PID namespace", CLONE_NEWPID, namespaces),
                                 probe_namespace("mount namespace", CLONE_NEWNS, namespaces),
                                 probe_namespace("network namespace", CLONE_NEWNET, namespaces),
                                 probe_namespace("IPC namespace", CLONE_NEWIPC, namespaces),
                                 probe_namespace("UTS namespace", CLONE_NEWUTS, namespaces),
                                 probe_filter(),
                                 probe_children(),
                                 probe_descriptors(),
                                 probe_tasks(),
                                 probe_cgroup()};
    for (Probe& probe : probe_machine()) probes.push_back(std::move(probe));
    return probes;
}

}  // namespace litebox::supervisor
