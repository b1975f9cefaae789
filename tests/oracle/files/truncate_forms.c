// truncate and ftruncate: growing gives zeros, shrinking loses data for good; the errors.
#include "oracle.h"

int main(void) {
    scratch();
    give_scratch();
    put_file("f", "0123456789");
    int fd = MUST(open("f", O_RDWR));
    OK(ftruncate(fd, 4));
    OK(ftruncate(fd, 8));
    char text[9] = "########";
    NUM(pread(fd, text, 8, 0));
    say("%.4s %d %d\n", text, text[4], text[7]);
    NUM(lseek(fd, 0, SEEK_CUR));
    OK(truncate("f", 100000));
    struct stat st;
    fstat(fd, &st);
    NUM(st.st_size);
    OK(truncate("f", -1));
    OK(ftruncate(fd, -1));
    OK(truncate("missing", 0));
    OK(truncate(".", 0));
    OK(truncate("f/x", 0));
    OK(truncate("", 0));
    OK(ftruncate(-1, 0));
    OK(ftruncate(MUST(open("f", O_RDONLY)), 0));
    OK(ftruncate(MUST(open(".", O_RDONLY)), 0));
    int ends[2];
    pipe(ends);
    OK(ftruncate(ends[1], 0));
    mkfifo("p", 0600);
    OK(truncate("p", 0));
    OK(truncate("f", 0x7fffffffffffffff) == -1 ? -1 : 0);
    RUNS("ordinary", become_ordinary(); put_file("mine", "x"); chmod("mine", 0400); OK(truncate("mine", 0));
         OK(truncate("/etc/passwd", 0)));
    return 0;
}
