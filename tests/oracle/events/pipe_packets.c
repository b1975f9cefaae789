// O_DIRECT pipes carry packets: a read takes one, and what does not fit is lost.
#include "oracle.h"

int main(void) {
    int ends[2];
    char text[32];
    OK(pipe2(ends, O_DIRECT | O_NONBLOCK));
    NUM(write(ends[1], "first", 5));
    NUM(write(ends[1], "second", 6));
    NUM(read(ends[0], text, sizeof text));
    NUM(read(ends[0], text, 3));
    OK(read(ends[0], text, 10));
    static char block[8192];
    NUM(write(ends[1], block, 5000));
    NUM(read(ends[0], block, sizeof block));
    NUM(read(ends[0], block, sizeof block));
    return 0;
}
