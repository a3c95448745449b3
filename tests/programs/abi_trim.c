/* malloc_trim gives free memory back to the kernel, also from the middle of the heap, and says
 * whether it did; what is given back can be used again. */
#include "check.h"

enum { BLOCKS = 64 << 10, SIZE = 1000 };

static void *blocks[BLOCKS];

int main(void) {
    churn(2000, 1);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = checked_malloc(SIZE);
            memset(blocks[i], i, SIZE);
        }
        long full = process_kilobytes("VmRSS");
        /* All but the last block of every 256: pages become free all over the heap. */
        for (int i = 0; i < BLOCKS; i++)
            if (i % 256 != 255) free(blocks[i]);
        malloc_trim(0);
        long trimmed = process_kilobytes("VmRSS");
        CHECK(trimmed < full - (long)BLOCKS * SIZE / 1024 / 2, "%ld kB resident of %ld", trimmed, full);
        for (int i = 255; i < BLOCKS; i += 256) {
            for (int j = 0; j < SIZE; j++) CHECK(((unsigned char *)blocks[i])[j] == (unsigned char)i, "block %d", i);
            free(blocks[i]);
        }
    }
    /* It says so when there is something to give back. */
    malloc_trim(0);
    void *block = checked_malloc(200000), *stop = checked_malloc(100);
    memset(block, 1, 200000);
    free(block);
    CHECK(malloc_trim(0) == 1, "nothing given back");
    free(stop);
    return done();
}
