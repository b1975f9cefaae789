// prctl: name, dumpable, keepcaps, no_new_privs, timer slack, parent death signal; their errors.
#include "oracle.h"

#include <sys/prctl.h>
static void* thread(void* arg) {
    char name[17] = "";
    prctl(PR_GET_NAME, name);
    STR(name);
    prctl(PR_SET_NAME, "thread");
    prctl(PR_GET_NAME, name);
    STR(name);
    STR(get_file("/proc/thread-self/comm"));
    return arg;
}
int main(void) {
    char name[17] = "";
    NUM(prctl(PR_SET_NAME, "a name longer than fifteen"));
    NUM(prctl(PR_GET_NAME, name));
    STR(name);
    pthread_t t;
    pthread_create(&t, NULL, thread, NULL);
    pthread_join(t, NULL);
    NUM(prctl(PR_GET_NAME, name));
    STR(name);
    STR(get_file("/proc/self/comm"));
    OK(prctl(PR_SET_NAME, BAD));
    NUM(prctl(PR_SET_DUMPABLE, 0));
    NUM(prctl(PR_GET_DUMPABLE));
    NUM(prctl(PR_SET_DUMPABLE, 1));
    NUM(prctl(PR_GET_DUMPABLE));
    OK(prctl(PR_SET_DUMPABLE, 2));
    NUM(prctl(PR_SET_KEEPCAPS, 1));
    NUM(prctl(PR_GET_KEEPCAPS));
    OK(prctl(PR_SET_KEEPCAPS, 2));
    NUM(prctl(PR_SET_TIMERSLACK, 12345));
    NUM(prctl(PR_GET_TIMERSLACK));
    int signal_number = -1;
    OK(prctl(PR_SET_PDEATHSIG, 65));
    NUM(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    NUM(prctl(PR_GET_PDEATHSIG, &signal_number));
    NUM(signal_number);
    RUNS("child", prctl(PR_GET_PDEATHSIG, &signal_number); NUM(signal_number); NUM(prctl(PR_GET_TIMERSLACK)));
    OK(prctl(PR_GET_PDEATHSIG, BAD));
    NUM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    OK(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    NUM(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    NUM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    RUNS("child", NUM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)));
    OK(prctl(9999, 0, 0, 0, 0));
    return 0;
}
