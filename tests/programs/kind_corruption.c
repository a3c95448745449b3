/* heap-corruption: the header of a block is overwritten as a whole, from nowhere near. */
#include "kind.h"

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "free";
    size_t count = argc > 2 && is(argv[2], "clean") ? 0 : 8;
    char *first = make_block(24), *block = make_block(24);
    write_block(block - 8, "GARBAGE!", count);
    if (is(way, "realloc")) {
        hidden = (char *)realloc(block, 1000);
        if (count == 0) drop_block((char *)hidden);
    } else if (!is(way, "exit")) {
        drop_block(block);
    }
    drop_block(first);
    return done();
}
