// Mappings of files of the host. files FILE NAME: the file can be written.
//
//   cut      the file is shortened under two mappings; what lies behind its end must be gone in both
//   many     a file larger than the machine's memory is read through one mapping
//   changed  the mapping is written to; then the program waits to be told to end
//   dirty    so much is written through a mapping that it does not fit into memory
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { page = 4096 };
static sigjmp_buf back;

static void caught(int signal) {
    siglongjmp(back, signal);
}

/// What a look at a byte ends with: its value, or the signal's number negated.
static int look(const volatile char* at) {
    int signal = sigsetjmp(back, 1);
    return signal != 0 ? -signal : *at;
}

static void cut(int file, char* shared, size_t length) {
    char* own = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    for (size_t at = 0; at < 6 * page; at += page) shared[at] = 'a';
    printf("before: %d %d\n", look(shared + 5 * page), look(own + 5 * page));
    pid_t child = fork();
    if (child == 0) {
        if (ftruncate(file, 2 * page + 100) != 0) perror("ftruncate");
        _exit(look(shared + 5 * page) == -SIGBUS ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    printf("the child: %d\n", status);
    printf("after: %d %d %d %d %d\n", look(shared + 3 * page), look(own + 5 * page), look(shared + 2 * page),
           look(shared + 2 * page + 100), look(own));
    if (ftruncate(file, 4 * page) != 0) perror("ftruncate");
    printf("longer again: %d %d\n", look(shared + 3 * page), look(shared + 5 * page));
}

static void many(const char* shared, size_t length) {
    for (int round = 0; round < 2; round++) {
        unsigned sum = 0;
        for (size_t at = 0; at < length; at += page) sum = sum * 31 + (unsigned char)shared[at];
        printf("%u\n", sum);
    }
}

static void dirty(char* shared, size_t length) {
    for (size_t at = 0; at < length; at += page) memset(shared + at, 'd', page);
    printf("%zu written\n", length);
}

int main(int count, char** words) {
    if (count < 3) return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    int file = open(words[1], O_RDWR);
    struct stat facts;
    if (file < 0 || fstat(file, &facts) != 0) {
        perror(words[1]);
        return 1;
    }
    size_t length = (size_t)facts.st_size;
    char* shared = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) return 1;
    signal(SIGBUS, caught);
    signal(SIGSEGV, caught);
    if (strcmp(words[2], "cut") == 0) cut(file, shared, length);
    if (strcmp(words[2], "many") == 0) many(shared, length);
    if (strcmp(words[2], "dirty") == 0) dirty(shared, length);
    if (strcmp(words[2], "changed") == 0) {
        memcpy(shared, "changed", 7);
        puts("changed");
        (void)getchar();
    }
    return 0;
}
