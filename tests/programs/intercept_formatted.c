/* Formatting into blocks: FUNCTION SITUATION, or `clean`. The variadic forms go through code of ours
 * that has to hand on every kind of argument. */
#include "check.h"

enum { BLOCK = 8 };

typedef int formatting(char *, size_t, const char *, ...);

static int by_sprintf(char *to, size_t bound, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const char *text = va_arg(list, const char *);
    va_end(list);
    (void)bound;
    return sprintf(to, format, text);
}

static int by_snprintf(char *to, size_t bound, const char *format, ...) {
    va_list list;
    va_start(list, format);
    const char *text = va_arg(list, const char *);
    va_end(list);
    return snprintf(to, bound, format, text);
}

static int by_vsprintf(char *to, size_t bound, const char *format, ...) {
    va_list list;
    va_start(list, format);
    (void)bound;
    int length = vsprintf(to, format, list);
    va_end(list);
    return length;
}

static int by_vsnprintf(char *to, size_t bound, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int length = vsnprintf(to, bound, format, list);
    va_end(list);
    return length;
}

static const struct { const char *name; formatting *function; int bounded; } FUNCTIONS[] = {
    {"sprintf", by_sprintf, 0}, {"snprintf", by_snprintf, 1},
    {"vsprintf", by_vsprintf, 0}, {"vsnprintf", by_vsnprintf, 1},
};

static void bug(formatting *function, const char *situation) {
    char *block = checked_malloc(BLOCK), *freed = checked_malloc(BLOCK);
    free(freed);
    if (strcmp(situation, "write") == 0) {
        int length = function(block, 1000, "%s", "12345678");
        CHECK(length == 8 && strcmp(block, "12345678") == 0, "%d: %s", length, block);
    }
    /* Cut off by the bound, and still too long. */
    if (strcmp(situation, "cut") == 0) {
        int length = function(block, 10, "%s", "123456789012345");
        CHECK(length == 15 && strcmp(block, "123456789") == 0, "%d: %s", length, block);
    }
    if (strcmp(situation, "into-freed") == 0) function(freed, 4, "%s", "1");
    if (strcmp(situation, "behind") == 0) function(block + BLOCK, 4, "%s", "");
}

static void clean(void) {
    char *block = checked_malloc(BLOCK);
    for (unsigned i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++) {
        formatting *function = FUNCTIONS[i].function;
        /* The bound is larger than the block, the text is not. */
        CHECK(function(block, 1 << 20, "%s", "1234567") == 7, "%s", FUNCTIONS[i].name);
        CHECK(strcmp(block, "1234567") == 0, "%s: %s", FUNCTIONS[i].name, block);
        CHECK(function(block, SIZE_MAX, "%s", "abc") == 3, "%s", FUNCTIONS[i].name);
        if (!FUNCTIONS[i].bounded) continue;
        CHECK(function(block, BLOCK, "%s", "1234567890") == 10, "%s", FUNCTIONS[i].name);
        CHECK(strcmp(block, "1234567") == 0, "%s: %s", FUNCTIONS[i].name, block);
        CHECK(function(NULL, 0, "%s", "1234567890") == 10, "%s", FUNCTIONS[i].name);
        CHECK(function(block + BLOCK, 0, "%s", "1234567890") == 10, "%s", FUNCTIONS[i].name);
    }
    const char *wanted = "1 -2 three 4.5 5 6.25 7 8 9.5 0xa 11 12.125 13.5 14 15.75 16.5 17.5 18.5 19.5 20.5 %";
    const char *format = "%d %ld %s %g %hhd %.2f %c %llu %Lg %#x %zu %.3f %g %d %g %g %g %g %g %g %%";
#define ARGUMENTS \
    1, -2L, "three", 4.5, 5, 6.25, '7', 8ULL, 9.5L, 10, (size_t)11, 12.125, 13.5, 14, 15.75, 16.5, 17.5, 18.5, \
        19.5, 20.5
    char local[200], *large = checked_malloc(200);
    size_t length = strlen(wanted);
    for (int round = 0; round < 2; round++) {
        char *to = round ? large : local;
        CHECK(sprintf(to, format, ARGUMENTS) == (int)length && strcmp(to, wanted) == 0, "%s", to);
        CHECK(snprintf(to, 200, format, ARGUMENTS) == (int)length && strcmp(to, wanted) == 0, "%s", to);
        CHECK(snprintf(to, 2000, format, ARGUMENTS) == (int)length && strcmp(to, wanted) == 0, "%s", to);
        CHECK(snprintf(to, 11, format, ARGUMENTS) == (int)length && strcmp(to, "1 -2 three") == 0, "%s", to);
    }
    int position = 0;
    CHECK(sprintf(large, "abc%ndef", &position) == 6 && position == 3, "%d", position);
    free(block);
    free(large);
    errno = 77;
    snprintf(local, sizeof local, "%s", "x");
    CHECK(errno == 77, "errno");
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
