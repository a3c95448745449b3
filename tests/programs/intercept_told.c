/* Wrong writes that are reported before they are done, and then the checks that see their traces.
 * Each situation makes one such write; "again" makes another one later, that nothing announces. */
#include "kind.h"

enum { BLOCK = 24 };

static char outside[4096];

int main(int count, char **arguments) {
    CHECK(count == 2, "an argument");
    const char *way = arguments[1];
    char *block = make_block(BLOCK), *after = make_block(BLOCK);
    if (is(way, "free")) {
        memcpy(block, outside, BLOCK + 1);
        drop_block(block);
    } else if (is(way, "realloc")) {
        memcpy(block, outside, BLOCK + 1);
        CHECK(realloc(block, 1000) != NULL, "realloc");
    } else if (is(way, "exit")) {
        memcpy(block, outside, BLOCK + 1);
    } else if (is(way, "next")) {
        /* Over the header of whichever block is next. */
        char *low = block < after ? block : after;
        memcpy(low, outside, BLOCK + 24);
        drop_block(block);
        drop_block(after);
    } else if (is(way, "freed")) {
        drop_block(block);
        hidden = block;
        memset(hidden, 7, 4);
    } else if (is(way, "again")) {
        memcpy(block, outside, BLOCK + 1);
        drop_block(block);
        char *reused = NULL;
        for (int i = 0; i < 100000 && reused != block; i++) {
            if (reused) drop_block(reused);
            reused = make_block(BLOCK);
        }
        CHECK(reused == block, "the block is not used again");
        write_block(reused, outside, BLOCK + 1);
        drop_block(reused);
    }
    puts("ok");
    return 0;
}
