/* Threads that are started, allocate, and end, one after the other and eight at a time: what the
 * allocator keeps for a thread must be used again by the next one. Argument: threads. */
#include "check.h"

static void *body(void *seed) {
    churn(500, (uintptr_t)seed);
    /* Leave something in every thread's cache, and let another thread free something of ours. */
    return checked_malloc(40 + (uintptr_t)seed % 500);
}

static void in_turn(uintptr_t threads) {
    for (uintptr_t i = 0; i < threads; i += 10) {
        void *block;
        pthread_join(start_thread(body, (void *)i), &block);
        free(block);
        pthread_join(start_thread(body, (void *)(i + 1)), &block);
        free(block);
        pthread_t together[8];
        for (uintptr_t j = 0; j < 8; j++) together[j] = start_thread(body, (void *)(i + 2 + j));
        for (int j = 0; j < 8; j++) {
            pthread_join(together[j], &block);
            free(block);
        }
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: threads");
    in_turn(1000);
    malloc_trim(0);
    long resident = process_kilobytes("VmRSS"), address_space = process_kilobytes("VmSize");
    long mappings = process_mappings();
    in_turn((uintptr_t)atoi(argv[1]));
    malloc_trim(0);
    long grown = process_kilobytes("VmRSS") - resident;
    CHECK(grown < 8192, "resident memory grew by %ld kB from %ld", grown, resident);
    grown = process_kilobytes("VmSize") - address_space;
    CHECK(grown < 128 << 10, "address space grew by %ld kB from %ld", grown, address_space);
    grown = process_mappings() - mappings;
    CHECK(grown < 50, "%ld more mappings than the %ld before", grown, mappings);
    return done();
}
