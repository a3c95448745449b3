/* invalid-free: what is given back is no block, but what the argument names. */
#include "kind.h"
#include <sys/mman.h>

static char initialised[100] = "initialised";
static char zeroed[100];

static void *stack_of_thread(void *unused) {
    char local[100];
    (void)unused;
    write_block(local, "x", 1);
    drop_block(local + 16);
    return NULL;
}

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "interior";
    char local[100];
    char *block = make_block(strstr(way, "large") ? 100000 : strstr(way, "direct") ? 5000000 : 100);
    char *never = make_block(100);
    write_block(local, "x", 1);
    if (argc > 2 && is(argv[2], "clean")) way = "none";
    if (strncmp(way, "interior", 8) == 0) drop_block(block + 32);
    if (strncmp(way, "misaligned", 10) == 0) drop_block(block + 7);
    if (is(way, "end")) drop_block(block + 100);
    if (is(way, "freed-interior")) {
        drop_block(block);
        drop_block(block + 32);
    }
    if (is(way, "stack")) drop_block(local + 16);
    if (is(way, "thread-stack")) pthread_join(start_thread(stack_of_thread, NULL), NULL);
    if (is(way, "global")) drop_block(initialised + 16);
    if (is(way, "zeroed")) drop_block(zeroed + 16);
    if (is(way, "code")) drop_block((char *)(uintptr_t)main);
    if (is(way, "wild")) drop_block((char *)0x123450);
    if (is(way, "odd")) drop_block((char *)0x123457);
    if (is(way, "non-canonical")) drop_block((char *)0x4141414141414140);
    if (is(way, "foreign")) {
        int flags = MAP_PRIVATE | MAP_ANONYMOUS;
        char *mapped = (char *)mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, flags, -1, 0);
        CHECK(mapped != MAP_FAILED, "mmap");
        drop_block(mapped + 4096);
    }
    if (is(way, "realloc")) hidden = (char *)realloc(block + 32, 1000);
    if (is(way, "usable")) CHECK(malloc_usable_size(block + 32) == 0, "usable");
    if (is(way, "none")) drop_block(block);
    drop_block(never);
    return done();
}
