/* The first requests for memory in a child come from several of its threads at the same moment: one
 * of them puts the allocator in order, the others wait for it, and all of them go on.
 * Argument: number of forks. */
#include "check.h"
#include <stdatomic.h>

enum { THREADS = 6 };

static atomic_int arrived;

static void *first_request(void *seed) {
    arrived++;
    while (arrived <= THREADS) sched_yield();
    free(checked_malloc(100 + (uintptr_t)seed));
    churn(10, (uintptr_t)seed);
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: forks");
    churn(100, 1);
    for (int i = 0; i < atoi(argv[1]); i++) {
        pid_t child = fork();
        CHECK(child >= 0, "fork");
        if (child == 0) {
            pthread_t threads[THREADS];
            for (uintptr_t j = 0; j < THREADS; j++) threads[j] = start_thread(first_request, (void *)j);
            while (arrived < THREADS) sched_yield();
            arrived++;
            free(checked_malloc(5000));
            for (int j = 0; j < THREADS; j++) pthread_join(threads[j], NULL);
            exit(2);
        }
        expect_child(child, 2);
    }
    return done();
}
