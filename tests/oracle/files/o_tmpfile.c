// O_TMPFILE: a file without a name, which linkat may give it one; the errors.
#include "oracle.h"

int main(void) {
    scratch();
    int fd = OK(open(".", O_TMPFILE | O_RDWR, 0640));
    struct stat st;
    OK(fstat(fd, &st));
    NUM(st.st_nlink);
    OCT(st.st_mode);
    NUM(write(fd, "nameless", 8));
    int entries = 0;
    DIR* d = opendir(".");
    for (struct dirent* e; (e = readdir(d));) entries++;
    NUM(entries);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    STR(get_file("named"));
    OK(fstat(fd, &st));
    NUM(st.st_nlink);
    int hidden = OK(open(".", O_TMPFILE | O_WRONLY | O_EXCL, 0600));
    snprintf(path, sizeof path, "/proc/self/fd/%d", hidden);
    OK(linkat(AT_FDCWD, path, AT_FDCWD, "never", AT_SYMLINK_FOLLOW));
    OK(open(".", O_TMPFILE | O_RDONLY, 0600));
    OK(open("named", O_TMPFILE | O_RDWR, 0600));
    OK(open("missing", O_TMPFILE | O_RDWR, 0600));
    return 0;
}
