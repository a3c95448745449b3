/* No file descriptor to be had: all are closed but stdout and stderr, and none can be opened. The
 * allocator must not need one, in this thread or in new ones. */
#include "check.h"
#include <sys/resource.h>

static void *body(void *seed) {
    churn(1000, (uintptr_t)seed);
    malloc_trim(0);
    return NULL;
}

int main(void) {
    struct rlimit none = {0, 0};
    for (int file = 3; file < 1024; file++) close(file);
    close(0);
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
    CHECK(open("/dev/null", O_RDONLY) < 0 && errno == EMFILE, "the limit does not work");
    body((void *)1);
    for (uintptr_t i = 0; i < 20; i++) {
        pthread_t thread = start_thread(body, (void *)i);
        pthread_join(thread, NULL);
    }
    for (size_t size = 1; size < (64u << 20); size *= 2) free(checked_malloc(size));
    return done();
}
