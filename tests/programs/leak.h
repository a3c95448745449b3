/* What the leak programs share.
 *
 * Stacks and registers keep copies of pointers that the program has long forgotten, and no scan can
 * tell them from live ones. So every shape is made in a function of its own, and what that left on the
 * stack and in the registers is wiped before the program goes on: the answers are exact. */
#ifndef LEAK_H
#define LEAK_H

#include "check.h"

#define NOT_INLINED __attribute__((noinline, noclone))

static inline int is(const char *argument, const char *name) { return strcmp(argument, name) == 0; }

NOT_INLINED static void wipe_stack(void) {
    volatile char below[32 << 10];
    for (size_t i = 0; i < sizeof below; i++) below[i] = 0;
}

NOT_INLINED static void wipe_registers(void) {
    __asm__ volatile(
        "xor %%eax, %%eax\n xor %%ecx, %%ecx\n xor %%edx, %%edx\n xor %%esi, %%esi\n xor %%edi, %%edi\n"
        "xor %%r8d, %%r8d\n xor %%r9d, %%r9d\n xor %%r10d, %%r10d\n xor %%r11d, %%r11d\n"
        "pxor %%xmm0, %%xmm0\n pxor %%xmm1, %%xmm1\n pxor %%xmm2, %%xmm2\n pxor %%xmm3, %%xmm3\n"
        ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "memory");
}

/* Runs `shape` and forgets how it was done. */
NOT_INLINED static void make(void (*volatile shape)(void)) {
    shape();
    wipe_stack();
    wipe_registers();
}

#endif
