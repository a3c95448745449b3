/* mallinfo2, malloc_trim, malloc_info, malloc_stats and mallopt answer for the heap that the program
 * uses. stdout is the XML of malloc_info and nothing else; second argument "stats": malloc_stats instead.
 * The first: how many times the bytes asked for may be in use. */
#include "check.h"

enum { BLOCKS = 2000, SIZE = 1000 };

static void *blocks[BLOCKS];

int main(int argc, char **argv) {
    CHECK(argc >= 2, "a number");
    size_t times = (size_t)atol(argv[1]);
    struct mallinfo2 before = mallinfo2();
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = checked_malloc(SIZE);
        memset(blocks[i], 1, SIZE);
    }
    struct mallinfo2 with = mallinfo2();
    size_t used = with.uordblks - before.uordblks;
    CHECK(used >= BLOCKS * SIZE && used < BLOCKS * SIZE * times, "%zu bytes in use for %d", used, BLOCKS * SIZE);
    CHECK(with.arena + with.hblkhd >= with.uordblks, "%zu bytes from the kernel, %zu used", with.arena + with.hblkhd,
          with.uordblks);
    /* The old interface says the same, as far as an int can. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    struct mallinfo old = mallinfo();
#pragma GCC diagnostic pop
    CHECK((size_t)old.uordblks == mallinfo2().uordblks, "mallinfo: %d", old.uordblks);

    void *huge = checked_malloc(100 << 20);
    memset(huge, 1, 100 << 20);
    struct mallinfo2 direct = mallinfo2();
    CHECK(direct.hblks > with.hblks && direct.hblkhd >= with.hblkhd + (100u << 20), "%zu mappings of %zu bytes",
          direct.hblks, direct.hblkhd);
    long resident = process_kilobytes("VmRSS");
    free(huge);
    /* Where freed blocks wait in quarantine the mapping is still counted, but its memory is gone. */
    CHECK(mallinfo2().hblkhd <= direct.hblkhd, "one more mapping after free");
    CHECK(process_kilobytes("VmRSS") < resident - (90 << 10), "the memory of a mapping was not given back");

    if (argc == 3 && strcmp(argv[2], "stats") == 0) {
        malloc_stats();
        return 0;
    }
    int code = malloc_info(0, stdout);
    CHECK(code == 0, "malloc_info: %d", code);
    CHECK(malloc_info(1, stdout) != 0, "malloc_info with options that do not exist");

    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    struct mallinfo2 after = mallinfo2();
    CHECK(after.uordblks < with.uordblks - BLOCKS * SIZE / 2, "%zu bytes in use after free", after.uordblks);
    malloc_trim(0);
    long trimmed = process_kilobytes("VmRSS");
    /* What waits in quarantine keeps its memory, the small blocks here. */
    CHECK(trimmed < resident - (98 << 10), "%ld kB resident of %ld after malloc_trim", trimmed, resident);
    CHECK(mallopt(M_PERTURB, 0) == 1, "mallopt");
    CHECK(mallopt(M_ARENA_MAX, 2) == 1, "mallopt M_ARENA_MAX");
    CHECK(mallopt(M_MMAP_THRESHOLD, 64 << 20) == 0, "mallopt of more than a heap can serve");
    /* From here on a block of 100 kB is a mapping of its own, and freeing it does not change that. */
    CHECK(mallopt(M_MMAP_THRESHOLD, 65536) == 1, "mallopt M_MMAP_THRESHOLD");
    for (int round = 0; round < 3; round++) {
        size_t before = mallinfo2().hblks;
        void *volatile direct = malloc(100000);
        CHECK(mallinfo2().hblks == before + 1, "round %d: not a mapping of its own", round);
        free(direct);
    }
    churn(1000, 1);
    return 0;
}
