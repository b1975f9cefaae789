// Large writes and reads: counts, the limit of one transfer, zero lengths, closed descriptors.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    size_t size = 3 << 20;
    char* data = malloc(size);
    for (size_t i = 0; i < size; i++) data[i] = i * 31 >> 3;
    NUM(write(fd, data, size));
    NUM(pwrite(fd, data, 100, size - 50));
    char* back = malloc(size);
    NUM(pread(fd, back, size, 0));
    YES(memcmp(data, back, size - 50) == 0);
    NUM(pread(fd, back, size, size - 50));
    YES(memcmp(data, back, 100) == 0);
    NUM(pread(fd, back, 0, 0));
    NUM(pwrite(fd, back, 0, 0));
    int zero = MUST(open("/dev/zero", O_RDONLY)), null = MUST(open("/dev/null", O_WRONLY));
    char* big = MUST(
        mmap(NULL, 3ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    NUM(write(null, big, 3ul << 30));
    OK(read(zero, (void*)data, (size_t)-1));
    close(fd);
    OK(read(fd, data, 1));
    OK(write(fd, data, 1));
    return 0;
}
