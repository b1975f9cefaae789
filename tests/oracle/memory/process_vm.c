// process_vm_readv and process_vm_writev: scattered ranges of a child and of oneself, partial results,
// errors.
#include "oracle.h"

static char data[3 * 4096] __attribute__((aligned(4096)));
int main(void) {
    char* hole = MUST(mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(hole + 4096, 4096);
    strcpy(data, "parent's data");
    struct gate ready = gate_new(), check = gate_new();
    pid_t p = CHILD({
        strcpy(data, "child's data");
        strcpy(data + 5000, "more of it");
        memset(hole, 'h', 4096);
        gate_pass(&ready);
        gate_wait(&check);
        STR(data);
    });
    gate_wait(&ready);
    char a[8] = "", b[40] = "", big[8192];
    struct iovec local[2] = {{a, 7}, {b, 30}}, remote[2] = {{data, 12}, {data + 5000, 11}};
    NUM(process_vm_readv(p, local, 2, remote, 2, 0));
    say("%.7s|%.5s|%s\n", a, b, b + 5);
    NUM(process_vm_readv(getpid(), local, 1, remote, 1, 0));
    say("%.7s\n", a);
    struct iovec wide = {big, sizeof big}, over = {hole, 8192}, gone = {hole + 4096, 10};
    NUM(process_vm_readv(p, &wide, 1, &over, 1, 0));
    OK(process_vm_readv(p, &wide, 1, &gone, 1, 0));
    struct iovec out = {"written", 8}, to = {data, 8};
    NUM(process_vm_writev(p, &out, 1, &to, 1, 0));
    OK(process_vm_readv(p, local, 2, remote, 2, 1));
    OK(process_vm_readv(p, local, 2000, remote, 2, 0));
    OK(process_vm_readv(p, local, 2, remote, 2000, 0));
    NUM(process_vm_readv(p, local, 0, remote, 2, 0));
    NUM(process_vm_readv(p, local, 2, remote, 0, 0));
    OK(process_vm_readv(999999, local, 2, remote, 2, 0));
    OK(process_vm_readv(p, BAD, 2, remote, 2, 0));
    OK(process_vm_readv(p, local, 2, BAD, 2, 0));
    struct iovec bad = {BAD, 4};
    OK(process_vm_readv(p, &bad, 1, remote, 1, 0));
    gate_pass(&check);
    reap("child", p);
    return 0;
}
