/* Accesses that must fault, for every size up to 5,000 bytes and 1 MiB: the first argument says where,
 * the second how. Run with on_error=continue, each goes on when its page has been opened. */
#include "kind.h"

enum { SIZES = 5000, LARGE = 1 << 20 };

static volatile char sink;
static volatile size_t length;

/* The test looks for these comments. */
NOT_INLINED static void write_byte(volatile char *at) { *at = 'x'; /* write */ }
NOT_INLINED static void read_byte(volatile char *at) { sink = *at; /* read */ }
NOT_INLINED static void write_word(volatile char *at) {
    *(volatile uint64_t *)at = 7; /* write-word */
}
NOT_INLINED static void read_word(volatile char *at) {
    length = *(volatile uint64_t *)at; /* read-word */
}
NOT_INLINED static void call_memcpy(volatile char *at) {
    char bytes[8] = "1234567";
    memcpy((char *)at, bytes, sizeof bytes); /* memcpy */
}
NOT_INLINED static void call_memcpy_from(volatile char *at) {
    char bytes[8];
    memcpy(bytes, (char *)at, sizeof bytes); /* memcpy-from */
    sink = bytes[3];
}
NOT_INLINED static void call_memset(volatile char *at) {
    memset((char *)at, 0, 8); /* memset */
}
NOT_INLINED static void call_strlen(volatile char *at) {
    length = strlen((char *)at); /* strlen */
}
NOT_INLINED static void call_strcpy(volatile char *at) {
    strcpy((char *)at, "1234567"); /* strcpy */
}
NOT_INLINED static void write_loop(volatile char *at) {
    for (int i = 0; i < 8; i++) at[i] = 'x'; /* write-loop */
}
NOT_INLINED static void read_loop(volatile char *at) {
    for (int i = 0; i < 8; i++) sink = at[i]; /* read-loop */
}

static const struct {
    const char *name;
    void (*access)(volatile char *);
} ACCESSES[] = {
    {"write", write_byte},         {"read", read_byte},
    {"write-word", write_word},    {"read-word", read_word},
    {"write-loop", write_loop},    {"read-loop", read_loop},
    {"memcpy", call_memcpy},       {"memcpy-from", call_memcpy_from},
    {"memset", call_memset},       {"strlen", call_strlen},
    {"strcpy", call_strcpy},
};

NOT_INLINED static void one(const char *where, size_t size, void (*access)(volatile char *)) {
    char *block = make_block(size);
    memset(block, 'y', size);
    if (is(where, "freed")) {
        drop_block(block);
        access(block + size / 2);
        return;
    }
    if (is(where, "after")) access(block + size);
    if (is(where, "page")) access(block + size + 4096);
    /* The longer ones must not reach into the block and past it. */
    if (is(where, "before")) access(access == write_byte || access == read_byte ? block - 1 : block - 8);
    drop_block(block);
}

int main(int argc, char **argv) {
    CHECK(argc >= 3, "where and how");
    void (*access)(volatile char *) = NULL;
    for (size_t i = 0; i < sizeof ACCESSES / sizeof *ACCESSES; i++)
        if (is(argv[2], ACCESSES[i].name)) access = ACCESSES[i].access;
    CHECK(access != NULL, "%s", argv[2]);
    if (argc > 3) {
        one(argv[1], (size_t)atol(argv[3]), access);
        return done();
    }
    for (size_t size = 1; size <= SIZES; size++) one(argv[1], size, access);
    one(argv[1], LARGE, access);
    return done();
}
