// /proc of another process: state, command line, parent, tasks, what /proc itself lists, and that it goes
// when it is waited for.
#include "oracle.h"

static char state(pid_t p) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", p);
    const char* text = get_file(path);
    const char* after = strrchr(text, ')');
    return after ? after[2] : '?';
}
static int listed(pid_t p) {
    DIR* d = opendir("/proc");
    int found = 0;
    for (struct dirent* e; (e = readdir(d));) found += atoi(e->d_name) == p;
    closedir(d);
    return found;
}
static void* thread(void* arg) {
    for (;;) pause();
    return arg;
}
int main(void) {
    struct gate ready = gate_new();
    pid_t p = CHILD({
        pthread_t t;
        pthread_create(&t, NULL, thread, NULL);
        prctl(PR_SET_NAME, "the child");
        gate_pass(&ready);
        for (;;) pause();
    });
    gate_wait(&ready);
    while (state(p) != 'S') sleep_ms(1);
    say("sleeping\n");
    NUM(listed(p));
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", p);
    STR(get_file(path));
    snprintf(path, sizeof path, "/proc/%d/stat", p);
    int parent = 0;
    sscanf(strrchr(get_file(path), ')') + 4, "%d", &parent);
    YES(parent == getpid());
    snprintf(path, sizeof path, "/proc/%d/task", p);
    int tasks = 0;
    DIR* d = opendir(path);
    for (struct dirent* e; d && (e = readdir(d));) tasks += e->d_name[0] != '.';
    NUM(tasks);
    snprintf(path, sizeof path, "/proc/%d/fd/1", p);
    OK(access(path, F_OK));
    kill(p, SIGSTOP);
    int status;
    waitpid(p, &status, WUNTRACED);
    while (state(p) != 'T') sleep_ms(1);
    say("stopped\n");
    snprintf(path, sizeof path, "/proc/%d", p);
    int held = MUST(open(path, O_RDONLY | O_DIRECTORY));
    kill(p, SIGKILL);
    siginfo_t info;
    waitid(P_PID, p, &info, WEXITED | WNOWAIT);
    while (state(p) != 'Z') sleep_ms(1);
    say("zombie\n");
    snprintf(path, sizeof path, "/proc/%d/cmdline", p);
    NUM(strlen(get_file(path)));
    NUM(listed(p));
    reap("child", p);
    NUM(listed(p));
    OK(openat(held, "stat", O_RDONLY));
    snprintf(path, sizeof path, "/proc/%d", p);
    OK(access(path, F_OK));
    return 0;
}
