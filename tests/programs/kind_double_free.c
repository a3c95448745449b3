/* double-free: a block is given back twice; the second time by the call that the argument names. */
#include "kind.h"

NOT_INLINED static void drop_again(char *block) {
    hidden = block;
    free(hidden);
    hidden = NULL;
}

NOT_INLINED static void resize_again(char *block) {
    hidden = block;
    hidden = (char *)realloc(hidden, 1000);
}

NOT_INLINED static size_t measure_again(char *block) {
    hidden = block;
    return malloc_usable_size(hidden);
}

static void *drop_in_thread(void *block) {
    drop_block((char *)block);
    return NULL;
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "free";
    size_t size = strstr(way, "large") ? 100000 : strstr(way, "direct") ? 5000000 : 24;
    char *block = make_block(size);
    if (argc > 2 && is(argv[2], "clean")) {
        drop_block(block);
        return done();
    }
    if (is(way, "thread")) {
        pthread_join(start_thread(drop_in_thread, block), NULL);
    } else {
        drop_block(block);
    }
    if (strstr(way, "realloc")) {
        resize_again(block);
    } else if (is(way, "usable")) {
        measure_again(block);
    } else {
        drop_again(block);
    }
    return done();
}
