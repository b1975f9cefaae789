// pthread_cancel: a thread in a blocking call ends there and runs its clean-up handlers.
#include "oracle.h"

static struct gate ready, never;
static void cleanup(void* arg) {
    say("clean-up %s\n", (char*)arg);
}
static void* reader(void* arg) {
    char c;
    pthread_cleanup_push(cleanup, arg);
    gate_pass(&ready);
    read(never.ends[0], &c, 1);
    pthread_cleanup_pop(0);
    return "not cancelled";
}
static void* spinner(void* arg) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    gate_pass(&ready);
    for (volatile int i = 0;; i++) {
    }
    return arg;
}
static void* disabled(void* arg) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    gate_pass(&ready);
    sleep_ms(10);
    return arg;
}
static void try_one(const char* name, void* (*f)(void*)) {
    pthread_t t;
    void* result;
    pthread_create(&t, NULL, f, (void*)name);
    gate_wait(&ready);
    int cancelled = pthread_cancel(t);
    ERR(pthread_join(t, &result));
    NUM(cancelled);
    say("%s: %s\n", name, result == PTHREAD_CANCELED ? "cancelled" : (char*)result);
}
int main(void) {
    ready = gate_new();
    never = gate_new();
    try_one("reader", reader);
    try_one("spinner", spinner);
    try_one("disabled", disabled);
    return 0;
}
