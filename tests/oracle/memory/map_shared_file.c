// Shared file mappings are coherent with read, write and other mappings, at once, in both directions.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(fd, 12288));
    char* a = OK(mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    char* b = OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096));
    char* c = OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 4096));
    char text[16] = "";
    strcpy(a + 4096, "by memory");
    NUM(pread(fd, text, 10, 4096));
    STR(text);
    STR(b);
    STR(c);
    NUM(pwrite(fd, "by write!", 10, 4096));
    STR(a + 4096);
    STR(b);
    RUNS("child", strcpy(a + 8192, "by child"));
    STR(a + 8192);
    pread(fd, text, 9, 8192);
    STR(text);
    int other = MUST(open("f", O_RDWR));
    NUM(pwrite(other, "other", 6, 0));
    STR(a);
    OK(munmap(a, 12288));
    close(fd);
    NUM(pread(other, text, 9, 8192));
    STR(text);
    struct stat st;
    fstat(other, &st);
    NUM(st.st_size);
    return 0;
}
