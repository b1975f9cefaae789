// mmap: the errors.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("f", "some text");
    int rw = MUST(open("f", O_RDWR)), ro = MUST(open("f", O_RDONLY)), wo = MUST(open("f", O_WRONLY));
    int append = MUST(open("f", O_RDWR | O_APPEND)), dir = MUST(open(".", O_RDONLY)),
        path = MUST(open("f", O_PATH));
    int ends[2];
    MUST(pipe(ends));
    OK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE, ro, 0));
    OK(mmap(NULL, 4096, PROT_READ, 0, ro, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, ro, 100));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, wo, 0));
    OK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, wo, 0));
    OK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, ro, 0));
    OK(mmap(NULL, 4096, PROT_WRITE, MAP_PRIVATE, ro, 0));
    OK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, append, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, dir, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, path, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, ends[0], 0));
    OK(mmap((void*)4097, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, ro, 0));
    OK(mmap((void*)0x7ffffffff000, 8192, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0));
    OK(mmap(NULL, 1ul << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    OK(mmap(NULL, -4096ul, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(mmap(NULL, -1ul, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, rw, 0x7ffffffffffff000));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_PRIVATE, rw, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | (1 << 23), rw, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED | (1 << 23), rw, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE, rw, 0));
    OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, rw, 0));
    RUNS("low addresses for an ordinary user", become_ordinary();
         OK(mmap((void*)0, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0)));
    return 0;
}
