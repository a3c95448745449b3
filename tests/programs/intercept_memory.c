/* memcpy and its relatives at the edges of a block: FUNCTION SITUATION, or `clean` for calls that are
 * all right. Nothing after the call is wrong, so what is reported is the call. */
#include "check.h"

enum { BLOCK = 24, BIG = 100 << 10, HUGE_BLOCK = 8 << 20 };

typedef void *copying(void *, const void *, size_t);

static void *set(void *to, const void *from, size_t size) {
    (void)from;
    return memset(to, 7, size);
}

static const struct { const char *name; copying *function; } FUNCTIONS[] = {
    {"memcpy", memcpy}, {"memmove", memmove}, {"mempcpy", mempcpy}, {"memset", set},
};

static char outside[HUGE_BLOCK + 1];

static void *freed(size_t size) {
    void *block = checked_malloc(size);
    free(block);
    return block;
}

static void bug(copying *function, const char *situation) {
#define ON(name, to, from, size) \
    if (strcmp(situation, name) == 0) function(to, from, size)
    ON("write", checked_malloc(BLOCK), outside, BLOCK + 1);
    ON("read", outside, checked_malloc(BLOCK), BLOCK + 1);
    ON("into-freed", freed(BLOCK), outside, 4);
    ON("from-freed", outside, freed(BLOCK), 4);
    ON("into-middle-of-freed", (char *)freed(BLOCK) + 10, outside, 4);
    ON("middle", (char *)checked_malloc(BLOCK) + 20, outside, 5);
    ON("behind", (char *)checked_malloc(BLOCK) + BLOCK, outside, 1);
    ON("before", (char *)checked_malloc(BLOCK) - 1, outside, 1);
    ON("negative", checked_malloc(BLOCK), outside, (size_t)-1);
    ON("empty", checked_malloc(0), outside, 1);
    ON("aligned", memalign(256, BLOCK), outside, BLOCK + 1);
    ON("big", checked_malloc(BIG), outside, BIG + 1);
    ON("huge", checked_malloc(HUGE_BLOCK), outside, HUGE_BLOCK + 1);
    ON("into-freed-big", freed(BIG), outside, 4);
    ON("into-freed-huge", freed(HUGE_BLOCK), outside, 4);
    ON("shrunk", realloc(checked_malloc(BLOCK), 20), outside, 21);
}

static void clean(void) {
    for (size_t size = 0; size < 3000; size += size < 300 ? 1 : 97) {
        char *block = checked_malloc(size), *other = aligned_alloc(64, size);
        memset(block, 1, size);
        memcpy(other, block, size);
        CHECK(mempcpy(block, other, size) == block + size, "mempcpy of %zu", size);
        memcpy(block + size / 2, other, size - size / 2);
        memmove(block, block + size / 3, size - size / 3);
        memmove(block + size / 3, block, size - size / 3);
        for (size_t i = 0; i < size; i++) CHECK(block[i] == 1, "byte %zu of %zu", i, size);
        memcpy(block + size, other, 0);
        memset(block + size, 0, 0);
        free(block);
        free(other);
        memcpy(outside, block, 0);
    }
    /* Overlap in both directions, and the old promise of memcpy. */
    char *text = checked_malloc(27);
    for (int move = 0; move < 2; move++) {
        copying *function = move ? memmove : memcpy;
        function(text, "abcdefghijklmnopqrstuvwxyz", 27);
        function(text + 3, text, 20);
        CHECK(strcmp(text, "abcabcdefghijklmnopqrstxyz") == 0, "%s", text);
        function(text, text + 3, 20);
        CHECK(strcmp(text, "abcdefghijklmnopqrstrstxyz") == 0, "%s", text);
    }
    memset(NULL, 0, 0);
    char *huge = checked_malloc(HUGE_BLOCK);
    memset(huge, 5, HUGE_BLOCK);
    memcpy(outside, huge, HUGE_BLOCK);
    CHECK(outside[HUGE_BLOCK - 1] == 5, "%d", outside[HUGE_BLOCK - 1]);
}

int main(int count, char **arguments) {
    if (count == 2) {
        clean();
        return done();
    }
    for (unsigned i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++)
        if (strcmp(FUNCTIONS[i].name, arguments[1]) == 0) bug(FUNCTIONS[i].function, arguments[2]);
    puts("after the call");
    fflush(stdout);
    _exit(3);
}
