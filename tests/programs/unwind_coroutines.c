/* Stack checks on coroutines, whose stacks are unmapped, mapped again elsewhere, or on the stack of
 * their creator, and which are resumed at any depth. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

typedef void (*check_function)(void);

enum { COUNT = 6, BYTES = 64 * 1024 };

static check_function check;
static uint32_t state = 88172645;
static ucontext_t creator, coroutines[COUNT];
static int running, finished[COUNT];
static volatile uintptr_t sink;

static uint32_t next(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static void pause_here(void) {
    int me = running;
    check();
    swapcontext(&coroutines[me], &creator);
    check();
}

static __attribute__((noinline)) void work(int depth) {
    volatile char room[64];
    room[depth] = 1;
    if (next() % 3 == 0) check();
    if (next() % 4 == 0) pause_here();
    if (depth > 0) work(depth - 1);
    if (next() % 3 == 0) pause_here();
    sink += room[depth];
}

static void body(void) {
    check();
    work(1 + next() % 12);
    finished[running] = 1;
}

static __attribute__((noinline)) void resume(int which) {
    running = which;
    check();
    swapcontext(&creator, &coroutines[which]);
    check();
}

static __attribute__((noinline)) void resume_deeper(int which, int depth) {
    if (depth == 0) {
        resume(which);
        return;
    }
    resume_deeper(which, depth - 1);
    sink++;
}

void test(check_function given, uint32_t rounds) {
    check = given;
    char local[BYTES];
    for (uint32_t round = 0; round < rounds; round++) {
        char *stacks[COUNT];
        for (int i = 0; i < COUNT; i++) {
            stacks[i] = i == 0 ? local
                : mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            getcontext(&coroutines[i]);
            coroutines[i].uc_stack.ss_sp = stacks[i];
            coroutines[i].uc_stack.ss_size = BYTES;
            coroutines[i].uc_link = &creator;
            finished[i] = 0;
            makecontext(&coroutines[i], body, 0);
        }
        for (int left = COUNT; left > 0;) {
            int which = next() % COUNT;
            if (finished[which]) continue;
            resume_deeper(which, next() % 5);
            left -= finished[which];
        }
        for (int i = 1; i < COUNT; i++) munmap(stacks[i], BYTES);
        check();
    }
}
