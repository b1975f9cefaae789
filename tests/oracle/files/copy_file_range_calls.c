// copy_file_range: within and between files, offsets, the end of file, overlaps, errors.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("in", "0123456789");
    int in = MUST(open("in", O_RDWR)), out = MUST(open("out", O_RDWR | O_CREAT, 0600));
    loff_t from = 2, to = 5;
    NUM(copy_file_range(in, &from, out, &to, 4, 0));
    say("%ld %ld\n", (long)from, (long)to);
    NUM(lseek(in, 0, SEEK_CUR));
    NUM(copy_file_range(in, NULL, out, NULL, 3, 0));
    char text[16] = "";
    NUM(pread(out, text, sizeof text, 0));
    say("%.3s %d %d %.4s\n", text, text[3], text[4], text + 5);
    NUM(copy_file_range(in, NULL, out, NULL, 100, 0));
    NUM(copy_file_range(in, NULL, out, NULL, 100, 0));
    from = 0;
    to = 10;
    NUM(copy_file_range(in, &from, in, &to, 10, 0));
    from = 0;
    to = 5;
    OK(copy_file_range(in, &from, in, &to, 10, 0));
    STR(get_file("in"));
    OK(copy_file_range(in, NULL, out, NULL, 10, 1));
    OK(copy_file_range(-1, NULL, out, NULL, 10, 0));
    OK(copy_file_range(MUST(open("in", O_WRONLY)), NULL, out, NULL, 10, 0));
    OK(copy_file_range(in, NULL, MUST(open("out", O_RDONLY)), NULL, 10, 0));
    OK(copy_file_range(in, NULL, MUST(open("out", O_WRONLY | O_APPEND)), NULL, 10, 0));
    OK(copy_file_range(MUST(open(".", O_RDONLY)), NULL, out, NULL, 10, 0));
    int ends[2];
    pipe(ends);
    OK(copy_file_range(in, NULL, ends[1], NULL, 10, 0));
    from = -1;
    OK(copy_file_range(in, &from, out, NULL, 10, 0));
    return 0;
}
