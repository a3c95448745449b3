/* realloc between all kinds of sizes, growing and shrinking: every byte that both sizes have is
 * kept, neighbours are not touched, and the block can be used from end to end. */
#include "check.h"

static unsigned char pattern(size_t from, size_t to, size_t position) {
    return (unsigned char)(position * 31 + (position >> 8) * 7 + from + to * 3);
}

static void transition(size_t from, size_t to) {
    unsigned char *below = checked_malloc(from), *block = checked_malloc(from), *above = checked_malloc(from);
    stamp(below, from, 1);
    stamp(above, from, 2);
    for (size_t i = 0; i < from; i++) block[i] = pattern(from, to, i);
    unsigned char *moved = realloc(block, to);
    CHECK(moved != NULL, "realloc from %zu to %zu", from, to);
    CHECK((uintptr_t)moved % 16 == 0, "realloc from %zu to %zu: %p", from, to, (void *)moved);
    size_t kept = from < to ? from : to;
    for (size_t i = 0; i < kept; i++)
        CHECK(moved[i] == pattern(from, to, i), "byte %zu from %zu to %zu", i, from, to);
    memset(moved, 0xee, to);
    verify(below, from, 1);
    verify(above, from, 2);
    free(below);
    free(above);
    free(moved);
}

int main(void) {
    static const size_t sizes[] = {1, 8, 16, 17, 40, 100, 128, 255, 256, 600, 1024, 1025, 2000, 4095, 4096, 4097, 9000,
                                   16 << 10, 32 << 10, (32 << 10) + 1, 100000, 256 << 10, 1 << 20, (2 << 20) + 5,
                                   5 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) transition(sizes[i], sizes[j]);

    /* The common use: a buffer that grows by little steps, and one that doubles, with others about. */
    unsigned char *steps = NULL, *doubling = NULL;
    size_t room = 1;
    for (size_t length = 1; length < 300000; length += 37) {
        steps = realloc(steps, length);
        CHECK(steps != NULL, "realloc(%zu)", length);
        for (size_t i = length < 37 ? 0 : length - 37; i < length; i++) steps[i] = pattern(0, 0, i);
        if (length > room) doubling = realloc(doubling, room *= 2);
        if (doubling != NULL) memset(doubling, 1, room);
        free(checked_malloc(length % 3000));
    }
    for (size_t i = 0; i < 299000; i++) CHECK(steps[i] == pattern(0, 0, i), "byte %zu", i);
    free(steps);
    free(doubling);

    /* realloc(NULL, n) is malloc; realloc(p, 0) frees and returns NULL, as in glibc. */
    void *block = realloc(NULL, 100);
    CHECK(block != NULL, "realloc(NULL, 100)");
    CHECK(realloc(block, 0) == NULL, "realloc(block, 0)");
    block = realloc(NULL, 0);
    CHECK(block != NULL, "realloc(NULL, 0)");
    free(block);
    long resident = process_kilobytes("VmRSS");
    for (int i = 0; i < 1000; i++) {
        block = checked_malloc(100000);
        memset(block, 1, 100000);
        CHECK(realloc(block, 0) == NULL, "realloc(block, 0)");
    }
    long grown = process_kilobytes("VmRSS") - resident;
    CHECK(grown < 20 << 10, "realloc(block, 0) does not free: %ld kB", grown);
    return done();
}
