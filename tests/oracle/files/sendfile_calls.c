// sendfile: from a file to a pipe, a socket, a file; offsets; errors.
#include "oracle.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
int main(void) {
    scratch();
    put_file("in", "0123456789");
    int in = MUST(open("in", O_RDONLY)), out = MUST(open("out", O_RDWR | O_CREAT, 0600));
    int ends[2], pair[2];
    pipe(ends);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    char text[32] = "";
    off_t offset = 3;
    NUM(sendfile(ends[1], in, &offset, 4));
    NUM(offset);
    NUM(lseek(in, 0, SEEK_CUR));
    NUM(read(ends[0], text, sizeof text));
    STR(text);
    NUM(sendfile(pair[0], in, NULL, 6));
    NUM(lseek(in, 0, SEEK_CUR));
    memset(text, 0, sizeof text);
    NUM(read(pair[1], text, sizeof text));
    STR(text);
    NUM(sendfile(out, in, NULL, 100));
    STR(get_file("out"));
    NUM(sendfile(out, in, NULL, 100));
    offset = 100;
    NUM(sendfile(out, in, &offset, 10));
    offset = -1;
    OK(sendfile(out, in, &offset, 10));
    OK(sendfile(in, in, NULL, 10));
    OK(sendfile(-1, in, NULL, 10));
    OK(sendfile(out, -1, NULL, 10));
    OK(sendfile(out, MUST(open("out", O_WRONLY)), NULL, 10));
    OK(sendfile(out, in, BAD, 10));
    OK(sendfile(out, pair[0], NULL, 10));
    OK(sendfile(MUST(open("out", O_WRONLY | O_APPEND)), in, NULL, 10));
    return 0;
}
