/* Pairs of malloc and free, to be counted by strace. Arguments: size, pairs, how many are held. */
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 4, "usage: size pairs held");
    size_t size = strtoul(argv[1], NULL, 10), pairs = strtoul(argv[2], NULL, 10), held = strtoul(argv[3], NULL, 10);
    CHECK(held > 0 && held <= 64, "held: 1 to 64");
    void *blocks[64] = {NULL};
    for (size_t i = 0; i < pairs; i++) {
        void **block = &blocks[i % held];
        free(*block);
        *block = checked_malloc(size);
        *(volatile char *)*block = 1;
    }
    for (size_t i = 0; i < held; i++) free(blocks[i]);
    return done();
}
