// The types arrive sorted: one line per entry, in order of name (readdir itself promises none).
#include "oracle.h"

int main(void) {
    scratch();
    mkdir("sub", 0700);
    put_file("a", "");
    symlink("a", "b");
    mkfifo("c", 0600);
    struct dirent** list;
    int n = scandir(".", &list, NULL, alphasort);
    NUM(n);
    for (int i = 0; i < n; i++) {
        struct stat st;
        fstatat(AT_FDCWD, list[i]->d_name, &st, AT_SYMLINK_NOFOLLOW);
        say("%s type %d inode %d\n", list[i]->d_name, list[i]->d_type == DT_UNKNOWN ? 0 : list[i]->d_type,
            st.st_ino == list[i]->d_ino || i == 1);
    }
    DIR* d = opendir(".");
    long places[10];
    char names[10][32];
    int count = 0;
    for (;;) {
        places[count] = telldir(d);
        struct dirent* e = readdir(d);
        if (!e) break;
        snprintf(names[count++], 32, "%.31s", e->d_name);
    }
    int wrong = 0;
    for (int i = count - 1; i >= 0; i--) {
        seekdir(d, places[i]);
        struct dirent* e = readdir(d);
        wrong += !e || strcmp(e->d_name, names[i]) != 0;
    }
    NUM(count);
    NUM(wrong);
    return 0;
}
