/* layout-mismatch: free_sized and free_aligned_sized are told another size or alignment. */
#include "kind.h"

/* C23; newer libcs have them, so they are looked up. */
static void (*free_with_size)(void *, size_t);
static void (*free_with_all)(void *, size_t, size_t);

static void look_up(void) {
    *(void **)&free_with_size = dlsym(RTLD_DEFAULT, "free_sized");
    *(void **)&free_with_all = dlsym(RTLD_DEFAULT, "free_aligned_sized");
    CHECK(free_with_size != NULL && free_with_all != NULL, "no sized free");
}

NOT_INLINED static void drop_sized(char *block, size_t size) {
    hidden = block;
    free_with_size(hidden, size);
    hidden = NULL;
}

NOT_INLINED static void drop_aligned_sized(char *block, size_t alignment, size_t size) {
    hidden = block;
    free_with_all(hidden, alignment, size);
    hidden = NULL;
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "size";
    int clean = argc > 2 && is(argv[2], "clean");
    look_up();
    if (is(way, "size")) {
        drop_sized(make_block(40), clean ? 40 : 39);
    } else if (is(way, "large")) {
        drop_sized(make_block(100000), clean ? 100000 : 100);
    } else if (is(way, "aligned-size")) {
        hidden = (char *)aligned_alloc(64, 128);
        drop_aligned_sized(hidden, 64, clean ? 128 : 64);
    } else if (is(way, "alignment")) {
        hidden = (char *)aligned_alloc(64, 128);
        drop_aligned_sized(hidden, clean ? 64 : 1 << 20, 128);
    }
    drop_sized(NULL, 7);
    return done();
}
