/* Children of children: each generation starts threads, allocates, forks the next one while its
 * threads run, and still has the blocks of the generations before it. Argument: rounds. */
#include "busy.h"

enum { GENERATIONS = 4, KEPT = 200 };

static void *allocate(void *seed) {
    for (uint64_t round = (uintptr_t)seed; goes_on(); round++) churn(100, round);
    return NULL;
}

static void generation(int number, int round) {
    struct { void *block; size_t size; } kept[KEPT];
    uint64_t state = (uint64_t)number + 99;
    for (int i = 0; i < KEPT; i++) {
        kept[i].size = mixed_size(&state);
        kept[i].block = checked_malloc(kept[i].size);
        stamp(kept[i].block, kept[i].size, (uint64_t)(number * 1000 + i));
    }
    if (number < GENERATIONS) {
        pthread_t threads[2];
        stop = 0;
        for (uintptr_t i = 0; i < 2; i++) threads[i] = start_thread(allocate, (void *)(i + 11));
        pid_t child = fork();
        CHECK(child >= 0, "fork");
        if (child == 0) {
            generation(number + 1, round);
            /* The blocks of the parent are ours now as well. */
            for (int i = 0; i < KEPT; i++) {
                verify(kept[i].block, kept[i].size, (uint64_t)(number * 1000 + i));
                free(kept[i].block);
            }
            exit(number);
        }
        expect_child_beside(2, round, child, number);
        stop = 1;
        for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < KEPT; i++) {
        verify(kept[i].block, kept[i].size, (uint64_t)(number * 1000 + i));
        free(kept[i].block);
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: rounds");
    for (int i = 0; i < atoi(argv[1]); i++) generation(1, i);
    return done();
}
