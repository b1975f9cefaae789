// /proc/self/fd lists exactly the open descriptors; they reopen files with their own rights and offsets.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("f", "0123456789");
    for (int fd = 3; fd < 100; fd++) close(fd);
    int a = MUST(open("f", O_RDONLY)), ends[2];
    pipe(ends);
    dup2(a, 40);
    DIR* d = opendir("/proc/self/fd");
    int seen[64] = {0}, others = 0;
    for (struct dirent* e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        int fd = atoi(e->d_name);
        if (fd == dirfd(d)) continue;
        if (fd < 64)
            seen[fd]++;
        else
            others++;
    }
    closedir(d);
    for (int fd = 0; fd < 64; fd++)
        if (seen[fd]) say("%d ", fd);
    say("others %d\n", others);
    lseek(a, 5, SEEK_SET);
    int again = OK(open("/proc/self/fd/3", O_RDWR));
    NUM(lseek(again, 0, SEEK_CUR));
    NUM(write(again, "XX", 2));
    STR(get_file("f"));
    chmod("f", 0400);
    RUNS("ordinary", give_scratch(); become_ordinary();
         int e = open("/proc/self/fd/3", O_WRONLY) < 0 ? errno : 0; YES(e == EACCES));
    int w = OK(open("/proc/self/fd/5", O_WRONLY));
    NUM(write(w, "pipe", 4));
    char text[8] = "";
    NUM(read(ends[0], text, 8));
    STR(text);
    struct stat one, two;
    stat("/proc/self/fd/3", &one);
    fstat(a, &two);
    YES(one.st_ino == two.st_ino);
    lstat("/proc/self/fd/3", &one);
    YES(S_ISLNK(one.st_mode));
    OCT(one.st_mode & 0777);
    OK(unlink("/proc/self/fd/3"));
    return 0;
}
