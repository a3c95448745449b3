/* What profile `leak` does: freed blocks are used again at once and not written to, and errors that
 * cost nothing to see are reported with the allocation's stack. */
#include "check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The compiler knows nothing of these blocks. */
static void *volatile hidden;

__attribute__((noinline)) static char *make(size_t size) {
    hidden = malloc(size);
    CHECK(hidden != NULL);
    return hidden;
}

static void freed_blocks_are_used_again(void) {
    static const size_t sizes[] = {1, 24, 100, 1000, 20000};
    for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
        size_t size = sizes[index];
        char *block = make(size);
        memset(block, 'x', size);
        uintptr_t first = (uintptr_t)block;
        free(hidden);
        block = make(size);
        CHECK((uintptr_t)block == first);
        for (size_t byte = 0; byte < size; byte++) {
            CHECK(block[byte] == 'x');
        }
        free(block);
    }
}

static void aligned_and_large_blocks(void) {
    for (size_t round = 0; round < 1000; round++) {
        size_t size = 1 + round * 997 % 3000000;
        CHECK(posix_memalign((void **)&hidden, (size_t)32 << round % 8, size) == 0);
        char *block = hidden;
        block[0] = block[size - 1] = 1;
        block = realloc(hidden, size / 2 + 1);
        CHECK(block != NULL && block[0] == 1);
        free(block);
    }
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    if (strcmp(arguments[1], "clean") == 0) {
        freed_blocks_are_used_again();
        aligned_and_large_blocks();
        return done();
    }
    if (strcmp(arguments[1], "double") == 0) {
        free(make(24));
        free(hidden);
    }
    if (strcmp(arguments[1], "double-aligned") == 0) {
        CHECK(posix_memalign((void **)&hidden, 256, 100) == 0);
        free(hidden);
        free(hidden);
    }
    if (strcmp(arguments[1], "double-large") == 0) {
        free(make(100000));
        free(hidden);
    }
    if (strcmp(arguments[1], "overflow") == 0) {
        make(24)[24] = 0;
        free(hidden);
    }
    return 1;
}
