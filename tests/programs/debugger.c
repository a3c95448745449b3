/* Known blocks for a debugger: see tests/gdb.rs. The variables are what it asks for. */
#include "check.h"
#include <sys/mman.h>

#define LOST 7

char *live, *freed, *aligned, *large, *direct, *array[4];
char *smashed, *overflowed, *underflowed_large, *written_after_free;
char local_variable;

/* Where the debugger stops: all blocks are as they should be. */
__attribute__((noinline)) void all_is_well(void) { __asm__ volatile("" ::: "memory"); }

/* Where it stops when some are damaged. */
__attribute__((noinline)) void all_is_damaged(void) { __asm__ volatile("" ::: "memory"); }

/* Where it stops when some would be left out of a core file. */
__attribute__((noinline)) void some_are_left_out(void) { __asm__ volatile("" ::: "memory"); }

__attribute__((noinline)) static char *make(size_t bytes) { return malloc(bytes); }

__attribute__((noinline)) static void drop(char *block) { free(block); }

/* Blocks that nothing points to; each would be found in a register or on the stack if the function
 * did not clear what it used. */
__attribute__((noinline)) static void lose(void) {
    for (int number = 0; number < LOST; number++) {
        char *volatile block = malloc(48);
        memset(block, 'l', 48);
        block = NULL;
    }
}

/* Overwrites what earlier calls left on the stack and in registers. */
__attribute__((noinline)) static void wipe(void) {
    volatile char room[64 << 10];
    for (size_t at = 0; at < sizeof room; at++) room[at] = 0;
    __asm__ volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi;"
                     "xor %%edi, %%edi; xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d;"
                     "xor %%r11d, %%r11d; pxor %%xmm0, %%xmm0; pxor %%xmm1, %%xmm1" ::: "rax", "rcx",
                     "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1");
}

/* Where a test steps through the allocator, instruction by instruction. */
__attribute__((noinline)) static void work(void) {
    char *small = make(1000), *big = make(70000);
    small = realloc(small, 1010);
    small = realloc(small, 5000);
    drop(big);
    drop(small);
}

__attribute__((noinline)) void after_work(void) { __asm__ volatile("" ::: "memory"); }

static void damage(void) {
    ((volatile char *)smashed)[-3] ^= 0x55;
    ((volatile char *)overflowed)[24] = 'X';
    ((volatile char *)underflowed_large)[-1] ^= 0x55;
    ((volatile char *)written_after_free)[5] = 'X';
}

/* As a program does that wants small core files. */
static void leave_out(char *block, size_t pages) {
    char *page = (char *)((uintptr_t)block & ~(uintptr_t)4095);
    CHECK(madvise(page, pages * 4096, MADV_DONTDUMP) == 0, "%zu pages", pages);
}

int main(void) {
    live = make(24);
    memset(live, 'a', 24);
    freed = make(100);
    drop(freed);
    aligned = aligned_alloc(256, 512);
    large = make(200000);
    direct = make(40 << 20);
    for (int number = 0; number < 4; number++) array[number] = calloc(3, 7);
    smashed = make(40);
    overflowed = make(24);
    underflowed_large = make(100000);
    written_after_free = make(60);
    drop(written_after_free);
    lose();
    wipe();
    all_is_well();
    work();
    work();
    after_work();
    damage();
    all_is_damaged();
    leave_out(live, 1);
    leave_out(large, 49);
    some_are_left_out();
    _exit(0);
}
