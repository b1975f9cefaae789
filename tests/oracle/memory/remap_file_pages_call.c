// remap_file_pages: emulated by mappings of their own.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    ftruncate(fd, 4 * 4096);
    for (int i = 0; i < 4; i++) pwrite(fd, &"abcd"[i], 1, i * 4096);
    char* p = MUST(mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    OK(remap_file_pages(p, 4096, 0, 3, 0));
    say("%c%c%c%c\n", p[0], p[4096], p[8192], p[12288]);
    OK(remap_file_pages(p, 4096, PROT_READ, 3, 0));
    char* private = MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
    OK(remap_file_pages(private, 4096, 0, 1, 0));
    return 0;
}
