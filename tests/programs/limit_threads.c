/* Many threads at once in a small address space: what each of them needs at the least is what
 * counts. Argument: threads. */
#include "check.h"

static pthread_barrier_t barrier;

static void *body(void *seed) {
    void *blocks[500];
    for (uintptr_t i = 0; i < 500; i++) {
        blocks[i] = checked_malloc(i);
        stamp(blocks[i], i, i + (uintptr_t)seed);
    }
    pthread_barrier_wait(&barrier);
    for (uintptr_t i = 0; i < 500; i++) {
        verify(blocks[i], i, i + (uintptr_t)seed);
        free(blocks[i]);
    }
    pthread_barrier_wait(&barrier);
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: threads");
    unsigned count = (unsigned)atoi(argv[1]);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    pthread_barrier_init(&barrier, NULL, count);
    pthread_t threads[256];
    CHECK(count <= 256, "at most 256 threads");
    for (uintptr_t i = 0; i < count; i++) {
        int code = pthread_create(&threads[i], &attributes, body, (void *)i);
        CHECK(code == 0, "pthread_create: %d", code);
    }
    for (unsigned i = 0; i < count; i++) pthread_join(threads[i], NULL);
    return done();
}
