/* vm.max_map_count nearly used up: mmap, munmap of a middle, mprotect and madvise of a part may all
 * fail. The allocator has to go on with what it has, or return NULL, and recover afterwards. */
#include "check.h"
#include <sys/mman.h>

enum { PAGE = 4096 };

static unsigned long granted, refused;

/* Blocks of all sizes; NULL is an answer here, anything else but working memory is not. */
static void exercise(unsigned rounds, uint64_t seed) {
    enum { SLOTS = 200 };
    static struct { unsigned char *block; size_t size; } table[SLOTS];
    uint64_t state = seed + 1;
    for (unsigned i = 0; i < rounds + SLOTS; i++) {
        unsigned slot = i < rounds ? next_random(&state) % SLOTS : i - rounds;
        if (table[slot].block != NULL) {
            verify(table[slot].block, table[slot].size, slot);
            free(table[slot].block);
            table[slot].block = NULL;
        } else if (i < rounds) {
            size_t size = mixed_size(&state);
            if (next_random(&state) % 100 == 0) size = next_random(&state) % (32 << 20);
            errno = 0;
            table[slot].size = size;
            table[slot].block = next_random(&state) % 8 ? malloc(size) : memalign(8192, size);
            if (table[slot].block == NULL) {
                CHECK(errno == ENOMEM, "malloc(%zu)", size);
                refused++;
                continue;
            }
            granted++;
            stamp(table[slot].block, size, slot);
        }
        if (i % 1000 == 0) malloc_trim(0);
    }
}

static void *body(void *seed) {
    for (int i = 0; i < 2000; i++) free(malloc(next_random((uint64_t *)seed) % 5000));
    return NULL;
}

int main(void) {
    /* One reservation; a protection that alternates costs one mapping a page. */
    enum { PAGES = 200000 };
    char *area = mmap(NULL, (size_t)PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(area != MAP_FAILED, "mmap");
    int page = 1;
    while (page < PAGES && mprotect(area + (size_t)page * PAGE, PAGE, PROT_READ) == 0) page += 2;
    if (page >= PAGES) {
        /* A machine with a huge limit: there is nothing to run into. */
        fputs("skipped: vm.max_map_count is too high\n", stderr);
        return done();
    }
    CHECK(errno == ENOMEM, "mprotect");
    exercise(20000, 1);
    /* Leave a handful, as if somebody else had freed them, and go on. */
    for (int spare = 1; spare <= 8; spare++) {
        page -= 2;
        CHECK(mprotect(area + (size_t)page * PAGE, PAGE, PROT_NONE) == 0, "mprotect back");
        exercise(5000, (uint64_t)spare);
        uint64_t seed = (uint64_t)spare;
        pthread_t thread;
        if (pthread_create(&thread, NULL, body, &seed) == 0) pthread_join(thread, NULL);
    }
    CHECK(granted > 1000, "only %lu requests were granted, %lu refused", granted, refused);
    /* All mappings back: nothing may be refused any more. */
    CHECK(munmap(area, (size_t)PAGES * PAGE) == 0, "munmap");
    refused = 0;
    exercise(20000, 3);
    CHECK(refused == 0, "%lu requests refused with mappings to spare", refused);
    return done();
}
