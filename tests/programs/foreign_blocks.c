/* Blocks of libc's own malloc are resized, measured and freed by name, as programs do that mix the
 * two (and as they would without us): they go to libc's functions. With an argument, a pointer that
 * is no block at all is given back instead. */
#include "check.h"

static void *libc_function(const char *name) {
    void *libc = dlopen("libc.so.6", RTLD_NOW);
    void *function = libc == NULL ? NULL : dlsym(libc, name);
    CHECK(function != NULL, "%s", name);
    return function;
}

static void foreign(void) {
    void *(*libc_malloc)(size_t) = (void *(*)(size_t))libc_function("malloc");
    CHECK(!on_heapwarden() || (void *)libc_malloc != (void *)malloc, "libc's malloc is ours");
    for (size_t size = 1; size <= 4 << 20; size *= 4) {
        unsigned char *block = libc_malloc(size);
        memset(block, 7, size);
        CHECK(malloc_usable_size(block) >= size, "%zu of %zu", malloc_usable_size(block), size);
        block = realloc(block, size * 3);
        CHECK(block != NULL, "realloc from %zu", size);
        for (size_t i = 0; i < size; i++) CHECK(block[i] == 7, "byte %zu of %zu", i, size);
        memset(block, 8, size * 3);
        errno = 77;
        free(block);
        CHECK(errno == 77, "free changed errno");
        CHECK(realloc(libc_malloc(size), 0) == NULL, "realloc to nothing");
    }
}

/* The compiler must not see what is wrong with these. */
static void *volatile wrong;

int main(int argc, char **argv) {
    if (argc == 1) {
        foreign();
        return done();
    }
    const char *way = argv[1];
    size_t size = strchr(way, '1') ? 100 : strchr(way, '2') ? 100000 : 10000000;
    char *block = checked_malloc(size);
    if (strstr(way, "twice")) {
        wrong = block;
        free(block);
    } else {
        wrong = block + 48;
    }
    if (strstr(way, "realloc")) {
        wrong = realloc(wrong, size * 2);
    } else {
        free(wrong);
    }
    /* What went into the thread's cache is looked at when it goes home. */
    malloc_trim(0);
    return 0;
}
