/* Requests that cannot fail, and loops in the place of libc's functions: those are watched by others. */
#include "sheet.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void fail(const char *why, const char *what) {
    fprintf(stderr, "sheet: %s: %s\n", why, what);
    exit(1);
}

void *take(size_t size) {
    void *block = malloc(size > 0 ? size : 1);
    if (block == NULL) fail("no memory", "malloc");
    return block;
}

void *take_cleared(size_t size) {
    unsigned char *block = take(size);
    for (size_t i = 0; i < size; i++) block[i] = 0;
    return block;
}

void give(void *block) { free(block); }

void copy_bytes(void *to, const void *from, size_t count) {
    unsigned char *target = to;
    const unsigned char *source = from;
    for (size_t i = 0; i < count; i++) {
        target[i] = source[i]; /* BUG 4 */
    }
}

size_t length_of(const char *text) {
    size_t length = 0;
    while (text[length] != '\0') length++;
    return length;
}

int compare(const char *left, const char *right) {
    size_t i = 0;
    while (left[i] != '\0' && left[i] == right[i]) i++;
    return (unsigned char)left[i] - (unsigned char)right[i];
}

char *duplicate(const char *text) { return duplicate_part(text, length_of(text)); }

char *duplicate_part(const char *text, size_t length) {
    char *copy = take(length + 1);
    for (size_t i = 0; i < length; i++) copy[i] = text[i];
    copy[length] = '\0';
    return copy;
}
