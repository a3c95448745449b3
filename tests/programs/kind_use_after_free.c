/* heap-use-after-free: five bytes of a freed block are written. */
#include "kind.h"

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "exit";
    size_t size = is(way, "large") ? 100000 : 200;
    size_t count = argc > 2 && is(argv[2], "clean") ? 0 : 5;
    char *block = make_block(size);
    memset(block, 1, size);
    drop_block(block);
    write_block(block + 8, "late!", count);
    if (is(way, "quarantine")) {
        /* With a small quarantine (see the options of the test) the block leaves it. */
        static char *others[20000];
        for (int i = 0; i < 20000; i++) others[i] = (char *)malloc(size);
        for (int i = 0; i < 20000; i++) free(others[i]);
    }
    return done();
}
