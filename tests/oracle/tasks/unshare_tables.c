// unshare: a thread gets its own descriptors, directory and umask; what needs privilege or is unknown is
// refused.
#include "oracle.h"

static struct gate done;
static int fd_number;
static void* thread(void* arg) {
    OK(unshare(CLONE_FILES | CLONE_FS));
    fd_number = open("/dev/null", O_RDONLY);
    YES(fd_number >= 0);
    OK(unshare(CLONE_SIGHAND));
    OK(unshare(CLONE_VM));
    OK(chdir("/dev"));
    umask(0777);
    gate_pass(&done);
    return arg;
}
int main(void) {
    done = gate_new();
    scratch();
    OK(unshare(CLONE_SIGHAND));
    OK(unshare(CLONE_VM));
    pthread_t t;
    pthread_create(&t, NULL, thread, NULL);
    gate_wait(&done);
    pthread_join(t, NULL);
    OK(fcntl(fd_number, F_GETFD));
    char cwd[PATH_MAX];
    YES(strcmp(getcwd(cwd, sizeof cwd), oracle_scratch) == 0);
    OCT(umask(022));
    OK(unshare(0));
    OK(unshare(CLONE_PARENT));
    RUNS("ordinary", become_ordinary(); OK(unshare(CLONE_NEWNS)); OK(unshare(CLONE_NEWUTS));
         OK(unshare(CLONE_NEWNET)));
    return 0;
}
