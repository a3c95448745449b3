/* A thread whose very first request for memory comes out of a key destructor, in the last round of
 * them: state that is made then has no destructor left to take it down, and must not leak. */
#include "check.h"
#include <limits.h>

static pthread_key_t key;

static void destructor(void *value) {
    uintptr_t round = (uintptr_t)value;
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS)
        pthread_setspecific(key, (void *)(round + 1));
    else
        churn(200, round);
}

static void *body(void *unused) {
    pthread_setspecific(key, (void *)1);
    return unused;
}

static void threads(int count) {
    for (int i = 0; i < count; i++) pthread_join(start_thread(body, NULL), NULL);
}

int main(void) {
    CHECK(pthread_key_create(&key, destructor) == 0, "key");
    threads(100);
    malloc_trim(0);
    long resident = process_kilobytes("VmRSS"), mappings = process_mappings();
    threads(2000);
    malloc_trim(0);
    long grown = process_kilobytes("VmRSS") - resident;
    CHECK(grown < 4096, "resident memory grew by %ld kB from %ld", grown, resident);
    grown = process_mappings() - mappings;
    CHECK(grown < 50, "%ld more mappings than the %ld before", grown, mappings);
    return done();
}
