// msync: flags and errors; what was written is in the file.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    ftruncate(fd, 8192);
    char* p = MUST(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    strcpy(p, "written");
    OK(msync(p, 8192, MS_SYNC));
    OK(msync(p, 100, MS_ASYNC));
    OK(msync(p, 8192, MS_SYNC | MS_INVALIDATE));
    STR(get_file("f"));
    OK(msync(p, 8192, MS_SYNC | MS_ASYNC));
    OK(msync(p, 8192, 0x100));
    OK(msync(p + 1, 4096, MS_SYNC));
    OK(msync(p, 0, MS_SYNC));
    OK(msync(p, -4096ul, MS_SYNC));
    munmap(p + 4096, 4096);
    OK(msync(p, 8192, MS_SYNC));
    OK(msync(p, 8192, MS_ASYNC));
    OK(mlock(p, 4096));
    OK(msync(p, 4096, MS_INVALIDATE));
    OK(munlock(p, 4096));
    return 0;
}
