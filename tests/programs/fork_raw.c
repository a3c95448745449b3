/* _Fork in a program without threads: no handler runs, and the child allocates, starts threads and
 * forks again. Argument: rounds. */
#include "check.h"

static void *child_thread(void *seed) {
    churn(100, (uintptr_t)seed);
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: rounds");
    for (int i = 0; i < atoi(argv[1]); i++) {
        void *kept = checked_malloc(1000);
        stamp(kept, 1000, (uint64_t)i);
        pid_t child = _Fork();
        CHECK(child >= 0, "_Fork");
        if (child == 0) {
            verify(kept, 1000, (uint64_t)i);
            free(kept);
            churn(100, 3);
            pthread_t thread = start_thread(child_thread, (void *)4);
            pid_t grandchild = _Fork();
            if (grandchild == 0) {
                churn(50, 5);
                _exit(6);
            }
            expect_child(grandchild, 6);
            pthread_join(thread, NULL);
            exit(8);
        }
        expect_child(child, 8);
        verify(kept, 1000, (uint64_t)i);
        free(kept);
    }
    return done();
}
