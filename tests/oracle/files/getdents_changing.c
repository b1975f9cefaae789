// getdents64 while entries come and go: what stays is seen exactly once.
#include "oracle.h"

int main(void) {
    scratch();
    mkdir("d", 0700);
    char name[32];
    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "d/%s-%03d", i % 2 ? "stays" : "goes", i);
        put_file(name, "");
    }
    int fd = MUST(open("d", O_RDONLY | O_DIRECTORY));
    char buffer[1024];
    int seen[400] = {0};
    ssize_t n;
    int round = 0;
    while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < n;) {
            struct dirent64* e = (void*)(buffer + at);
            int i;
            if (sscanf(e->d_name, "stays-%d", &i) == 1) seen[i]++;
            at += e->d_reclen;
        }
        for (int k = 0; k < 10; k++) {
            snprintf(name, sizeof name, "d/goes-%03d", (round * 10 + k) * 2 % 400);
            unlink(name);
            snprintf(name, sizeof name, "d/new-%03d", round * 10 + k);
            put_file(name, "");
        }
        round++;
        if (round > 500) break;
    }
    int missing = 0, twice = 0;
    for (int i = 1; i < 400; i += 2) {
        missing += seen[i] == 0;
        twice += seen[i] > 1;
    }
    NUM(missing);
    NUM(twice);
    int removed = 0;
    for (;;) {
        DIR* d = opendir("d");
        int any = 0;
        for (struct dirent* e; (e = readdir(d));) {
            if (e->d_name[0] == '.') continue;
            snprintf(name, sizeof name, "d/%.20s", e->d_name);
            any += unlink(name) == 0;
        }
        closedir(d);
        removed += any;
        if (!any) break;
    }
    YES(removed > 200);
    OK(rmdir("d"));
    return 0;
}
