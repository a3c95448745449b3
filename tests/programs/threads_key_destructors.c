/* A thread that frees and allocates after the allocator's own thread state may be gone: in
 * destructors of keys made before and after the allocator's, over all rounds of destructors that
 * POSIX has, and in what glibc frees at the very end of a thread (strerror, dlerror, getline). */
#include "check.h"
#include <limits.h>
#include <stdatomic.h>

enum { KEYS = 12 };

static pthread_key_t keys[KEYS];
static atomic_long calls;

/* Frees the value, allocates for a while, and comes back with a new value until the rounds are over. */
static void destructor(void *value) {
    long *block = value;
    long key = block[0], round = block[1];
    CHECK(key >= 0 && key < KEYS && round < PTHREAD_DESTRUCTOR_ITERATIONS, "value %ld %ld", key, round);
    verify(block + 2, 1000, (uint64_t)(key + round));
    free(block);
    calls++;
    churn(100, (uint64_t)(key * 10 + round));
    /* The value of the last round would leak: there is nobody left to free it. */
    if (round + 1 == PTHREAD_DESTRUCTOR_ITERATIONS) return;
    block = checked_malloc(2 * sizeof(long) + 1000);
    block[0] = key;
    block[1] = round + 1;
    stamp(block + 2, 1000, (uint64_t)(key + round + 1));
    pthread_setspecific(keys[key], block);
}

static void *body(void *seed) {
    churn(100, (uintptr_t)seed);
    for (long key = 0; key < KEYS; key++) {
        long *block = checked_malloc(2 * sizeof(long) + 1000);
        block[0] = key;
        block[1] = 0;
        stamp(block + 2, 1000, (uint64_t)key);
        pthread_setspecific(keys[key], block);
    }
    CHECK(strstr(strerror(123456), "123456") != NULL, "strerror");
    CHECK(dlopen("/no/such/library.so", RTLD_NOW) == NULL && dlerror() != NULL, "dlopen");
    return NULL;
}

int main(void) {
    for (int i = 0; i < KEYS / 2; i++) CHECK(pthread_key_create(&keys[i], destructor) == 0, "key");
    free(malloc(10));
    for (int i = KEYS / 2; i < KEYS; i++) CHECK(pthread_key_create(&keys[i], destructor) == 0, "key");
    enum { ROUNDS = 25, THREADS = 8 };
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        for (uintptr_t i = 0; i < THREADS; i++) threads[i] = start_thread(body, (void *)i);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    }
    CHECK(calls == (long)ROUNDS * THREADS * KEYS * PTHREAD_DESTRUCTOR_ITERATIONS, "%ld calls", calls);
    return done();
}
