/* heap-buffer-underflow: two bytes before the block are written. */
#include "kind.h"

NOT_INLINED static char *make_aligned(size_t alignment, size_t size) {
    hidden = (char *)memalign(alignment, size);
    CHECK(hidden != NULL && (uintptr_t)hidden % alignment == 0, "memalign");
    return hidden;
}

NOT_INLINED static void resize_block(char *block, size_t size) {
    hidden = (char *)realloc(block, size);
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "free";
    size_t size = is(way, "large") ? 100000 : is(way, "direct") ? 5000000 : 24;
    size_t count = argc > 2 && is(argv[2], "clean") ? 0 : 2;
    int aligned = is(way, "aligned") || is(way, "gap");
    char *block = aligned ? make_aligned(256, size) : make_block(size);
    memset(block, 1, size);
    /* Far enough before an aligned block nothing is its header. */
    write_block(is(way, "gap") ? block - 14 : block - 2, "\x12\x34", count);
    if (is(way, "realloc")) {
        resize_block(block, 1000);
    } else if (!is(way, "exit")) {
        drop_block(block);
    }
    return done();
}
