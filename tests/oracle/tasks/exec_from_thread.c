// execve from a thread: the other threads end, the process keeps its id and the new program its main thread.
#include "oracle.h"

static char* self;
static void* sleeper(void* arg) {
    for (;;) pause();
    return arg;
}
static void* executor(void* arg) {
    char pid[20];
    snprintf(pid, sizeof pid, "%d", getpid());
    execl(self, self, pid, (char*)NULL);
    return arg;
}
int main(int argc, char** argv) {
    if (argc > 1) {
        YES(getpid() == atoi(argv[1]));
        YES(gettid() == getpid());
        int threads = 0;
        DIR* d = opendir("/proc/self/task");
        for (struct dirent* e; d && (e = readdir(d));) threads += e->d_name[0] != '.';
        NUM(threads);
        return 5;
    }
    self = argv[0];
    RUNS("process", {
        pthread_t t;
        for (int i = 0; i < 4; i++) pthread_create(&t, NULL, sleeper, NULL);
        pthread_create(&t, NULL, executor, NULL);
        for (;;) pause();
    });
    return 0;
}
