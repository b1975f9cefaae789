// /dev/zero, /dev/null and /dev/full: reads, writes and mappings.
#include "oracle.h"

int main(void) {
    int zero = MUST(open("/dev/zero", O_RDWR)), null = MUST(open("/dev/null", O_RDWR)),
        full = MUST(open("/dev/full", O_RDWR));
    char text[8] = "xxxxxxx";
    NUM(read(zero, text, 7));
    NUM(text[0] + text[6]);
    NUM(write(zero, text, 7));
    NUM(read(null, text, 7));
    NUM(write(null, text, 7));
    text[0] = 'x';
    NUM(read(full, text, 7));
    NUM(text[0]);
    OK(write(full, text, 7));
    NUM(write(full, text, 0));
    OK(lseek(null, 100, SEEK_SET));
    OK(ftruncate(null, 0));
    char* p = OK(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0));
    p[5] = 1;
    NUM(p[5] + p[6]);
    char* s = OK(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0));
    RUNS("child", s[0] = 9);
    NUM(s[0]);
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, null, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, full, 0));
    struct stat st;
    stat("/dev/null", &st);
    say("%d %u:%u\n", S_ISCHR(st.st_mode), (unsigned)st.st_rdev >> 8, (unsigned)st.st_rdev & 255);
    return 0;
}
