/* What the programs of the kinds of errors share: functions that are looked for in stacks.
 *
 * Each program makes the error that its argument names, and with "clean" the same without the
 * error. A report ends it; if none comes, its last line is "ok" and its status 0. */
#ifndef KIND_H
#define KIND_H

#include "check.h"

#define NOT_INLINED __attribute__((noinline, noclone))

/* Behind a volatile pointer the compiler cannot see what is wrong. */
static char *volatile hidden;

static inline int is(const char *argument, const char *name) { return strcmp(argument, name) == 0; }

NOT_INLINED static void write_block(char *at, const char *bytes, size_t count) {
    volatile char *to = at;
    for (size_t i = 0; i < count; i++) to[i] = bytes[i];
}

NOT_INLINED static char *make_block(size_t size) {
    hidden = (char *)malloc(size);
    CHECK(hidden != NULL, "malloc(%zu)", size);
    return hidden;
}

NOT_INLINED static void drop_block(char *block) {
    hidden = block;
    free(hidden);
    hidden = NULL;
}

/* Never called by some programs. */
__attribute__((unused)) static void *const used[] = {(void *)write_block, (void *)make_block, (void *)drop_block};

#endif
