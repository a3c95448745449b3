/* A million live blocks, and what they hold at the end; then pairs of malloc and free among them. Prints
 * the resident KiB that each million bytes of blocks took. */
#include "kind.h"

enum { COUNT = 1000000, SIZE = 16 };

static size_t *blocks[COUNT];

static size_t resident_kb(void) {
    size_t pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%zu %zu", &pages, &resident) == 2, "statm");
    fclose(file);
    return resident * 4;
}

int main(void) {
    size_t before = resident_kb();
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = malloc(SIZE);
        CHECK(blocks[i] != NULL, "block %zu", i);
        blocks[i][0] = i;
        blocks[i][1] = ~i;
    }
    printf("resident %zu\n", resident_kb() - before);
    for (size_t i = 0; i < COUNT; i += 10) {
        free(blocks[i]);
        blocks[i] = malloc(SIZE);
        CHECK(blocks[i] != NULL, "block %zu, anew", i);
        blocks[i][0] = i;
        blocks[i][1] = ~i;
    }
    for (size_t i = 0; i < COUNT; i++) {
        CHECK(blocks[i][0] == i && blocks[i][1] == ~i, "block %zu", i);
        free(blocks[i]);
    }
    return done();
}
