/* heap-buffer-overflow: four bytes too many are written, and found by the call or check that the
 * argument names. */
#include "kind.h"

NOT_INLINED static char *make_aligned(size_t alignment, size_t size) {
    hidden = (char *)memalign(alignment, size);
    CHECK(hidden != NULL && (uintptr_t)hidden % alignment == 0, "memalign");
    return hidden;
}

NOT_INLINED static void resize_block(char *block, size_t size) {
    hidden = (char *)realloc(block, size);
}

NOT_INLINED static size_t measure_block(char *block) { return malloc_usable_size(block); }

/* Two blocks beside each other: many are made, since their order is the heap's. */
NOT_INLINED static char *make_pair(char **above) {
    enum { COUNT = 200, SIZE = 40 };
    static char *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) blocks[i] = make_block(SIZE);
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++)
            if (blocks[j] - blocks[i] >= SIZE + 8 && blocks[j] - blocks[i] <= 64) {
                *above = blocks[j];
                return blocks[i];
            }
    FAIL("no two blocks are neighbours");
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "free";
    size_t size = is(way, "large") || is(way, "grown") ? 100000 : is(way, "direct") ? 5000000 : 24;
    size_t excess = argc > 2 && is(argv[2], "clean") ? 0 : 4;
    if (is(way, "neighbour")) {
        char *above, *block = make_pair(&above);
        /* Up to and over the header of the block above, which is given back first. */
        size_t count = excess == 0 ? 0 : (size_t)(above - block) - 40;
        static char bytes[64];
        memset(bytes, '7', sizeof bytes);
        write_block(block + 40, bytes, count);
        drop_block(above);
        return done();
    }
    char *block = is(way, "aligned") ? make_aligned(256, size) : make_block(size);
    if (is(way, "grown")) {
        size = 200000;
        resize_block(block, size);
        block = hidden;
    }
    memset(block, 1, size);
    write_block(block + size, "1234", excess);
    if (is(way, "realloc")) {
        resize_block(block, 1000);
    } else if (is(way, "usable")) {
        CHECK(measure_block(block) == size, "the usable size");
    } else if (!is(way, "exit")) {
        drop_block(block);
    }
    return done();
}
