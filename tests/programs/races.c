/* "double-free": sixteen threads free the same block at once, again and again, in all kinds of
 * sizes. "overflow": one thread overflows and frees a million blocks.
 * Every error is reported and the program goes on (`on_error=continue`). */
#include "check.h"
#include <sched.h>
#include <stdatomic.h>

enum { THREADS = 16 };

static atomic_int turn, waiting;
static int rounds;
static char *volatile shared;
static const size_t sizes[] = {24, 200, 24, 3000, 24, 40000, 24, 5000000};

/* All threads leave together, as far as there are processors. */
static void meet(int number) {
    if (atomic_fetch_add(&waiting, 1) == THREADS - 1) {
        atomic_store(&waiting, 0);
        atomic_fetch_add(&turn, 1);
        return;
    }
    for (int spins = 0; atomic_load(&turn) == number; spins++)
        if (spins > 100) sched_yield();
}

static void *race(void *first) {
    for (int round = 0; round < rounds; round++) {
        size_t size = sizes[round % 8];
        if (first != NULL) shared = round % 3 == 0 ? aligned_alloc(256, size) : malloc(size);
        meet(2 * round);
        free(shared);
        meet(2 * round + 1);
    }
    return NULL;
}

/* No block may have two owners: had two frees of one block been successful, it would be handed out
 * twice. */
static void nothing_is_handed_out_twice(void) {
    enum { COUNT = 4000 };
    static char *blocks[COUNT];
    for (int s = 0; s < 4; s++) {
        size_t size = sizes[2 * s + 1] > 100000 ? 24 : sizes[2 * s + 1];
        for (int i = 0; i < COUNT; i++) {
            blocks[i] = checked_malloc(size);
            *(volatile int *)blocks[i] = i;
        }
        for (int i = 0; i < COUNT; i++) CHECK(*(volatile int *)blocks[i] == i, "block %d has two owners", i);
        for (int i = 0; i < COUNT; i++) free(blocks[i]);
    }
}

static void overflow(int count) {
    for (int i = 0; i < count; i++) {
        size_t size = 1 + (size_t)i * 7 % 600;
        volatile char *block = malloc(size);
        block[size] = 0;
        free((void *)block);
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "what, and how often");
    rounds = atoi(argv[2]);
    if (strcmp(argv[1], "overflow") == 0) {
        overflow(rounds);
        return done();
    }
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) threads[i] = start_thread(race, i == 0 ? &rounds : NULL);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    nothing_is_handed_out_twice();
    return done();
}
