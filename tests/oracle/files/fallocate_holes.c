// fallocate: sizes, keep-size, holes that read as zeros and are found by SEEK_HOLE and SEEK_DATA.
#include "oracle.h"

static void map_out(int fd) {
    off_t end = lseek(fd, 0, SEEK_END);
    for (off_t at = 0; at < end;) {
        off_t data = lseek(fd, at, SEEK_DATA);
        if (data < 0) {
            say("  no more data after %ld: %s\n", (long)at / 65536, errno_name(errno));
            break;
        }
        off_t hole = lseek(fd, data, SEEK_HOLE);
        say("  data %ld to %ld\n", (long)data / 65536, (long)hole / 65536);
        at = hole;
    }
}
int main(void) {
    scratch();
    const off_t k = 65536;
    struct stat st;
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    static char block[65536];
    memset(block, 'b', sizeof block);
    for (int i = 0; i < 8; i++) write(fd, block, k);
    map_out(fd);
    OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * k, 3 * k));
    map_out(fd);
    char c = 1;
    NUM(pread(fd, &c, 1, 3 * k));
    NUM(c);
    pread(fd, &c, 1, 5 * k);
    NUM(c);
    OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 6 * k + 100, 50));
    pread(fd, &c, 1, 6 * k + 99);
    NUM(c);
    pread(fd, &c, 1, 6 * k + 100);
    NUM(c);
    pread(fd, &c, 1, 6 * k + 150);
    NUM(c);
    OK(ftruncate(fd, 20 * k));
    map_out(fd);
    pwrite(fd, "x", 1, 15 * k);
    fstat(fd, &st);
    NUM(st.st_size / k);
    YES(st.st_blocks * 512 < 10 * k);
    OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 20 * k, 10 * k));
    fstat(fd, &st);
    NUM(st.st_size / k);
    OK(fallocate(fd, 0, 20 * k, k));
    fstat(fd, &st);
    NUM(st.st_size / k);
    OK(posix_fallocate(fd, 0, 30 * k));
    fstat(fd, &st);
    NUM(st.st_size / k);
    OK(lseek(fd, 30 * k, SEEK_DATA));
    OK(lseek(fd, 31 * k, SEEK_HOLE));
    OK(lseek(fd, -1, SEEK_DATA));
    NUM(ftruncate(fd, 5));
    NUM(lseek(fd, 0, SEEK_HOLE));
    NUM(lseek(fd, 3, SEEK_DATA));
    OK(fallocate(fd, 0, -1, 10));
    OK(fallocate(fd, 0, 0, 0));
    OK(fallocate(fd, 0, 0, -5));
    OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
    OK(fallocate(-1, 0, 0, 10));
    OK(fallocate(MUST(open("f", O_RDONLY)), 0, 0, 10));
    int ends[2];
    pipe(ends);
    OK(fallocate(ends[1], 0, 0, 10));
    OK(fallocate(MUST(open(".", O_RDONLY)), 0, 0, 10));
    OK(fallocate(fd, 0, 0x7fffffffffffffff, 1));
    return 0;
}
