/* Children that never run an atfork handler: vfork + exec and posix_spawn (both share our memory
 * until they exec), system and popen, all while other threads allocate. The child is this program:
 * it has to be on the same malloc. Argument: rounds (or "child"). */
#include "check.h"
#include <spawn.h>
#include <stdatomic.h>

extern char **environ;
static atomic_int stop;

static void *allocate(void *seed) {
    for (uint64_t round = (uintptr_t)seed; !stop; round++) churn(100, round);
    return NULL;
}

static void variants(char *self) {
    char *child_arguments[] = {self, (char *)"child", NULL};
    pid_t child = vfork();
    if (child == 0) {
        execv(self, child_arguments);
        _exit(1);
    }
    CHECK(child > 0, "vfork");
    expect_child(child, 9);

    child = vfork();
    if (child == 0) {
        /* Not allowed by the book, but seen in the wild: it must not corrupt the parent. */
        free(malloc(100));
        _exit(4);
    }
    expect_child(child, 4);

    int code = posix_spawn(&child, self, NULL, NULL, child_arguments, environ);
    CHECK(code == 0, "posix_spawn: %d", code);
    expect_child(child, 9);

    char command[4096], line[64];
    snprintf(command, sizeof command, "'%s' child", self);
    int status = system(command);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9, "system: %d", status);
    FILE *pipe = popen("echo from the child", "r");
    CHECK(pipe != NULL && fgets(line, sizeof line, pipe) != NULL, "popen");
    CHECK(strcmp(line, "from the child\n") == 0, "%s", line);
    CHECK(pclose(pipe) == 0, "pclose");
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: rounds|child");
    if (strcmp(argv[1], "child") == 0) {
        churn(200, 1);
        exit(9);
    }
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++) threads[i] = start_thread(allocate, (void *)i);
    for (int i = 0; i < atoi(argv[1]); i++) variants(argv[0]);
    stop = 1;
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    return done();
}
