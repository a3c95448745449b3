/* Very large blocks by turns, in a process whose heap is much larger still: each is written, freed, and
 * asked for again. While one waits, its pages are kept: that they are not faulted in each time is
 * checked, and that what was in them is gone when they are used again. */
#include "check.h"
#include <sys/resource.h>

enum { ROUNDS = 60, PAGE = 4096 };
static const size_t OTHERS = 64, OTHER = 1 << 20, SIZE = 3 << 20;

static long faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static void round_of(int number) {
    char *block = checked_malloc(SIZE);
    for (size_t at = 0; at < SIZE; at += 8) {
        CHECK(*(volatile char *)(block + at) != 's', "round %d, offset %zu", number, at);
    }
    memset(block, 's', SIZE);
    free(block);
}

int main(void) {
    // A heap serves them from the first on, not mappings of their own.
    CHECK(mallopt(M_MMAP_THRESHOLD, 16 << 20) == 1, "mallopt");
    for (size_t i = 0; i < OTHERS; i++) memset(checked_malloc(OTHER), 1, OTHER);
    for (int i = 0; i < 8; i++) round_of(i);
    long before = faults();
    for (int i = 0; i < ROUNDS; i++) round_of(i);
    long each = (faults() - before) / ROUNDS;
    CHECK(each < (long)(SIZE / PAGE / 4), "%ld page faults a round", each);
    return done();
}
