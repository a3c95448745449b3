/* Timer signals during heavy malloc in several threads. The handlers do not allocate; they use
 * stack and errno, and interrupt whatever system call the allocator is in. */
#include "check.h"
#include <stdatomic.h>
#include <sys/time.h>

static atomic_int ticks;

static void handler(int signal) {
    (void)signal;
    char use_some_stack[4096];
    memset(use_some_stack, 1, sizeof use_some_stack);
    errno = use_some_stack[100];
    ticks++;
}

static void *body(void *seed) {
    for (uint64_t round = (uintptr_t)seed * 100; ticks < 1500; round++) churn(100, round);
    return NULL;
}

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {{0, 300}, {0, 300}};
    setitimer(ITIMER_REAL, &often, NULL);
    pthread_t threads[4];
    for (uintptr_t i = 0; i < 4; i++) threads[i] = start_thread(body, (void *)i);
    body((void *)9);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return done();
}
