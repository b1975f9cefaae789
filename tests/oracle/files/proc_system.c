// /proc: the files that language runtimes and tools read are there and have the right form.
#include "oracle.h"

int main(void) {
    char line[1024];
    unsigned long value;
    FILE* f = fopen("/proc/meminfo", "r");
    int total = 0, available = 0;
    while (f && fgets(line, sizeof line, f)) {
        total += sscanf(line, "MemTotal: %lu kB", &value) == 1;
        available += sscanf(line, "MemAvailable: %lu kB", &value) == 1;
    }
    say("meminfo %d %d\n", total, available);
    f = fopen("/proc/cpuinfo", "r");
    int processors = 0, names = 0;
    while (f && fgets(line, sizeof line, f)) {
        processors += strncmp(line, "processor", 9) == 0;
        names += strncmp(line, "model name", 10) == 0;
    }
    YES(processors == sysconf(_SC_NPROCESSORS_ONLN) && names == processors);
    double up, idle, l1, l5, l15;
    NUM(sscanf(get_file("/proc/uptime"), "%lf %lf", &up, &idle));
    int running, all, last;
    NUM(sscanf(get_file("/proc/loadavg"), "%lf %lf %lf %d/%d %d", &l1, &l5, &l15, &running, &all, &last));
    YES(strncmp(get_file("/proc/stat"), "cpu  ", 5) == 0);
    YES(strncmp(get_file("/proc/version"), "Linux version ", 14) == 0);
    YES(strstr(get_file("/proc/filesystems"), "proc") != NULL);
    YES(atoi(get_file("/proc/sys/kernel/pid_max")) >= 32768);
    YES(strlen(get_file("/proc/sys/kernel/hostname")) > 1);
    YES(atoi(get_file("/proc/sys/vm/overcommit_memory")) <= 2);
    YES(strlen(get_file("/proc/sys/kernel/random/uuid")) == 37);
    YES(strlen(get_file("/proc/sys/kernel/random/boot_id")) == 37);
    YES(strlen(get_file("/proc/sys/kernel/osrelease")) > 3);
    YES(atoi(get_file("/proc/sys/fs/pipe-max-size")) >= 4096);
    YES(atoi(get_file("/proc/sys/net/core/somaxconn")) >= 128);
    YES(strstr(get_file("/proc/self/mountinfo"), " / ") != NULL);
    YES(strstr(get_file("/proc/mounts"), " / ") != NULL);
    YES(strchr(get_file("/sys/devices/system/cpu/online"), '0') != NULL);
    YES(strchr(get_file("/sys/devices/system/cpu/possible"), '0') != NULL);
    OK(access("/proc/self/smaps", R_OK));
    OK(access("/proc/self/limits", R_OK));
    OK(access("/proc/self/oom_score_adj", R_OK));
    OK(access("/proc/self/cgroup", R_OK));
    OK(access("/proc/self/task", R_OK | X_OK));
    OK(access("/proc/self/statm", R_OK));
    struct stat st;
    stat("/proc/self/stat", &st);
    NUM(st.st_size);
    OCT(st.st_mode);
    return 0;
}
