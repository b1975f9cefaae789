// Thread-local storage: initial values per thread, large and aligned variables, destructors of keys.
#include "oracle.h"

static __thread int counter = 7;
static __thread char big[20000] __attribute__((aligned(64)));
static pthread_key_t key;
static void destroy(void* value) {
    say("destructor %s\n", (char*)value);
}
static void* thread(void* arg) {
    YES(counter == 7);
    YES((uintptr_t)big % 64 == 0);
    int zero = 1;
    for (size_t i = 0; i < sizeof big; i++) zero &= big[i] == 0;
    NUM(zero);
    counter = 100;
    memset(big, 1, sizeof big);
    YES(pthread_getspecific(key) == NULL);
    pthread_setspecific(key, arg);
    return &counter;
}
int main(void) {
    pthread_key_create(&key, destroy);
    pthread_setspecific(key, "main's");
    pthread_t t;
    void* address;
    for (int i = 0; i < 3; i++) {
        pthread_create(&t, NULL, thread, i == 0 ? "first" : i == 1 ? "second" : "third");
        ERR(pthread_join(t, &address));
        YES(address != &counter);
    }
    NUM(counter);
    RUNS("forked", YES(counter == 7); counter = 8; YES(strcmp(pthread_getspecific(key), "main's") == 0));
    NUM(counter);
    return 0;
}
