/* fork() while 16 threads allocate and free mixed sizes all the time, so that whatever locks the
 * allocator has are nearly always held by somebody, and blocks are on their way from thread to
 * thread. The child frees blocks of the other threads too. Argument: number of forks. */
#include "busy.h"

enum { THREADS = 16, SHARED = 512 };

static _Atomic(void *) shared[SHARED];

/* Every block ends in the shared table, from which any thread takes and frees it. */
static void *allocate(void *seed) {
    uint64_t state = (uintptr_t)seed * 7919 + 1;
    while (goes_on()) {
        size_t size = mixed_size(&state);
        void *block = checked_malloc(size);
        if (size > 0) memset(block, (int)size, size < 256 ? size : 256);
        free(atomic_exchange(&shared[next_random(&state) % SHARED], block));
    }
    return NULL;
}

static void in_child(int number) {
    for (int i = 0; i < SHARED; i++) free(atomic_exchange(&shared[i], NULL));
    churn(100, (uint64_t)number);
    /* All sizes: every lock a size can need must be free in the child. */
    for (size_t size = 1; size < (8u << 20); size += size / 3 + 1) {
        void *block = checked_malloc(size);
        stamp(block, size, size);
        block = realloc(block, size * 2);
        CHECK(block != NULL, "realloc");
        free(block);
    }
    malloc_trim(0);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: forks");
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) threads[i] = start_thread(allocate, (void *)i);
    for (int i = 0; i < atoi(argv[1]); i++) {
        pid_t child = fork();
        CHECK(child >= 0, "fork");
        if (child == 0) {
            in_child(i);
            if (i % 2 == 0) _exit(3);
            exit(3);
        }
        expect_child_beside(THREADS, i, child, 3);
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    return done();
}
