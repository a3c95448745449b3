/* Detached threads: nobody joins them, they end whenever they like, some of them while main leaves. */
#include "check.h"
#include <stdatomic.h>

static atomic_int running;

static void *body(void *seed) {
    churn(200, (uintptr_t)seed);
    running--;
    churn(50, (uintptr_t)seed);
    return NULL;
}

int main(void) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (uintptr_t i = 0; i < 500; i++) {
        while (running >= 16) sched_yield();
        running++;
        pthread_t thread;
        int code = pthread_create(&thread, &attributes, body, (void *)i);
        CHECK(code == 0, "pthread_create: %d", code);
    }
    return done();
}
