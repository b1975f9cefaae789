// Many threads create, rename and remove names in one directory: every operation is whole.
#include "oracle.h"

static int wrong;
static void* worker(void* arg) {
    char a[32], b[32], text[32];
    for (int i = 0; i < 60; i++) {
        snprintf(a, sizeof a, "a-%ld-%d", (long)arg, i);
        snprintf(b, sizeof b, "b-%ld-%d", (long)arg, i);
        snprintf(text, sizeof text, "%ld %d", (long)arg, i);
        put_file(a, text);
        if (rename(a, b) < 0 || access(a, F_OK) == 0 || strcmp(get_file(b), text) != 0)
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
        if (i % 3 == 0 && (link(b, a) < 0 || unlink(b) < 0)) __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
        if (mkdir("shared", 0700) == 0) rmdir("shared");
    }
    return NULL;
}
int main(void) {
    scratch();
    pthread_t t[4];
    for (long i = 0; i < 4; i++) pthread_create(&t[i], NULL, worker, (void*)i);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    NUM(wrong);
    int a = 0, b = 0, other = 0;
    DIR* d = opendir(".");
    for (struct dirent* e; (e = readdir(d));) {
        if (e->d_name[0] == 'a')
            a++;
        else if (e->d_name[0] == 'b')
            b++;
        else if (e->d_name[0] != '.')
            other++;
    }
    closedir(d);
    say("%d %d %d\n", a, b, other);
    return 0;
}
