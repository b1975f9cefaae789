// mremap of file and shared mappings: growing shows more of the file; an old size of 0 makes a second
// mapping.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    ftruncate(fd, 4 * 4096);
    for (int i = 0; i < 4; i++) pwrite(fd, &"abcd"[i], 1, i * 4096);
    char* p = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096));
    char* q = OK(mremap(p, 4096, 3 * 4096, MREMAP_MAYMOVE));
    say("%c%c%c\n", q[0], q[4096], q[8192]);
    char* second = OK(mremap(q, 0, 3 * 4096, MREMAP_MAYMOVE));
    YES(second != q);
    second[1] = 'X';
    NUM(q[1]);
    char* anonymous = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    char* twin = OK(mremap(anonymous, 0, 4096, MREMAP_MAYMOVE));
    strcpy(twin, "twin");
    STR(anonymous);
    char* private = MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(mremap(private, 0, 4096, MREMAP_MAYMOVE));
    char* beyond = OK(mremap(q, 3 * 4096, 5 * 4096, MREMAP_MAYMOVE));
    RUNS("beyond the file", *(volatile char*)(beyond + 4 * 4096));
    OK(mremap(anonymous, 4096, 3 * 4096, MREMAP_MAYMOVE));
    return 0;
}
