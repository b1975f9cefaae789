// splice, tee and vmsplice: bytes move or are doubled without passing through the program.
#include "oracle.h"

int main(void) {
    scratch();
    put_file("in", "0123456789");
    int in = MUST(open("in", O_RDONLY)), out = MUST(open("out", O_RDWR | O_CREAT, 0600));
    int a[2], b[2];
    pipe(a);
    pipe(b);
    char text[64] = "";
    loff_t offset = 2;
    NUM(splice(in, &offset, a[1], NULL, 5, 0));
    NUM(offset);
    NUM(tee(a[0], b[1], 3, 0));
    NUM(read(b[0], text, sizeof text));
    STR(text);
    NUM(splice(a[0], NULL, out, NULL, 100, 0));
    STR(get_file("out"));
    NUM(write(a[1], "pipe to pipe", 12));
    NUM(splice(a[0], NULL, b[1], NULL, 7, SPLICE_F_MOVE));
    memset(text, 0, sizeof text);
    NUM(read(b[0], text, sizeof text));
    STR(text);
    NUM(read(a[0], text, sizeof text));
    OK(splice(a[0], NULL, b[1], NULL, 5, SPLICE_F_NONBLOCK));
    OK(tee(a[0], b[1], 5, SPLICE_F_NONBLOCK));
    struct iovec v[2] = {{"vm", 2}, {"splice", 6}};
    NUM(vmsplice(a[1], v, 2, 0));
    memset(text, 0, sizeof text);
    struct iovec into = {text, sizeof text};
    NUM(vmsplice(a[0], &into, 1, 0));
    STR(text);
    offset = 20;
    write(a[1], "tail", 4);
    NUM(splice(a[0], NULL, out, &offset, 4, 0));
    struct stat st;
    fstat(out, &st);
    NUM(st.st_size);
    OK(splice(in, NULL, out, NULL, 5, 0));
    OK(splice(a[0], &offset, out, NULL, 5, 0));
    OK(splice(a[0], NULL, a[1], NULL, 5, 0));
    OK(splice(-1, NULL, a[1], NULL, 5, 0));
    OK(splice(in, NULL, a[0], NULL, 5, 0));
    OK(splice(in, NULL, a[1], NULL, 5, 0x100));
    OK(tee(in, a[1], 5, 0));
    OK(tee(a[0], a[1], 5, 0));
    NUM(splice(in, NULL, a[1], NULL, 0, 0));
    close(a[1]);
    NUM(splice(a[0], NULL, out, NULL, 5, 0));
    return 0;
}
