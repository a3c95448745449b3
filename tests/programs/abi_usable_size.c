/* malloc_usable_size is at least what was asked for, every usable byte may be written, and realloc
 * to the usable size or back keeps the contents. */
#include "check.h"

enum { BLOCKS = 400 };

int main(void) {
    static unsigned char *blocks[BLOCKS];
    static size_t usable[BLOCKS];
    uint64_t state = 1;
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < BLOCKS; i++) {
            size_t size = round == 0 ? (size_t)i * 5 : mixed_size(&state);
            switch (i % 4) {
                case 0: blocks[i] = calloc(size, 1); break;
                case 1: blocks[i] = memalign(64u << (i % 8), size); break;
                case 2: blocks[i] = realloc(malloc(size / 2), size == 0 ? 1 : size); break;
                default: blocks[i] = malloc(size);
            }
            CHECK(blocks[i] != NULL, "block of %zu", size);
            usable[i] = malloc_usable_size(blocks[i]);
            CHECK(usable[i] >= size, "usable %zu of %zu", usable[i], size);
            CHECK(usable[i] <= size * 2 + 8192, "usable %zu of %zu", usable[i], size);
            memset(blocks[i], i, usable[i]);
            stamp(blocks[i], usable[i], (uint64_t)i);
        }
        for (int i = 0; i < BLOCKS; i++) {
            CHECK(malloc_usable_size(blocks[i]) == usable[i], "the usable size of a block changed");
            verify(blocks[i], usable[i], (uint64_t)i);
            if (usable[i] > 0 && i % 2) {
                blocks[i] = realloc(blocks[i], usable[i]);
                CHECK(blocks[i] != NULL, "realloc");
                verify(blocks[i], usable[i], (uint64_t)i);
            }
            free(blocks[i]);
        }
    }
    return done();
}
