// read, write and their kin between a file and a mapping of the same file.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    for (int i = 0; i < 4; i++) {
        char page[4096];
        memset(page, 'a' + i, sizeof page);
        write(fd, page, sizeof page);
    }
    char* p = MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    NUM(pread(fd, p, 4096, 8192));
    say("%c%c\n", p[0], p[4095]);
    NUM(pwrite(fd, p + 4096, 4096, 12288));
    say("%c%c\n", p[12288], p[16383]);
    NUM(pread(fd, p + 100, 8192, 4196));
    say("%c%c\n", p[100], p[8291]);
    char* private = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
    NUM(pread(fd, private, 100, 12288));
    say("%c%c\n", private[0], p[0]);
    NUM(pwrite(fd, private, 4096, 0));
    say("%c\n", p[0]);
    return 0;
}
