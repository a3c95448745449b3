/* free keeps errno, whatever it has to do: a cache push, a block of another thread, a mapping that
 * goes back to the kernel. Requests that succeed keep it as well. */
#include "check.h"

enum { BLOCKS = 3000 };

static void *blocks[BLOCKS];
static size_t sizes[BLOCKS];

static void allocate(uint64_t seed) {
    uint64_t state = seed;
    for (int i = 0; i < BLOCKS; i++) {
        sizes[i] = i % 100 == 0 ? next_random(&state) % (40 << 20) : mixed_size(&state);
        errno = 4321;
        blocks[i] = malloc(sizes[i]);
        CHECK(blocks[i] != NULL && errno == 4321, "malloc(%zu)", sizes[i]);
    }
}

static void release(void) {
    for (int i = 0; i < BLOCKS; i++) {
        errno = 1234 + i;
        free(blocks[i]);
        CHECK(errno == 1234 + i, "free of %zu bytes", sizes[i]);
    }
    errno = 77;
    free(NULL);
    CHECK(errno == 77, "free(NULL)");
    malloc_trim(0);
}

static void *allocating_thread(void *unused) {
    allocate(5);
    return unused;
}

static void *releasing_thread(void *unused) {
    release();
    return unused;
}

int main(void) {
    for (uint64_t round = 1; round <= 3; round++) {
        allocate(round);
        release();
        pthread_join(start_thread(allocating_thread, NULL), NULL);
        release();
        allocate(round + 7);
        pthread_join(start_thread(releasing_thread, NULL), NULL);
    }
    /* free when the memory is gone and the kernel says no to nearly everything is limits.rs. */
    void *aligned;
    errno = 55;
    CHECK(posix_memalign(&aligned, 64, 100) == 0 && errno == 55, "posix_memalign");
    free(aligned);
    void *grown = NULL;
    for (size_t size = 1; size < (16u << 20); size = size * 5 / 3 + 1) {
        errno = 56;
        grown = realloc(grown, size);
        CHECK(grown != NULL && errno == 56, "realloc(%zu)", size);
    }
    free(grown);
    return done();
}
