/* dlopen and dlclose in a loop, in main and in threads. Blocks are freed after the library that made
 * them is gone, and memory does not grow. Arguments: library, rounds. */
#include "check.h"
#include <dlfcn.h>

static const char *path;

static void round_trip(uint64_t number, int in_thread) {
    void *library = dlopen(path, number % 2 ? RTLD_NOW : RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) FAIL("%s", dlerror());
    void *(*make_block)(size_t) = (void *(*)(size_t))dlsym(library, "make_block");
    void (*free_block)(void *) = (void (*)(void *))dlsym(library, "free_block");
    void (*remember)(size_t) = (void (*)(size_t))dlsym(library, "remember");
    CHECK(make_block != NULL && free_block != NULL && remember != NULL, "dlsym");
    if (in_thread) remember(100 * number);
    void *mine = checked_malloc(300), *blocks[50];
    for (size_t i = 0; i < 50; i++) blocks[i] = make_block(i * i * 10);
    free_block(mine);
    CHECK(dlclose(library) == 0, "dlclose");
    CHECK(dlopen("/no/such/library.so", RTLD_NOW) == NULL && dlerror() != NULL, "dlopen of nothing");
    for (size_t i = 0; i < 50; i++) {
        verify(blocks[i], i * i * 10, i * i * 10);
        free(blocks[i]);
    }
}

static void *body(void *seed) {
    for (uint64_t i = 0; i < 3; i++) round_trip((uintptr_t)seed + i, 1);
    return NULL;
}

static void rounds(int count) {
    for (int i = 0; i < count; i++) {
        round_trip((uint64_t)i, 0);
        CHECK(dlopen(path, RTLD_NOW | RTLD_NOLOAD) == NULL, "the library is still loaded");
        if (i % 10 == 0) {
            pthread_t threads[4];
            for (uintptr_t j = 0; j < 4; j++) threads[j] = start_thread(body, (void *)j);
            for (int j = 0; j < 4; j++) pthread_join(threads[j], NULL);
        }
    }
}

int main(int argc, char **argv) {
    CHECK(argc == 3, "usage: library rounds");
    path = argv[1];
    rounds(30);
    long resident = process_kilobytes("VmRSS"), mappings = process_mappings();
    rounds(atoi(argv[2]));
    long grown = process_kilobytes("VmRSS") - resident;
    CHECK(grown < 8192, "resident memory grew by %ld kB from %ld", grown, resident);
    grown = process_mappings() - mappings;
    CHECK(grown < 50, "%ld more mappings than the %ld before", grown, mappings);
    /* One stays open: its destructors run while the process ends. */
    CHECK(dlopen(path, RTLD_NOW) != NULL, "dlopen");
    return done();
}
