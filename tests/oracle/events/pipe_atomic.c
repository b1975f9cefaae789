// Writes of up to PIPE_BUF bytes are never interleaved, however many writers there are.
#include "oracle.h"

int main(void) {
    int ends[2];
    pipe(ends);
    for (int w = 0; w < 4; w++)
        CHILD({
            close(ends[0]);
            char block[1024];
            memset(block, 'a' + w, sizeof block);
            for (int i = 0; i < 100; i++) write(ends[1], block, sizeof block);
        });
    close(ends[1]);
    char block[1024];
    int blocks = 0, torn = 0, counts[4] = {0};
    for (;;) {
        size_t have = 0;
        ssize_t n = 0;
        while (have < sizeof block && (n = read(ends[0], block + have, sizeof block - have)) > 0) have += n;
        if (have == 0) break;
        blocks++;
        for (size_t i = 1; i < have; i++) torn += block[i] != block[0];
        counts[block[0] - 'a']++;
    }
    while (wait(NULL) > 0) {
    }
    say("blocks %d torn %d counts %d %d %d %d\n", blocks, torn, counts[0], counts[1], counts[2], counts[3]);
    return 0;
}
