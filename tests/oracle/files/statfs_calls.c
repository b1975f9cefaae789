// statfs, fstatfs, statvfs: sane values, names that are too long, errors.
#include "oracle.h"

#include <sys/statvfs.h>
#include <sys/vfs.h>
int main(void) {
    scratch();
    put_file("f", "");
    struct statfs fs, again;
    OK(statfs(".", &fs));
    YES(fs.f_bsize >= 512 && fs.f_blocks >= fs.f_bfree && fs.f_bfree >= fs.f_bavail && fs.f_namelen == 255);
    OK(statfs("f", &again));
    YES(again.f_type == fs.f_type);
    OK(fstatfs(MUST(open("f", O_RDONLY)), &again));
    YES(again.f_type == fs.f_type && again.f_bsize == fs.f_bsize);
    OK(statfs("missing", &fs));
    OK(statfs("f/x", &fs));
    OK(statfs("", &fs));
    OK(statfs(".", BAD));
    OK(fstatfs(-1, &fs));
    OK(statfs("/proc", &fs));
    HEX(fs.f_type);
    OK(statfs("/dev/shm", &fs));
    HEX(fs.f_type);
    int ends[2];
    pipe(ends);
    OK(fstatfs(ends[0], &fs));
    HEX(fs.f_type);
    struct statvfs vfs;
    OK(statvfs(".", &vfs));
    NUM(vfs.f_namemax);
    NUM(pathconf(".", _PC_NAME_MAX));
    NUM(pathconf(".", _PC_PATH_MAX));
    NUM(fpathconf(ends[0], _PC_PIPE_BUF));
    OK(syscall(SYS_sync));
    OK(syncfs(MUST(open(".", O_RDONLY))));
    OK(syncfs(-1));
    OK(fsync(MUST(open("f", O_RDONLY))));
    OK(fdatasync(MUST(open("f", O_RDWR))));
    OK(fsync(ends[0]));
    OK(fsync(-1));
    OK(fsync(MUST(open(".", O_RDONLY))));
    OK(posix_fadvise(MUST(open("f", O_RDONLY)), 0, 0, POSIX_FADV_SEQUENTIAL));
    OK(posix_fadvise(MUST(open("f", O_RDONLY)), 0, 0, 99));
    OK(posix_fadvise(ends[0], 0, 0, 0));
    OK(readahead(MUST(open("f", O_RDONLY)), 0, 100));
    OK(readahead(ends[0], 0, 100));
    OK(sync_file_range(MUST(open("f", O_RDWR)), 0, 0, 99));
    OK(sync_file_range(MUST(open("f", O_RDWR)), 0, 0, SYNC_FILE_RANGE_WRITE));
    return 0;
}
