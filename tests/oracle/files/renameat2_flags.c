// renameat2: RENAME_NOREPLACE, RENAME_EXCHANGE, and the flags that are refused.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("a", "a");
    put_file("b", "b");
    mkdir("d", 0700);
    put_file("d/x", "x");
    symlink("a", "s");
    OK(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
    OK(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
    OK(renameat2(AT_FDCWD, "c", AT_FDCWD, "s", RENAME_NOREPLACE));
    OK(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE));
    STR(get_file("b"));
    STR(get_file("c"));
    OK(renameat2(AT_FDCWD, "b", AT_FDCWD, "d", RENAME_EXCHANGE));
    STR(get_file("b/x"));
    STR(get_file("d"));
    OK(renameat2(AT_FDCWD, "b", AT_FDCWD, "missing", RENAME_EXCHANGE));
    OK(renameat2(AT_FDCWD, "missing", AT_FDCWD, "b", RENAME_EXCHANGE));
    OK(renameat2(AT_FDCWD, "b", AT_FDCWD, "b/x", RENAME_EXCHANGE));
    OK(renameat2(AT_FDCWD, "s", AT_FDCWD, "c", RENAME_EXCHANGE));
    struct stat st;
    lstat("c", &st);
    YES(S_ISLNK(st.st_mode));
    OK(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE | RENAME_NOREPLACE));
    OK(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", 0x100));
    OK(renameat2(AT_FDCWD, "d", AT_FDCWD, "d", RENAME_NOREPLACE));
    OK(renameat2(AT_FDCWD, "d", AT_FDCWD, "d", RENAME_EXCHANGE));
    OK(renameat2(AT_FDCWD, "b/..", AT_FDCWD, "x", RENAME_NOREPLACE));
    return 0;
}
