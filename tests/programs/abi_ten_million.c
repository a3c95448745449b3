/* Ten million live blocks of 32 bytes, every one written and checked, within 700 MB. The blocks are
 * a list, so nothing but them takes memory. */
#include "check.h"

enum { BLOCKS = 10000000 };

struct link { struct link *next; uint64_t number, check, more; };

int main(int argc, char **argv) {
    CHECK(argc == 2, "the most kB");
    struct link *list = NULL;
    for (uint64_t i = 0; i < BLOCKS; i++) {
        struct link *block = malloc(sizeof *block);
        CHECK(block != NULL && (uintptr_t)block % 16 == 0, "block %lu", (unsigned long)i);
        *block = (struct link){list, i, ~i, i * 3};
        list = block;
    }
    long peak = process_kilobytes("VmHWM");
    CHECK(peak < atol(argv[1]), "peak %ld kB", peak);
    for (uint64_t i = BLOCKS; i-- > 0;) {
        struct link *block = list;
        CHECK(block->number == i && block->check == ~i && block->more == i * 3, "block %lu", (unsigned long)i);
        list = block->next;
        free(block);
    }
    CHECK(list == NULL, "more blocks than were made");
    peak = process_kilobytes("VmHWM");
    for (int i = 0; i < 1000000; i++) free(checked_malloc(32));
    CHECK(process_kilobytes("VmHWM") <= peak, "more memory although everything was freed");
    return done();
}
