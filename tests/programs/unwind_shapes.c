/* Frames of every shape a compiler makes, mixed at random, with a stack check in between. */
#define _GNU_SOURCE
#include <alloca.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void (*check_function)(void);

static check_function check;
static uint32_t state;
static jmp_buf back;
static volatile uintptr_t sink;

static uint32_t next(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static void step(int depth);

static __attribute__((noinline)) void plain(int depth) {
    step(depth - 1);
    if (next() % 2) check();
    sink++;
}

static __attribute__((noinline)) void two_calls(int depth) {
    if (next() % 2)
        step(depth - 1);
    else
        step(depth - 2);
    sink++;
}

static __attribute__((noinline)) void with_alloca(int depth) {
    char *room = alloca(16 + next() % 500);
    sink += (uintptr_t)room;
    step(depth - 1);
    check();
    sink += (uintptr_t)room;
}

static __attribute__((noinline)) void with_array(int depth) {
    char room[1 + next() % 300];
    sink += (uintptr_t)memset(room, 1, sizeof room);
    step(depth - 1);
    sink += room[0];
}

static __attribute__((noinline)) void realigned(int depth) {
    _Alignas(64) char room[256];
    sink += (uintptr_t)memset(room, 1, sizeof room);
    step(depth - 1);
    check();
    sink += room[0];
}

static __attribute__((noinline)) void realigned_with_alloca(int depth, int a, int b, int c, int d, int e, int f, int g) {
    _Alignas(128) char room[256];
    char *more = alloca(32 + next() % 200);
    sink += (uintptr_t)memset(room, a + b + c + d + e + f + g, sizeof room) + (uintptr_t)more;
    step(depth - 1);
    sink += room[0] + (uintptr_t)more;
}

static __attribute__((noinline)) void big(int depth) {
    char room[20000];
    sink += (uintptr_t)memset(room, 1, sizeof room);
    step(depth - 1);
    sink += room[7];
}

static __attribute__((noinline)) void many_registers(int depth, long a, long b, long c, long d, long e) {
    long f = a * b, g = b * c, h = c * d, i = d * e, j = e * a;
    step(depth - 1);
    check();
    sink += f + g + h + i + j + a + b + c + d + e;
}

static __attribute__((noinline)) long many_arguments(int depth, long a, long b, long c, long d, long e, long f, long g, long h) {
    step(depth - 1);
    return a + b + c + d + e + f + g + h;
}

static int compare(const void *left, const void *right) {
    if (next() % 8 == 0) check();
    return *(const int *)left - *(const int *)right;
}

static __attribute__((noinline)) void sorting(int depth) {
    int values[20];
    for (int i = 0; i < 20; i++) values[i] = next() % 100;
    qsort(values, 20, sizeof *values, compare);
    step(depth - 1);
    sink += values[3];
}

static __attribute__((noinline)) void jumping(int depth) {
    if (next() % 4 == 0) {
        check();
        longjmp(back, 1);
    }
    step(depth - 1);
    sink++;
}

static __attribute__((noinline, optimize("no-omit-frame-pointer"))) void with_frame_pointer(int depth) {
    step(depth - 1);
    check();
    sink++;
}

static __attribute__((noinline)) void tail(int depth) { step(depth - 1); }

static __attribute__((noinline)) void step(int depth) {
    if (depth <= 0) {
        check();
        return;
    }
    switch (next() % 14) {
    case 0: plain(depth); break;
    case 1: two_calls(depth); break;
    case 2: with_alloca(depth); break;
    case 3: with_array(depth); break;
    case 4: realigned(depth); break;
    case 5: realigned_with_alloca(depth, 1, 2, 3, 4, 5, 6, 7); break;
    case 6: big(depth); break;
    case 7: many_registers(depth, 1, 2, 3, 4, state); break;
    case 8: sink += many_arguments(depth, 1, 2, 3, 4, 5, 6, 7, state); break;
    case 9: sorting(depth); break;
    case 10: jumping(depth); break;
    case 11: with_frame_pointer(depth); break;
    case 12: tail(depth); break;
    default: check(); step(depth - 1); check();
    }
    if (next() % 4 == 0) check();
}

/* Frames that lie where others of the same function lay before, with equal stack pointers and return
 * addresses, but with other callers, whose old return addresses are still there below. */
static __attribute__((noinline)) void checking(void) {
    check();
    sink++;
}

/* GCC finds the caller of such a function by a pointer that it stores in the realigned frame. */
static __attribute__((noinline)) void checking_realigned(int a, int b, int c, int d, int e, int f, int g, int h) {
    _Alignas(128) volatile char room[128];
    char *more = alloca(32 + 0 * sink);
    room[0] = (char)(a + b + c + d + e + f);
    check();
    sink += room[0] + (uintptr_t)more + g + h;
}

static __attribute__((noinline)) void with_room(size_t bytes) {
    char *room = alloca(bytes);
    checking();
    check();
    checking_realigned(1, 2, 3, 4, 5, 6, 7, 8);
    sink += (uintptr_t)room;
}

static __attribute__((noinline)) void directly(size_t bytes) {
    with_room(bytes);
    sink++;
}

static __attribute__((noinline)) void with_more(size_t bytes) {
    char *room = alloca(96);
    with_room(bytes);
    sink += (uintptr_t)room;
}

static __attribute__((noinline)) void realigned_directly(size_t bytes) {
    char *room = alloca(bytes);
    checking_realigned(1, 2, 3, 4, 5, 6, 7, 8);
    sink += (uintptr_t)room;
}

static __attribute__((noinline)) void realigned_otherwise(size_t bytes) {
    char *room = alloca(bytes);
    checking_realigned(1, 2, 3, 4, 5, 6, 7, 8);
    sink += (uintptr_t)room + 1;
}

static void at_the_same_place(void) {
    for (size_t i = 0; i < 24; i++)
        for (size_t j = 0; j < 24; j++) {
            directly(16 + 16 * i);
            with_more(16 + 16 * j);
        }
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++) {
            realigned_directly(16 + 16 * i);
            realigned_otherwise(16 + 16 * j);
        }
}

void test(check_function given, uint32_t rounds) {
    check = given;
    state = 2463534242u;
    at_the_same_place();
    for (volatile uint32_t round = 0; round < rounds; round++) {
        if (setjmp(back) == 0) step(1 + next() % 40);
        check();
    }
}
