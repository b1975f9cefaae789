// What the host offers, found out by trying.

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>

#include "supervisor/supervisor.h"

namespace litebox::supervisor {

namespace {

/// Runs `attempt` in a child; true if it returned true.
bool try_in_child(const std::function<bool()>& attempt) {
    pid_t child = fork();
    if (child == 0) _exit(attempt() ? 0 : 1);
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Probe probe_namespace(const char* name, int kind, const char* remedy) {
    bool works = try_in_child([kind] { return unshare(CLONE_NEWUSER | kind) == 0; });
    return {name, works ? Probe::State::good : Probe::State::missing, works ? "available" : "refused",
            works ? "" : remedy, true};
}

Probe probe_filter() {
    bool works = try_in_child([] {
        uint32_t action = 0x00030000;  // SECCOMP_RET_TRAP
        return syscall(SYS_seccomp, 2 /* GET_ACTION_AVAIL */, 0, &action) == 0;
    });
    return {"system-call filter", works ? Probe::State::good : Probe::State::missing,
            works ? "available" : "not available", works ? "" : "a kernel with CONFIG_SECCOMP_FILTER", true};
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
    bool v2 = access("/sys/fs/cgroup/cgroup.controllers", W_OK) == 0;
    bool v1 = access("/sys/fs/cgroup/memory/tasks", W_OK) == 0;
    bool any = v1 || v2;
    return {
        "memory cgroup", any ? Probe::State::good : Probe::State::limited,
        v2   ? "version 2"
        : v1 ? "version 1"
             : "none that may be used",
        any ? "" : "run in a delegated cgroup (systemd-run --user --scope); limits are watched without it",
        false};
}

}  // namespace

std::vector<Probe> probe_host() {
    const char* namespaces =
        "allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1, "
        "user.max_user_namespaces=10000";
    return {probe_kernel(),
            probe_processor(),
            probe_namespace("user namespace", 0, namespaces),
            probe_namespace("PID namespace", CLONE_NEWPID, namespaces),
            probe_namespace("mount namespace", CLONE_NEWNS, namespaces),
            probe_namespace("network namespace", CLONE_NEWNET, namespaces),
            probe_namespace("IPC namespace", CLONE_NEWIPC, namespaces),
            probe_namespace("UTS namespace", CLONE_NEWUTS, namespaces),
            probe_filter(),
            probe_cgroup()};
}

}  // namespace litebox::supervisor
