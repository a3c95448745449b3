/* Every way to ask for alignment, for every power of two up to 4 MiB and many sizes: aligned,
 * writable from end to end, overlapping nothing, freeable and reallocable like any block. */
#include "check.h"

enum { MOST = 64 };

static struct { unsigned char *block; size_t size; } live[MOST];
static int count;

static void keep(void *block, size_t alignment, size_t size) {
    CHECK(block != NULL, "%zu bytes aligned to %zu", size, alignment);
    CHECK((uintptr_t)block % alignment == 0, "%p is not aligned to %zu", block, alignment);
    CHECK(malloc_usable_size(block) >= size, "%zu bytes aligned to %zu: usable %zu", size, alignment,
          malloc_usable_size(block));
    for (int i = 0; i < count; i++)
        CHECK((unsigned char *)block + size <= live[i].block || live[i].block + live[i].size <= (unsigned char *)block,
              "%p overlaps %p", block, live[i].block);
    memset(block, (int)(size + alignment), size);
    stamp(block, size, (uint64_t)count);
    live[count].block = block;
    live[count++].size = size;
}

static void release(void) {
    for (int i = 0; i < count; i++) verify(live[i].block, live[i].size, (uint64_t)i);
    for (int i = 0; i < count; i++) {
        if (i % 3 == 0) {
            /* realloc keeps contents, though not the alignment. */
            size_t size = live[i].size;
            live[i].block = realloc(live[i].block, size * 2 + 1);
            CHECK(live[i].block != NULL, "realloc");
            for (size_t j = 0; j < stamped_bytes(size); j++)
                CHECK(live[i].block[j] == stamp_byte((uint64_t)i, j) || size < 128, "byte %zu of %zu", j, size);
        }
        free(live[i].block);
    }
    count = 0;
}

int main(void) {
    static const size_t sizes[] = {0, 1, 7, 8, 15, 16, 17, 24, 33, 63, 64, 65, 100, 128, 200, 255, 256, 500, 1000,
                                   1024, 2047, 4000, 4096, 4097, 8192, 10000, 16384, 33000, 65536, 100000,
                                   262144, 500000, 1 << 20, (1 << 20) + 1, 3 << 20};
    for (size_t alignment = 8; alignment <= (4u << 20); alignment *= 2) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            size_t size = sizes[i];
            void *block = NULL;
            int code = posix_memalign(&block, alignment, size);
            CHECK(code == 0, "posix_memalign(%zu, %zu): %d", alignment, size, code);
            keep(block, alignment, size);
            /* Any size goes with aligned_alloc: glibc never asked for a multiple. */
            keep(aligned_alloc(alignment, size), alignment, size);
            keep(memalign(alignment, size), alignment, size);
            keep(malloc(size), 16, size);
            if (count > MOST - 5) release();
        }
        release();
    }
    /* memalign with less than a power of two takes the next one; tiny alignments are fine there. */
    for (size_t alignment = 1; alignment < 16; alignment *= 2) keep(memalign(alignment, 100), 16, 100);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    keep(valloc(100), page, 100);
    keep(valloc(3 * page + 1), page, 3 * page + 1);
    /* pvalloc rounds the size up to whole pages. */
    keep(pvalloc(1), page, page);
    keep(pvalloc(page + 1), page, 2 * page);
    release();
    return done();
}
