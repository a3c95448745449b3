/* One byte is written right behind or right before a block, which is then freed: for every size from
 * 1 to 4096 and for samples up to 8 MiB, with a NUL, 0xFF and a byte by chance. Each case first says
 * on stderr which one it is and where its block lies. Each size has a child process of its own, and
 * each byte a call of its own to free: the same error is reported once per process and place
 * (`on_error=continue`).
 * Arguments: "after" or "before". */
#include "check.h"

/* "case SIZE ADDRESS BYTE": no stdio, whose buffers would be inherited. */
static void announce(size_t size, const volatile unsigned char *block, unsigned byte) {
    char text[96];
    snprintf(text, sizeof text, "case %zu %lx %02x\n", size, (unsigned long)block, byte);
    write_text(2, text);
}

static void *spoilt(size_t size, int after, unsigned char byte) {
    volatile unsigned char *block = malloc(size);
    CHECK(block != NULL, "malloc(%zu)", size);
    volatile unsigned char *wrong = after ? block + size : block - 1;
    /* The byte by chance is one that changes something. */
    while (byte == *wrong) byte = (unsigned char)(byte * 5 + 1);
    *wrong = byte;
    announce(size, block, byte);
    return (void *)block;
}

static void each(size_t size, int after, uint64_t *random) {
    unsigned char byte = (unsigned char)next_random(random);
    pid_t child = fork();
    CHECK(child >= 0, "fork");
    if (child == 0) {
        free(spoilt(size, after, 0));
        free(spoilt(size, after, 0xff));
        free(spoilt(size, after, byte));
        _exit(0);
    }
    expect_child(child, 0);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "after or before");
    int after = strcmp(argv[1], "after") == 0;
    uint64_t random = 88172645463325252ULL;
    for (size_t size = 1; size <= 4096; size++) each(size, after, &random);
    for (size_t size = 4096; size <= 8 << 20; size = size * 3 / 2)
        for (size_t more = 1; more <= 16; more += 5) each(size + more, after, &random);
    each((8 << 20) - 1, after, &random);
    each(8 << 20, after, &random);
    return done();
}
