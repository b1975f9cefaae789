// A private file mapping: copy on write, the file unchanged, the descriptor may be closed, the last page ends
// in zeros.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("f", "hello, world");
    int fd = MUST(open("f", O_RDONLY));
    char* p = OK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
    close(fd);
    STR(p);
    NUM(p[4095]);
    p[0] = 'J';
    STR(p);
    STR(get_file("f"));
    RUNS("child", STR(p); p[1] = 'E'; STR(p));
    STR(p);
    unlink("f");
    STR(p);
    OK(munmap(p, 4096));
    return 0;
}
