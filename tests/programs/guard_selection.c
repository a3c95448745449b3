/* Tells of which blocks it got the byte behind is out of reach, without touching it: asked is the
 * kernel. Prints one line per way of getting a block, a digit for each block. */
#include "kind.h"

static int ends[2];

static char is_guarded(char *block, size_t size) {
    /* The blocks are as long as their alignment allows: nothing is left over behind them. */
    errno = 0;
    ssize_t put = write(ends[1], block + size, 1);
    CHECK(put == 1 || errno == EFAULT, "write");
    return put == 1 ? '0' : '1';
}

NOT_INLINED static char *make_one(size_t size) { return make_block(size); }
NOT_INLINED static char *make_other(size_t size) { return make_block(size); }

static void say(const char *name, char *(*make)(size_t), size_t size, int count) {
    printf("%s %zu ", name, size);
    for (int i = 0; i < count; i++) {
        char *block = make(size);
        putchar(is_guarded(block, size));
        if (i % 2) drop_block(block);
    }
    putchar('\n');
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 4;
    CHECK(pipe(ends) == 0, "pipe");
    static char buffer[BUFSIZ];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    static const size_t sizes[] = {32, 64, 4096, 100000 / 16 * 16};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        say("one", make_one, sizes[i], count);
        say("other", make_other, sizes[i], count);
    }
    if (argc > 2) {
        char *(*make)(size_t) = NULL;
        void *library = dlopen(argv[2], RTLD_NOW);
        CHECK(library != NULL, "%s", dlerror());
        *(void **)&make = dlsym(library, "make_in_library");
        CHECK(make != NULL, "make_in_library");
        say("library", make, 32, count);
    }
    if (argc > 3) {
        /* For its report: an overflow that is found late. */
        char *block = make_one(24);
        block[24] = 'x';
        drop_block(block);
    }
    return done();
}
