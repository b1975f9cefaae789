// Megabytes through a Unix stream between processes, with descriptors among them.
#include "oracle.h"

#include <sys/socket.h>
enum { blocks = 300, block_size = 8000 };
int main(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pid_t p = CHILD({
        close(pair[0]);
        static char block[block_size];
        for (int i = 0; i < blocks; i++) {
            memset(block, i, sizeof block);
            char control[CMSG_SPACE(sizeof(int))] = {0};
            struct iovec v = {block, sizeof block};
            struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
            int fd = -1;
            if (i % 50 == 0) {
                fd = memfd_create("x", 0);
                write(fd, &i, sizeof i);
                m.msg_control = control;
                m.msg_controllen = sizeof control;
                struct cmsghdr* c = CMSG_FIRSTHDR(&m);
                *c = (struct cmsghdr){
                    .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
                memcpy(CMSG_DATA(c), &fd, sizeof fd);
            }
            long n = sendmsg(pair[1], &m, 0);
            if (n < block_size) send(pair[1], block, block_size - n, 0);
            if (fd >= 0) close(fd);
        }
    });
    close(pair[1]);
    long got = 0, wrong = 0, descriptors = 0, right = 0;
    static char block[block_size];
    for (;;) {
        char control[CMSG_SPACE(sizeof(int))];
        struct iovec v = {block, sizeof block};
        struct msghdr m = {
            .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        long n = recvmsg(pair[0], &m, 0);
        if (n <= 0) break;
        for (long i = 0; i < n; i++) wrong += block[i] != (char)((got + i) / block_size);
        struct cmsghdr* c = CMSG_FIRSTHDR(&m);
        if (c) {
            int fd, value = -1;
            memcpy(&fd, CMSG_DATA(c), sizeof fd);
            pread(fd, &value, sizeof value, 0);
            descriptors++;
            right += value == (got + n - 1) / block_size || value == got / block_size;
            close(fd);
        }
        got += n;
    }
    NUM(got);
    NUM(wrong);
    NUM(descriptors);
    NUM(right);
    reap("sender", p);
    return 0;
}
