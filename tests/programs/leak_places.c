/* Blocks to which exactly one pointer leads, kept in one kind of place (the first argument). While it
 * is there nothing is lost; once it is gone, exactly that block is. */
#include "check.h"
#include "../../src/preload/include/heapwarden.h"
#include <sys/mman.h>

#define SIZE 1000

static uintptr_t masked;
static void *volatile variable;
static __thread void *volatile local;
static void **mapped;

/* Leaves nothing of what was done before in registers and on the stack below the caller. */
__attribute__((noinline)) static void forget(void) {
    volatile char space[16384];
    for (size_t i = 0; i < sizeof space; i++) space[i] = 0;
    __asm__ volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi;"
                     "xor %%edi, %%edi; xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d;"
                     "xor %%r11d, %%r11d" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

/* A block whose address is only known turned over. */
__attribute__((noinline)) static void make(void) { masked = ~(uintptr_t)malloc(SIZE); }

__attribute__((noinline)) static void put(void *volatile *place) { *place = (void *)~masked; }

__attribute__((noinline)) static void expect(size_t lost, const char *when) {
    forget();
    size_t found = HEAPWARDEN_LEAK_CHECK();
    CHECK(found == lost, "%s: %zu bytes are lost and not %zu", when, found, lost);
}

static void kept_in(void *volatile *place) {
    expect(0, "before");
    make();
    put(place);
    expect(0, "kept");
    *place = NULL;
    expect(SIZE, "gone");
    put(place);
    expect(0, "back");
    free((void *)~masked);
}

int main(int argc, char **argv) {
    CHECK(argc == 2, "usage: variable|local|mapped");
    if (strcmp(argv[1], "variable") == 0) {
        kept_in(&variable);
    } else if (strcmp(argv[1], "local") == 0) {
        kept_in(&local);
    } else if (strcmp(argv[1], "mapped") == 0) {
        /* A mapping of the program's own is nobody's variable. */
        mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        make();
        put(mapped);
        expect(SIZE, "in a mapping");
    } else {
        FAIL("no such place: %s", argv[1]);
    }
    return done();
}
