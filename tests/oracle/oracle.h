// What every oracle program shares: print the text of a call and its outcome, never a value that differs
// between two runs. Output goes straight to descriptor 1, so that nothing is lost or doubled by fork, exec or
// a fatal signal.
#ifndef LITEBOX_TESTS_ORACLE_H
#define LITEBOX_TESTS_ORACLE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ORACLE_UNUSED __attribute__((unused))

// One line (or part of one) of output, in one write.
ORACLE_UNUSED __attribute__((format(printf, 1, 2))) static void say(const char* format, ...) {
    char text[4096];
    va_list args;
    int saved = errno;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length > (int)sizeof text - 1) length = sizeof text - 1;
    for (int done = 0; done < length;) {
        ssize_t n = write(1, text + done, length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) _exit(99);
        done += n;
    }
    errno = saved;
}

ORACLE_UNUSED static const char* errno_name(int error) {
    const char* name = error ? strerrorname_np(error) : "ok";
    return name ? name : "unknown errno";
}

ORACLE_UNUSED static const char* signal_name(int number) {
    static __thread char text[32];
    const char* name = number > 0 && number < 32 ? sigabbrev_np(number) : NULL;
    if (name)
        snprintf(text, sizeof text, "SIG%s", name);
    else if (number >= SIGRTMIN && number <= SIGRTMAX)
        snprintf(text, sizeof text, "SIGRTMIN+%d", number - SIGRTMIN);
    else
        snprintf(text, sizeof text, "signal %d", number);
    return text;
}

// A wait status in words. Whether a core was dumped depends on the host, so it is left out.
ORACLE_UNUSED static const char* status_text(int status) {
    static __thread char text[64];
    if (WIFEXITED(status))
        snprintf(text, sizeof text, "exited %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "killed by %s", signal_name(WTERMSIG(status)));
    else if (WIFSTOPPED(status))
        snprintf(text, sizeof text, "stopped by %s", signal_name(WSTOPSIG(status)));
    else if (WIFCONTINUED(status))
        snprintf(text, sizeof text, "continued");
    else
        snprintf(text, sizeof text, "strange");
    return text;
}

// Each of these prints its own source text, evaluates it once, prints the outcome and gives the value back.
// OK: -1 (or MAP_FAILED) prints as the errno, anything else as "ok". For descriptors, pids, addresses.
#define OK(call)                                                                  \
    ({                                                                            \
        errno = 0;                                                                \
        __auto_type oracle_r = (call);                                            \
        say("%s: %s\n", #call, (long)oracle_r == -1L ? errno_name(errno) : "ok"); \
        oracle_r;                                                                 \
    })
// NUM: the number, or the errno for -1. For counts, offsets and flags that are the same everywhere.
#define NUM(call)                                      \
    ({                                                 \
        errno = 0;                                     \
        long oracle_r = (long)(call);                  \
        if (oracle_r == -1L && errno)                  \
            say("%s: %s\n", #call, errno_name(errno)); \
        else                                           \
            say("%s: %ld\n", #call, oracle_r);         \
        oracle_r;                                      \
    })
// ERR: a call that returns the error itself, as pthread functions do.
#define ERR(call)                                     \
    ({                                                \
        int oracle_r = (call);                        \
        say("%s: %s\n", #call, errno_name(oracle_r)); \
        oracle_r;                                     \
    })
// YES: a condition that holds on Linux.
#define YES(condition) say("%s: %s\n", #condition, (condition) ? "yes" : "no")
#define OCT(value) say("%s: 0%lo\n", #value, (unsigned long)(value))
#define HEX(value) say("%s: 0x%lx\n", #value, (unsigned long)(value))
#define STR(text) say("%s: \"%s\"\n", #text, (text))

// Preparation that is not what the program is about: silent, but fatal when it fails.
#define MUST(call)                                                                           \
    ({                                                                                       \
        errno = 0;                                                                           \
        __auto_type oracle_r = (call);                                                       \
        if ((long)oracle_r == -1L) {                                                         \
            say("line %d: preparation %s failed: %s\n", __LINE__, #call, errno_name(errno)); \
            exit(98);                                                                        \
        }                                                                                    \
        oracle_r;                                                                            \
    })

// CHILD(statements): forks; the child runs them and exits 0. Gives the pid. The guard is not inherited, so
// renewed.
#define CHILD(...)                                \
    ({                                            \
        pid_t oracle_p = fork();                  \
        if (oracle_p == 0) {                      \
            alarm(20);                            \
            { __VA_ARGS__; }                      \
            _exit(0);                             \
        }                                         \
        if (oracle_p < 0) {                       \
            say("fork: %s\n", errno_name(errno)); \
            exit(98);                             \
        }                                         \
        oracle_p;                                 \
    })

// Waits for a child and prints how it ended.
ORACLE_UNUSED static int reap(const char* what, pid_t pid) {
    int status = 0;
    pid_t got;
    do {
        got = waitpid(pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        say("%s: waitpid: %s\n", what, errno_name(errno));
    else
        say("%s: %s\n", what, status_text(status));
    return status;
}
#define RUNS(what, ...) reap(what, CHILD(__VA_ARGS__))

ORACLE_UNUSED static void sleep_ms(long ms) {
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {
    }
}

ORACLE_UNUSED static long long now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

// A gate between threads or processes: pass lets one waiter through.
struct gate {
    int ends[2];
};
ORACLE_UNUSED static struct gate gate_new(void) {
    struct gate g;
    if (pipe2(g.ends, O_CLOEXEC) < 0) _exit(98);
    return g;
}
ORACLE_UNUSED static void gate_pass(struct gate* g) {
    if (write(g->ends[1], "g", 1) != 1) _exit(97);
}
ORACLE_UNUSED static void gate_wait(struct gate* g) {
    char c;
    ssize_t n;
    do {
        n = read(g->ends[0], &c, 1);
    } while (n < 0 && errno == EINTR);
    if (n != 1) _exit(96);
}

// The scratch directory: made and entered on first use, removed when the process that made it exits.
static char oracle_scratch[64];
static pid_t oracle_owner;
ORACLE_UNUSED static int oracle_remove(const char* path, const struct stat* st, int kind, struct FTW* f) {
    (void)st, (void)kind, (void)f;
    return remove(path), 0;
}
ORACLE_UNUSED static int oracle_open_up(const char* path, const struct stat* st, int kind, struct FTW* f) {
    (void)f;
    if ((kind == FTW_D || kind == FTW_DNR) && (st->st_mode & 0700) != 0700) chmod(path, 0700);
    return 0;
}
ORACLE_UNUSED static void scratch_remove(void) {
    if (!oracle_scratch[0] || getpid() != oracle_owner) return;
    if (chdir("/") < 0) return;
    nftw(oracle_scratch, oracle_open_up, 16, FTW_PHYS);
    nftw(oracle_scratch, oracle_remove, 16, FTW_DEPTH | FTW_PHYS);
}
ORACLE_UNUSED static const char* scratch_below(const char* base) {
    if (oracle_scratch[0]) return oracle_scratch;
    snprintf(oracle_scratch, sizeof oracle_scratch, "%s/oracle.XXXXXX", base);
    if (!mkdtemp(oracle_scratch) || chdir(oracle_scratch) < 0) {
        say("no scratch directory: %s\n", errno_name(errno));
        exit(98);
    }
    oracle_owner = getpid();
    atexit(scratch_remove);
    return oracle_scratch;
}
ORACLE_UNUSED static const char* scratch(void) {
    return scratch_below("/tmp");
}

// Makes a file with these contents, in the current directory unless the path says otherwise.
ORACLE_UNUSED static void put_file(const char* path, const char* text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        say("cannot prepare %s: %s\n", path, errno_name(errno));
        exit(98);
    }
    close(fd);
}
// A file's contents as text, for printing.
ORACLE_UNUSED static const char* get_file(const char* path) {
    static __thread char text[2048];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno_name(errno);
    ssize_t n = read(fd, text, sizeof text - 1);
    text[n < 0 ? 0 : n] = 0;
    close(fd);
    return text;
}

// Programs run as root or not and must print the same. A child that is to meet permission checks calls this:
// root becomes an ordinary user without capabilities; the scratch directory is given to that user first.
enum { oracle_ordinary_id = 65534 };
ORACLE_UNUSED static void give_scratch(void) {
    if (geteuid() == 0 && chown(scratch(), oracle_ordinary_id, oracle_ordinary_id) < 0)
        say("chown: %s\n", errno_name(errno));
}
ORACLE_UNUSED static void become_ordinary(void) {
    if (geteuid() != 0) return;
    if (setgroups(0, NULL) < 0 || setresgid(oracle_ordinary_id, oracle_ordinary_id, oracle_ordinary_id) < 0 ||
        setresuid(oracle_ordinary_id, oracle_ordinary_id, oracle_ordinary_id) < 0) {
        say("cannot become an ordinary user: %s\n", errno_name(errno));
        _exit(95);
    }
}

static void* const oracle_bad_pointer ORACLE_UNUSED = (void*)8;  // faults in every process
#define BAD ((void*)oracle_bad_pointer)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

__attribute__((constructor)) static void oracle_start(void) {
    struct rlimit none = {0, 0};
    alarm(20);
    umask(022);
    setrlimit(RLIMIT_CORE, &none);
}

#endif
