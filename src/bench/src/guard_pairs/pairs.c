/* Pairs of malloc and free beside so many live blocks; prints the nanoseconds of processor time that a
 * pair took. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM = 2000, SIZE = 100 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void pairs(long count) {
    for (long i = 0; i < count; i++) {
        volatile char *block = malloc(SIZE);
        if (block == NULL) exit(3);
        block[0] = 1;
        block[SIZE - 1] = 1;
        free((void *)block);
    }
}

int main(int argc, char **argv) {
    long live = argc > 1 ? atol(argv[1]) : 0, count = argc > 2 ? atol(argv[2]) : 20000;
    for (long i = 0; i < live; i++) {
        volatile char *block = malloc(SIZE);
        if (block == NULL) exit(3);
        block[0] = 1;
    }
    pairs(WARM);
    double start = now();
    pairs(count);
    printf("%.0f\n", (now() - start) / (double)count);
    return 0;
}
