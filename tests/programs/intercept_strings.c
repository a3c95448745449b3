/* Copying and appending strings at the edges of a block: FUNCTION SITUATION, or `clean`. */
#include "check.h"

/* Seven characters fit in a block of eight with their terminator. */
enum { BLOCK = 8 };

static char outside[64] = "1234567";

static char *holding(const char *text) {
    size_t length = strlen(text);
    char *block = checked_malloc(BLOCK);
    for (size_t i = 0; i <= length && i < BLOCK; i++) block[i] = text[i];
    return block;
}

static char *freed(void) {
    char *block = holding("123");
    free(block);
    return block;
}

static void call(const char *function, char *to, const char *from, size_t bound) {
    if (strcmp(function, "strcpy") == 0) strcpy(to, from);
    if (strcmp(function, "stpcpy") == 0) stpcpy(to, from);
    if (strcmp(function, "strncpy") == 0) strncpy(to, from, bound);
    if (strcmp(function, "stpncpy") == 0) stpncpy(to, from, bound);
    if (strcmp(function, "strcat") == 0) strcat(to, from);
    if (strcmp(function, "strncat") == 0) strncat(to, from, bound);
}

static void bug(const char *function, const char *situation) {
    int appends = strstr(function, "cat") != NULL;
    char *empty = holding("");
#define ON(name, to, from, bound) \
    if (strcmp(situation, name) == 0) call(function, to, from, bound)
    /* One byte too many in any way. */
    if (appends) {
        ON("write", holding("1234"), "5678", 4);
    } else {
        ON("write", empty, "12345678", 9);
    }
    ON("read", outside, holding("12345678"), 20);
    ON("into-freed", freed(), "1", 2);
    ON("from-freed", outside, freed(), 2);
    ON("unterminated", holding("12345678"), "1", 1);
    ON("padding", empty, "1", 9);
}

static void clean(void) {
    char *block = checked_malloc(BLOCK);
    CHECK(strcpy(block, "1234567") == block && strcmp(block, "1234567") == 0, "%s", block);
    CHECK(stpcpy(block, "1234567") == block + 7, "%s", block);
    strncpy(block, "12345678", 8);
    CHECK(memcmp(block, "12345678", 8) == 0, "strncpy without a terminator");
    /* The source has no terminator, and the bound says so. */
    char *copy = checked_malloc(BLOCK);
    strncpy(copy, block, 8);
    CHECK(memcmp(copy, "12345678", 8) == 0, "strncpy to the end of the source");
    CHECK(stpncpy(block, "12345678", 8) == block + 8, "stpncpy without a terminator");
    CHECK(stpncpy(block, "12", 8) == block + 2 && block[7] == 0, "stpncpy and its padding");
    strncpy(block, "12345678", 8);
    strncpy(copy, "1", 8);
    CHECK(memcmp(copy, "1\0\0\0\0\0\0", 8) == 0, "the padding");
    CHECK(strcat(copy, "234567") == copy && strcmp(copy, "1234567") == 0, "%s", copy);
    strcpy(copy, "1");
    CHECK(strncat(copy, block, 6) == copy && strcmp(copy, "1123456") == 0, "%s", copy);
    strncat(copy, block, 0);
    strncpy(block + 8, "x", 0);
    strcat(copy, "");
    strcpy(outside, copy);
    strncat(outside, copy, 1000);
    CHECK(strcmp(outside, "11234561123456") == 0, "%s", outside);
    free(block);
    free(copy);
    char *big = checked_malloc(3 << 20);
    memset(big, 'a', (3 << 20) - 1);
    big[(3 << 20) - 1] = 0;
    char *twin = checked_malloc(3 << 20);
    strcpy(twin, big);
    CHECK(strlen(twin) == (3 << 20) - 1, "%zu", strlen(twin));
}

int main(int count, char **arguments) {
    if (count == 2) {
        clean();
        return done();
    }
    bug(arguments[1], arguments[2]);
    puts("after the call");
    fflush(stdout);
    _exit(3);
}
