/* Threads that work while their process forks, and rest while it waits for the child: what they did
 * meanwhile would show nothing, and slow the child down to a fraction of its speed. During one child
 * in eight they go on all the same, so that the two processes work side by side as well.
 *
 * Before the next fork every one of them has begun to work again; on a few processors most have then
 * been interrupted somewhere in the middle of it. Nothing here allocates or takes a lock: a child may
 * have threads of its own that do the same. */
#ifndef BUSY_H
#define BUSY_H

#include "check.h"
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static atomic_int stop, at_work;
/* Odd while the threads rest. */
static atomic_int turn;

/* A thread asks before every piece of work whether there is more to be done. */
static inline int goes_on(void) {
    static __thread int begun;
    int now = turn;
    for (; now % 2 != 0; now = turn) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
    if (now != begun) {
        begun = now;
        at_work++;
    }
    return !stop;
}

/* Waits for a child as expect_child does; `number` counts the forks. */
static inline void expect_child_beside(int threads, int number, pid_t child, int expected) {
    if (number % 8 == 0) {
        expect_child(child, expected);
        return;
    }
    at_work = 0;
    turn++;
    expect_child(child, expected);
    turn++;
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
    while (at_work < threads) sched_yield();
}

#endif
