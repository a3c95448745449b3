/* Stack checks in signal handlers: raised, at any instruction, on an alternate stack, nested. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef void (*check_function)(void);

static check_function check;
static volatile sig_atomic_t handled;
static volatile uintptr_t sink;
static sigjmp_buf back;

static void handle(int signal) {
    check();
    handled++;
    if (signal == SIGUSR1) raise(SIGUSR2);
    check();
}

static void jump(int signal) {
    (void)signal;
    check();
    siglongjmp(back, 1);
}

static void on(int signal, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(signal, &action, NULL);
}

static __attribute__((noinline)) int descend(int depth) {
    volatile char room[100];
    room[depth % 100] = 1;
    if (depth == 0) {
        raise(SIGUSR1);
        check();
        return room[0];
    }
    int result = descend(depth - 1) + room[depth % 100];
    if (depth % 3 == 0) check();
    return result;
}

static int compare(const void *left, const void *right) {
    return *(const int *)left - *(const int *)right;
}

/* Something to interrupt: leaf code, calls, libc, prologues and epilogues. */
static __attribute__((noinline)) void busy(void) {
    int values[200];
    for (int i = 0; i < 200; i++) values[i] = (i * 7919) % 200;
    qsort(values, 200, sizeof *values, compare);
    sink += values[5] + strtol("123456789", NULL, 10);
}

void test(check_function given, uint32_t rounds) {
    check = given;
    for (int alternate = 0; alternate < 2; alternate++) {
        int flags = alternate ? SA_ONSTACK : 0;
        stack_t stack = {.ss_sp = malloc(1 << 17), .ss_size = 1 << 17}, none = {.ss_flags = SS_DISABLE};
        if (alternate) sigaltstack(&stack, NULL);
        on(SIGUSR1, handle, flags);
        on(SIGUSR2, handle, flags);
        for (uint32_t round = 0; round < rounds; round++) {
            sink += descend(round % 10);
            on(SIGUSR2, jump, flags);
            if (sigsetjmp(back, 1) == 0) raise(SIGUSR2);
            check();
            on(SIGUSR2, handle, flags);
        }
        on(SIGALRM, handle, flags);
        struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
        event._sigev_un._tid = gettid();
        struct itimerspec often = {{0, 100000}, {0, 100000}};
        timer_t timer;
        timer_create(CLOCK_MONOTONIC, &event, &timer);
        handled = 0;
        timer_settime(timer, 0, &often, NULL);
        while (handled < (int)rounds) {
            busy();
            check();
        }
        timer_delete(timer);
        usleep(1000);
        if (alternate) sigaltstack(&none, NULL);
        free(stack.ss_sp);
    }
}
