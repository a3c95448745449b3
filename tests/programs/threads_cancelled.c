/* pthread_cancel of threads that are inside malloc most of the time. malloc and free are no
 * cancellation points: with a cancellation pending they must run to their end (a thread that is
 * cancelled inside them would take a lock with it), and the cleanup handlers free. */
#include "check.h"
#include <stdatomic.h>

enum { THREADS = 8, ROUNDS = 40 };

static atomic_int arrived, released, survived;

static void cleanup(void *block) {
    free(block);
    churn(20, 1);
}

/* Cancelled somewhere between two loops of churn, all of which must complete. */
static void *endless(void *seed) {
    void *block = checked_malloc(5000);
    pthread_cleanup_push(cleanup, block);
    arrived++;
    for (uint64_t round = (uintptr_t)seed;; round++) {
        churn(50, round);
        pthread_testcancel();
    }
    pthread_cleanup_pop(1);
    return NULL;
}

/* The cancellation is pending before the first request of this thread, and all slow paths follow. */
static void *pending(void *seed) {
    arrived++;
    while (!released) sched_yield();
    void *block = NULL;
    churn(300, (uintptr_t)seed);
    for (size_t size = 16; size < (32u << 20); size *= 2) {
        block = realloc(block, size);
        CHECK(block != NULL, "realloc");
        free(malloc(size));
    }
    free(block);
    malloc_trim(0);
    survived++;
    pthread_testcancel();
    FAIL("not cancelled");
}

static void cancel_all(void *(*body)(void *)) {
    pthread_t threads[THREADS];
    void *result;
    arrived = released = 0;
    for (uintptr_t i = 0; i < THREADS; i++) threads[i] = start_thread(body, (void *)i);
    while (arrived < THREADS) sched_yield();
    for (int i = 0; i < THREADS; i++) CHECK(pthread_cancel(threads[i]) == 0, "pthread_cancel");
    released = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &result);
        CHECK(result == PTHREAD_CANCELED, "thread %d was not cancelled", i);
    }
    churn(50, 9);
}

int main(void) {
    for (int round = 0; round < ROUNDS; round++) cancel_all(endless);
    cancel_all(pending);
    CHECK(survived == THREADS, "%d threads came to their cancellation point", survived);
    return done();
}
