/* Memory that is locked cannot be marked: protection guards it, and what it held is not seen again. */
#include "kind.h"
#include <sys/mman.h>
#include <sys/syscall.h>

static int ends[2];

/* Whether the kernel can read a byte there; not by libc's write, which would be told. */
static int is_readable(const char *at) {
    char byte;
    if (syscall(SYS_write, ends[1], at, 1) != 1) return 0;
    CHECK(read(ends[0], &byte, 1) == 1, "the byte comes back");
    return 1;
}

int main(void) {
    CHECK(pipe(ends) == 0, "pipe");
    char *before = make_block(4096);
    memset(before, 'b', 4096);
    /* Not allowed to everybody: then this is a test like many others. */
    int locked = mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
    for (int round = 0; round < 200; round++) {
        size_t size = (size_t)(round % 5 + 1) * 1024;
        char *block = make_block(size);
        memset(block, 'x', size);
        CHECK(is_readable(block + size - 1) && !is_readable(block + size), "the end of a block");
        char *zeroed = calloc(1, size);
        for (size_t i = 0; i < size; i++) CHECK(zeroed[i] == 0, "calloc, byte %zu in round %d", i, round);
        memset(zeroed, 'y', size);
        free(zeroed);
        drop_block(block);
        CHECK(!is_readable(block) && !is_readable(zeroed), "freed blocks");
    }
    CHECK(before[0] == 'b' && before[4095] == 'b', "what was there before");
    drop_block(before);
    CHECK(!is_readable(before), "a block from before it was locked%s", locked ? "" : ", had it been");
    return done();
}
