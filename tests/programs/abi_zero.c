/* malloc(0) and its relatives give unique blocks that can be freed and grown; calloc gives zeros,
 * however dirty the memory was before. */
#include "check.h"

enum { BLOCKS = 1000 };

static void zero_sizes(void) {
    static void *blocks[BLOCKS * 3];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i * 3] = malloc(0);
        blocks[i * 3 + 1] = calloc(0, 10);
        blocks[i * 3 + 2] = calloc(10, 0);
    }
    for (int i = 0; i < BLOCKS * 3; i++) {
        CHECK(blocks[i] != NULL, "block %d", i);
        /* Unique: nobody else's mark is there. (A block of 0 bytes may have usable ones, or none.) */
        for (int j = i > 20 ? i - 20 : 0; j < i; j++) CHECK(blocks[j] != blocks[i], "blocks %d and %d", i, j);
    }
    for (int i = 0; i < BLOCKS * 3; i++) {
        if (i % 2) blocks[i] = realloc(blocks[i], 50);
        CHECK(blocks[i] != NULL, "realloc");
        free(blocks[i]);
    }
    CHECK(malloc_usable_size(NULL) == 0, "malloc_usable_size(NULL)");
}

static void is_zero(const unsigned char *block, size_t size) {
    for (size_t i = 0; i < size; i++)
        CHECK(block[i] == 0, "byte %zu of %zu is %02x", i, size, block[i]);
}

/* Dirty a block of about this size, give it back, ask for zeros: over and over. */
static void dirty_reuse(size_t size) {
    enum { SAME = 6 };
    unsigned char *blocks[SAME];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SAME; i++) {
            blocks[i] = checked_malloc(size);
            memset(blocks[i], 0xff, size);
        }
        for (int i = 0; i < SAME; i++) free(blocks[i]);
        for (int i = 0; i < SAME; i++) {
            blocks[i] = calloc(i % 2 ? 1 : size, i % 2 ? size : 1);
            CHECK(blocks[i] != NULL && (uintptr_t)blocks[i] % 16 == 0, "calloc(%zu)", size);
            is_zero(blocks[i], size);
            /* All of it dirty, and what is usable beyond it. */
            memset(blocks[i], 0xee, malloc_usable_size(blocks[i]));
        }
        for (int i = 0; i < SAME; i++) free(blocks[i]);
        if (round == 1) malloc_trim(0);
    }
}

/* Different sizes in the same memory: a run that was small slots becomes one big block. */
static void mixed_reuse(void) {
    static struct { unsigned char *block; size_t size; } table[300];
    uint64_t state = 3;
    for (int i = 0; i < 20000; i++) {
        int slot = (int)(next_random(&state) % 300);
        free(table[slot].block);
        size_t size = table[slot].size = mixed_size(&state) % 400000;
        unsigned char *block = table[slot].block = calloc(size, 1);
        CHECK(block != NULL, "calloc(%zu)", size);
        is_zero(block, size);
        memset(block, 0xdd, size);
    }
    for (int i = 0; i < 300; i++) free(table[i].block);
}

static void *other_thread(void *unused) {
    for (size_t size = 1; size < 100000; size = size * 3 / 2 + 1) dirty_reuse(size);
    return unused;
}

int main(void) {
    zero_sizes();
    for (size_t size = 1; size < 1100; size += 3) dirty_reuse(size);
    for (size_t size = 1100; size < (6u << 20); size = size * 4 / 3 + 1) dirty_reuse(size);
    pthread_join(start_thread(other_thread, NULL), NULL);
    mixed_reuse();
    zero_sizes();
    return done();
}
