// O_APPEND by several processes and threads: no line is lost or torn; the shared offset is moved atomically.
#include "oracle.h"

static int shared_fd;
static void* thread(void* arg) {
    char line[16];
    for (int i = 0; i < 200; i++) {
        snprintf(line, sizeof line, "t%ld-%08d\n", (long)arg, i);
        write(shared_fd, line, 12);
    }
    return NULL;
}
static void count(const char* path) {
    FILE* f = fopen(path, "r");
    char line[64];
    int lines = 0, torn = 0, seen[8] = {0};
    while (fgets(line, sizeof line, f)) {
        long who;
        int i;
        if (strlen(line) != 12 || sscanf(line, "t%ld-%d", &who, &i) != 2 || who < 0 || who > 7)
            torn++;
        else
            seen[who]++;
        lines++;
    }
    say("lines %d torn %d each %d %d %d %d\n", lines, torn, seen[0], seen[1], seen[2], seen[3]);
}
int main(void) {
    scratch();
    for (long i = 0; i < 4; i++)
        CHILD(shared_fd = open("a", O_WRONLY | O_APPEND | O_CREAT, 0600); thread((void*)i));
    while (wait(NULL) > 0) {
    }
    count("a");
    shared_fd = MUST(open("b", O_WRONLY | O_CREAT, 0600));
    pthread_t t[4];
    for (long i = 0; i < 4; i++) pthread_create(&t[i], NULL, thread, (void*)i);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    count("b");
    return 0;
}
