/* A single-threaded program whose timer signal interrupts malloc and free anywhere, and whose
 * handler forks. Argument "leave": the child leaves at once. "return": the child returns from the
 * handler into the interrupted call, in which it must not find the allocator reset under its feet,
 * and works to the end. */
#include "check.h"
#include <sys/time.h>

enum { FORKS = 500 };

static volatile sig_atomic_t forks, in_child, child_returns;
static volatile pid_t children[FORKS];

static void handler(int signal) {
    (void)signal;
    int code = errno;
    if (in_child || forks == FORKS) return;
    pid_t child = fork();
    if (child < 0) FAIL("fork");
    if (child == 0) {
        if (!child_returns) _exit(5);
        in_child = 1;
    } else {
        children[forks++] = child;
    }
    errno = code;
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: leave|return");
    child_returns = strcmp(argv[1], "return") == 0;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
    uint64_t rounds = 0;
    while (forks < FORKS && !in_child) churn(200, ++rounds);
    setitimer(ITIMER_REAL, &never, NULL);
    if (in_child) {
        for (uint64_t i = 0; i < 5; i++) churn(200, i);
        exit(5);
    }
    for (int i = 0; i < FORKS; i++) expect_child(children[i], 5);
    return done();
}
