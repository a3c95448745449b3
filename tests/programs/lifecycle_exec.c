/* A chain of programs: each executes the next in another way, down to a depth. All of them insist on
 * the same malloc (check.h). Argument: how deep. */
#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: depth");
    int depth = atoi(argv[1]);
    churn(200, (uint64_t)depth);
    if (depth == 0) return done();
    char next[32], command[4096];
    snprintf(next, sizeof next, "%d", depth - 1);
    snprintf(command, sizeof command, "'%s' %s", argv[0], next);
    switch (depth % 4) {
        case 0: execl(argv[0], argv[0], next, (char *)NULL); break;
        case 1: exit(system(command) == 0 ? 0 : 1);
        case 2: execl("/bin/sh", "sh", "-c", command, (char *)NULL); break;
        default: {
            pid_t child = fork();
            if (child == 0) execl(argv[0], argv[0], next, (char *)NULL);
            expect_child(child, 0);
            return 0;
        }
    }
    FAIL("exec");
}
