/* main leaves through pthread_exit; the other threads go on allocating, free what main allocated,
 * start more threads, and the last one ends the process. */
#include "check.h"
#include <stdatomic.h>

enum { THREADS = 4, BLOCKS = 1000 };

static void *from_main[BLOCKS];
static atomic_int left = THREADS;

static void *body(void *seed) {
    for (uintptr_t i = (uintptr_t)seed; i < BLOCKS; i += THREADS) {
        verify(from_main[i], 10 * i, i);
        free(from_main[i]);
    }
    churn(1000, (uintptr_t)seed);
    if (--left == 0) done();
    return NULL;
}

static void *starter(void *main_thread) {
    int code = pthread_join((pthread_t)main_thread, NULL);
    CHECK(code == 0, "pthread_join: %d", code);
    for (uintptr_t i = 0; i < THREADS; i++) start_thread(body, (void *)i);
    return NULL;
}

int main(void) {
    for (uintptr_t i = 0; i < BLOCKS; i++) {
        from_main[i] = checked_malloc(10 * i);
        stamp(from_main[i], 10 * i, i);
    }
    start_thread(starter, (void *)pthread_self());
    pthread_exit(NULL);
}
