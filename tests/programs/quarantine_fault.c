/* A freed block that had a mapping of its own is written to, or read: that faults at once. */
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2, "read or write");
    volatile char *block = malloc(5000000);
    CHECK(block != NULL, "malloc");
    block[4000000] = 1;
    free((void *)block);
    if (strcmp(argv[1], "clean") == 0) return done();
    if (strcmp(argv[1], "write") == 0) block[4000000] = 2;
    int read = block[4000000];
    return done() + read;
}
