/* Faults, one per name in the first argument: the late effects of heap bugs, and some that are none. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>

#define BIG ((size_t)48 << 20)
#define KEPT ((size_t)3 << 20)

typedef struct node {
    struct node *next;
    int value;
    void (*visit)(struct node *);
} node;

static volatile long sink;

__attribute__((noinline)) static node *make_node(void) { return malloc(sizeof(node)); }
__attribute__((noinline)) static void drop_node(node *one) { free(one); }
__attribute__((noinline)) static char *make_big(void) { return malloc(BIG); }
__attribute__((noinline)) static void drop_big(char *block) { free(block); }

/* Blocks must not be seen through: the compiler knows that they are freed. */
static void *volatile hidden;

__attribute__((noinline)) static void use_pointer(node *one) { sink = one->next->value; }
__attribute__((noinline)) static void write_pointer(node *one) { one->next->value = 7; }
__attribute__((noinline)) static void use_index(node *one) {
    static volatile char table[16];
    sink = table[(unsigned)one->value];
}
__attribute__((noinline)) static void use_function(node *one) { one->visit(one); }
__attribute__((noinline)) static void write_big(char *block) { block[100] = 'x'; }
__attribute__((noinline)) static void read_big(char *block) { sink = *(long *)(block + 4096); }

static int is_mapped(char *at) {
    unsigned char resident;
    return mincore((void *)((size_t)at & ~(size_t)4095), 1, &resident) == 0;
}

/* Another mapping may lie there by chance: then not at this block. */
__attribute__((noinline)) static void write_outside(long offset) {
    for (int i = 0; i < 16; i++) {
        char *block = make_big();
        if (!is_mapped(block + offset)) block[offset] = 'x';
    }
}

static void on_node(void (*use)(node *), int freed) {
    node *one = make_node();
    hidden = one;
    if (freed) drop_node(one);
    use(hidden);
}

__attribute__((noinline)) static char *make_kept(void) { return malloc(KEPT); }

/* A heap's block whose pages are kept while it waits: all in use, and a small part of the heap. */
static void on_kept(void (*use)(char *)) {
    CHECK(mallopt(M_MMAP_THRESHOLD, 16 << 20) == 1, "mallopt");
    for (int i = 0; i < 64; i++) memset(malloc(1 << 20), 1, 1 << 20);
    char *block = make_kept();
    memset(block, 'k', KEPT);
    hidden = block;
    drop_big(block);
    use(hidden);
}

static void on_big(void (*use)(char *)) {
    char *block = make_big();
    hidden = block;
    drop_big(block);
    use(hidden);
}

static void bus(void) {
    char name[] = "bus-XXXXXX";
    int file = mkstemp(name);
    CHECK(file >= 0, "mkstemp");
    unlink(name);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    sink = page[0];
}

static void deep(int depth) {
    volatile char frame[4096];
    frame[0] = (char)depth;
    if (depth != -1) deep(depth + 1);
    sink = frame[0];
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "one argument");
    const char *what = argv[1];
    if (!strcmp(what, "freed-pointer")) on_node(use_pointer, 1);
    if (!strcmp(what, "freed-pointer-write")) on_node(write_pointer, 1);
    if (!strcmp(what, "freed-index")) on_node(use_index, 1);
    if (!strcmp(what, "freed-function")) on_node(use_function, 1);
    if (!strcmp(what, "fresh-pointer")) on_node(use_pointer, 0);
    if (!strcmp(what, "big-write")) on_big(write_big);
    if (!strcmp(what, "big-read")) on_big(read_big);
    if (!strcmp(what, "kept-write")) on_kept(write_big);
    if (!strcmp(what, "kept-read")) on_kept(read_big);
    if (!strcmp(what, "past-big")) write_outside(BIG + 8192);
    if (!strcmp(what, "before-big")) write_outside(-8192);
    if (!strcmp(what, "null")) sink = *(volatile int *)hidden;
    if (!strcmp(what, "wild")) sink = *(volatile int *)0x123456789000;
    if (!strcmp(what, "sent")) kill(getpid(), SIGSEGV);
    if (!strcmp(what, "sent-bus")) raise(SIGBUS);
    if (!strcmp(what, "bus")) bus();
    if (!strcmp(what, "deep")) deep(0);
    return done();
}
