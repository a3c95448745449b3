/* Threads with the smallest stack the system allows: the allocator's slow paths must fit too. */
#include "check.h"
#include <limits.h>

/* Beyond 2 MiB the way is the same and only the bytes are more, which a realloc may copy: the first
 * round and the middle one go on to 64 MiB. */
static size_t most;

static void *body(void *seed) {
    churn(300, (uintptr_t)seed);
    for (size_t size = 1; size < most; size *= 2) {
        void *block = checked_malloc(size);
        stamp(block, size, size);
        block = realloc(block, size + size / 2);
        CHECK(block != NULL, "realloc");
        verify(block, stamped_bytes(size), size);
        free(block);
        CHECK(posix_memalign(&block, 4096, size) == 0, "posix_memalign");
        free(block);
    }
    free(calloc(1000, 100));
    return NULL;
}

int main(void) {
    for (int round = 0; round < 20; round++) {
        most = round % 10 == 0 ? 64u << 20 : 4u << 20;
        pthread_t threads[8];
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        int code = pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
        CHECK(code == 0, "pthread_attr_setstacksize: %d", code);
        for (uintptr_t i = 0; i < 8; i++) {
            code = pthread_create(&threads[i], &attributes, body, (void *)(i + 1));
            CHECK(code == 0, "pthread_create: %d", code);
        }
        for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
        pthread_attr_destroy(&attributes);
    }
    return done();
}
