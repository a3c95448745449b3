/* A million live blocks, one GiB, that lead to one another, and a thousand that are lost. At the end of
 * main it prints the clock: what comes after is the leak check and the end of the process. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCKS = 1000000, LOST = 1000, SIZE_MEAN = 1074 };

static uint64_t state = 88172645463325252ULL;

static uint64_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* All are reached from here, one after the other, in random order. */
static void **chain;

__attribute__((noinline)) static void build(void) {
    static void **blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        size_t size = 64 + next_random() % (2 * (SIZE_MEAN - 64));
        blocks[i] = malloc(size);
        memset(blocks[i], (int)next_random() & 0x7F, size);
    }
    for (int i = BLOCKS - 1; i > 0; i--) {
        int other = (int)(next_random() % (uint64_t)(i + 1));
        void **swapped = blocks[i];
        blocks[i] = blocks[other];
        blocks[other] = swapped;
    }
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i][0] = i + 1 < BLOCKS ? blocks[i + 1] : NULL;
        for (int j = 1; j < 4; j++) blocks[i][j] = blocks[next_random() % BLOCKS];
    }
    chain = blocks[0];
    memset(blocks, 0, sizeof blocks);
}

__attribute__((noinline)) static void lose(void) {
    for (int i = 0; i < LOST; i++) memset(malloc(100), 0, 100);
}

__attribute__((noinline)) static void wipe(void) {
    volatile char below[16384];
    for (size_t i = 0; i < sizeof below; i++) below[i] = 0;
}

int main(void) {
    build();
    lose();
    wipe();
    if (chain == NULL) return 1;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%lld\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
    fflush(stdout); /* LeakSanitizer ends the process before libc would. */
    return 0;
}
